// Runs the real executables.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace cnn {

struct CommandResult {
  int code = -1;    // exit code; 128 + signal if a signal ended it
  std::string out;  // stdout
  std::string err;  // stderr
};

// The command of that name ("cnn-train") beside the test binaries.
std::filesystem::path command_path(const std::string& name);

// Runs it to its end. What takes longer than two minutes is killed, and its code is 128 + SIGKILL.
// `out` is where its stdout goes instead of the result.
CommandResult run_command(const std::string& name, const std::vector<std::string>& arguments,
                          const std::filesystem::path& out = {});

// A command that goes on while the test does; ended with SIGKILL if the test leaves it alone.
class RunningCommand {
 public:
  RunningCommand(const std::string& name, const std::vector<std::string>& arguments,
                 const std::filesystem::path& directory, const std::filesystem::path& out = {});
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  void send(int signal) const;
  CommandResult wait();

 private:
  pid_t pid_ = -1;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

}  // namespace cnn
