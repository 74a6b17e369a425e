// Runs the real executables.

#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace cnn {

struct CommandResult {
  int code = -1;            // exit code; 128 + signal if a signal ended it
  bool signalled = false;   // a signal ended it, rather than that it exited
  std::string out;          // stdout
  std::string err;          // stderr
  long peak_kilobytes = 0;  // of memory; at least what this process held when it began
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
  // stderr goes to a file in `directory`, and stdout, too, unless `out` says otherwise. `variables`
  // ("NAME=VALUE") are added to its environment.
  RunningCommand(const std::string& name, const std::vector<std::string>& arguments,
                 const std::filesystem::path& directory, const std::filesystem::path& out = {},
                 const std::vector<std::string>& variables = {});
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  // Processor time of each of its threads in seconds, by the thread's number.
  std::map<std::string, double> thread_seconds() const;
  // Has a signal stopped it?
  bool is_stopped() const;
  // Nothing happens if the command has ended.
  void send(int signal);
  // To its first thread alone: such a signal waits apart from those to the process, so that a
  // process that was stopped may find the same one twice.
  void send_to_first_thread(int signal);
  // What /proc/PID/status says under that key, such as "State" or "SigIgn"; "" once it has ended.
  std::string status(const std::string& key) const;
  bool has_ended();
  // Waits until it has ended, `time` at most. Has it?
  bool ends_within(std::chrono::microseconds time);
  // Waits until `condition` holds, or the command has ended. Does it hold?
  template <typename Condition>
  bool wait_until(const Condition& condition) {
    while (!condition()) {
      if (ends_within(std::chrono::milliseconds(1))) return condition();
    }
    return true;
  }
  // To be called once.
  CommandResult wait();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  long peak_kilobytes_ = 0;
  bool ended_ = false;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

}  // namespace cnn
