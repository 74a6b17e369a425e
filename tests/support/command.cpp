#include "support/command.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_dir.hpp"

namespace cnn {
namespace {

constexpr std::chrono::minutes kLongest{2};

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void redirect(const char* path, int flags, int to) {
  const int file = open(path, flags, 0600);
  if (file < 0 || dup2(file, to) < 0) _exit(127);
}

}  // namespace

std::filesystem::path command_path(const std::string& name) {
  return std::filesystem::path(CNN_COMMANDS_DIR) / name;
}

CommandResult run_command(const std::string& name, const std::vector<std::string>& arguments,
                          const std::filesystem::path& out) {
  const TempDir directory;
  return RunningCommand(name, arguments, directory.path(), out).wait();
}

RunningCommand::RunningCommand(const std::string& name, const std::vector<std::string>& arguments,
                               const std::filesystem::path& directory,
                               const std::filesystem::path& out)
    : out_(out.empty() ? directory / "stdout" : out), err_(directory / "stderr") {
  const std::string program = command_path(name).string();
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
}

RunningCommand::~RunningCommand() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void RunningCommand::send(int signal) const {
  kill(pid_, signal);
}

CommandResult RunningCommand::wait() {
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  pid_ = -1;
  CommandResult result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (std::filesystem::is_regular_file(out_)) result.out = read_all(out_);
  result.err = read_all(err_);
  return result;
}

}  // namespace cnn
