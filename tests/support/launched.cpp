#include "support/launched.hpp"

#include <fstream>
#include <iterator>

#include <signal.h>
#include <unistd.h>

#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

std::string launcher_of(const std::string& mpi) {
  return "/usr/bin/mpirun." + mpi;
}

std::vector<std::string> arguments_of(const Launch& launch) {
  const std::string command = command_path("cnn-train").string();
  std::vector<std::string> result;
  const auto add = [&](int ranks, const std::vector<std::string>& more) {
    result.insert(result.end(), {"-n", std::to_string(ranks), command});
    result.insert(result.end(), launch.arguments.begin(), launch.arguments.end());
    result.insert(result.end(), more.begin(), more.end());
  };
  if (!launch.stranger.empty()) {
    add(launch.ranks - 1, {});
    result.insert(result.end(), {":", "-n", "1"});
    result.insert(result.end(), launch.stranger.begin(), launch.stranger.end());
    return result;
  }
  if (launch.of_ranks.empty()) add(launch.ranks, {});
  for (int rank = 0; !launch.of_ranks.empty() && rank < launch.ranks; ++rank) {
    std::vector<std::string> more;
    for (const auto& of_rank : launch.of_ranks) {
      if (of_rank.first == rank) more = of_rank.second;
    }
    if (rank > 0) result.push_back(":");
    add(1, more);
  }
  return result;
}

// What Open MPI wants of root, of more ranks than processors, and where a container forbids one
// process to read another's memory.
std::vector<std::string> variables_of(const fs::path& mark) {
  return {
      "CNN_TEST_MARK=" + mark.string(),          "OMPI_ALLOW_RUN_AS_ROOT=1",
      "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",        "OMPI_MCA_rmaps_base_oversubscribe=1",
      "OMPI_MCA_hwloc_base_binding_policy=none", "OMPI_MCA_btl_vader_single_copy_mechanism=none"};
}

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::vector<std::string> launchers() {
  std::vector<std::string> result;
  for (const std::string mpi : {"openmpi", "mpich"}) {
    const fs::path module = command_path("") / CNN_TEST_MODULES / ("cnn-mpi-" + mpi + ".so");
    if (fs::exists(module) && fs::exists(launcher_of(mpi))) result.push_back(mpi);
  }
  return result;
}

LaunchedRun::LaunchedRun(const Launch& launch, const fs::path& directory)
    : mark_(directory),
      command_(launcher_of(launch.mpi), arguments_of(launch), directory, {},
               variables_of(directory)) {}

LaunchedRun::~LaunchedRun() {
  for (const pid_t process : processes()) ::kill(process, SIGKILL);
}

std::vector<pid_t> LaunchedRun::processes() const {
  std::vector<pid_t> result;
  std::error_code code;
  for (fs::directory_iterator it("/proc", code), end; !code && it != end; it.increment(code)) {
    if (read_all(it->path() / "comm") != "cnn-train\n") continue;
    const std::string variable = "CNN_TEST_MARK=" + mark_.string() + '\0';
    if (read_all(it->path() / "environ").find(variable) == std::string::npos) continue;
    result.push_back(std::stoi(it->path().filename()));
  }
  return result;
}

CommandResult run_launched(const Launch& launch) {
  const TempDir directory;
  return LaunchedRun(launch, directory.path()).wait();
}

}  // namespace cnn
