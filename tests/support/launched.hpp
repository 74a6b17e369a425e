// cnn-train as several ranks, started by the mpirun of an MPI that is installed.

#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "support/command.hpp"

namespace cnn {

// The kinds of MPI for which there are both a launcher and a module: "openmpi", "mpich".
std::vector<std::string> launchers();

// Options of mpirun, and those of the command.
struct Launch {
  std::string mpi;
  int ranks;
  std::vector<std::string> arguments;
  // Of single ranks, added behind the arguments of all: {rank, options}.
  std::vector<std::pair<int, std::vector<std::string>>> of_ranks = {};
  // The last of the ranks, if not empty: another command, which knows nothing of MPI.
  std::vector<std::string> stranger = {};
};

// Starts it; its files, and stdout and stderr of all ranks, are in `directory`.
class LaunchedRun {
 public:
  LaunchedRun(const Launch& launch, const std::filesystem::path& directory);
  ~LaunchedRun();
  LaunchedRun(const LaunchedRun&) = delete;
  LaunchedRun& operator=(const LaunchedRun&) = delete;

  RunningCommand& launcher() { return command_; }
  // The processes of the ranks that are there, in no order.
  std::vector<pid_t> processes() const;
  CommandResult wait() { return command_.wait(); }

 private:
  std::filesystem::path mark_;  // in the environment of each rank
  RunningCommand command_;
};

CommandResult run_launched(const Launch& launch);

}  // namespace cnn
