#include "support/command.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_dir.hpp"

namespace cnn {
namespace {

constexpr std::chrono::minutes kLongest{2};
constexpr std::chrono::microseconds kPoll{500};

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
                               const std::filesystem::path& out,
                               const std::vector<std::string>& variables)
    : out_(out.empty() ? directory / "stdout" : out), err_(directory / "stderr") {
  const std::string program = command_path(name).string();
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    // Whatever started the tests may ignore them, as a shell does for jobs in the background.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    for (const std::string& variable : variables) {
      putenv(const_cast<char*>(variable.c_str()));
    }
    execv(program.c_str(), argv.data());
    _exit(127);
  }
}

RunningCommand::~RunningCommand() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void RunningCommand::send(int signal) {
  if (!has_ended()) kill(pid_, signal);
}

void RunningCommand::send_to_first_thread(int signal) {
  if (!has_ended()) syscall(SYS_tgkill, pid_, pid_, signal);
}

std::string RunningCommand::status(const std::string& key) const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  }
  return "";
}

std::map<std::string, double> RunningCommand::thread_seconds() const {
  std::map<std::string, double> all;
  std::error_code code;
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid_) + "/task";
  for (std::filesystem::directory_iterator it(tasks, code), end; !code && it != end;
       it.increment(code)) {
    double nanoseconds = 0;
    if (std::ifstream(it->path() / "schedstat") >> nanoseconds) {
      all[it->path().filename().string()] = 1e-9 * nanoseconds;
    }
  }
  return all;
}

bool RunningCommand::is_stopped() const {
  siginfo_t info{};
  const int options = WSTOPPED | WNOHANG | WNOWAIT;
  return waitid(P_PID, static_cast<id_t>(pid_), &info, options) == 0 && info.si_pid == pid_;
}

bool RunningCommand::has_ended() {
  if (ended_) return true;
  rusage usage{};
  ended_ = wait4(pid_, &status_, WNOHANG, &usage) == pid_;
  peak_kilobytes_ = usage.ru_maxrss;
  return ended_;
}

bool RunningCommand::ends_within(std::chrono::microseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!has_ended()) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    std::this_thread::sleep_for(std::min(left, kPoll));
  }
  return true;
}

CommandResult RunningCommand::wait() {
  if (!ends_within(kLongest)) {
    send(SIGKILL);
    ends_within(kLongest);
  }
  CommandResult result;
  result.signalled = !WIFEXITED(status_);
  result.code = result.signalled ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  result.peak_kilobytes = peak_kilobytes_;
  if (std::filesystem::is_regular_file(out_)) result.out = read_all(out_);
  if (std::filesystem::is_regular_file(err_)) result.err = read_all(err_);
  return result;
}

}  // namespace cnn
