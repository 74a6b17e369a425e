#include "apps/shared_runs.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/signals.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

// What a rank that has ended its run waits for the next one, at most; next to nothing beside a run.
constexpr std::chrono::milliseconds kRounds{100};

// What a rank says in a round, as text: two flags, and the result of the run that it has ended.
struct Notice {
  bool is_idle;
  bool halts;  // all are to stop
  std::optional<std::string> result;

  std::string text() const {
    std::string flags = {is_idle ? 'i' : '-', halts ? 'h' : '-'};
    return result ? flags + 'r' + *result : flags;
  }
  static Notice of(const std::string& text) {
    Notice notice{text[0] == 'i', text[1] == 'h', std::nullopt};
    if (text.size() > 2) notice.result = text.substr(3);
    return notice;
  }
};

// Who trains what. Every rank has a board, and a thread that tells the others, round by round, how
// its rank is getting on. As all hear the same, all boards say the same, and nobody hands runs out.
class Board {
 public:
  Board(Collective& ranks, StopSwitch& stop, const SharedRuns& runs)
      : ranks_(ranks),
        stop_(stop),
        runs_(runs),
        running_(static_cast<std::size_t>(ranks.size())),
        thread_([this] { serve(); }) {}

  // Waits for this rank's next run; nothing if there is none, and every rank has ended its last.
  std::optional<std::size_t> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_over_ || given_; });
    return std::exchange(given_, std::nullopt);
  }

  // The run that next() has returned has ended. Without a result all are to stop: this rank cannot
  // go on, or was told to stop itself.
  void end(std::optional<std::string> result, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    is_idle_ = true;
    halts_ = halts_ || !result;
    result_ = std::move(result);
    if (!error_) error_ = std::move(error);
  }

  // Once next() has returned nothing. Throws on all ranks what one of them has given to end().
  // Have all been stopped?
  bool close() {
    thread_.join();
    if (lost_) std::rethrow_exception(lost_);
    ranks_.together([this] {
      if (error_) std::rethrow_exception(error_);
    });
    return is_halted_;
  }

 private:
  void serve() {
    try {
      while (!play(ranks_.texts(notice().text()))) std::this_thread::sleep_for(kRounds);
    } catch (...) {
      lost_ = std::current_exception();
      stop_.stop.store(true);
    }
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }

  Notice notice() {
    const std::lock_guard lock(mutex_);
    return {is_idle_, halts_ || stop_.stop.load(), std::exchange(result_, std::nullopt)};
  }

  // Is this the last round?
  bool play(const std::vector<std::string>& texts) {
    std::vector<Notice> notices;
    for (const std::string& text : texts) notices.push_back(Notice::of(text));
    for (std::size_t r = 0; r < notices.size(); ++r) {
      is_halted_ = is_halted_ || notices[r].halts;
      if (!notices[r].result) continue;
      const std::size_t i = *running_[r];
      tell([&] { runs_.on_end(i, static_cast<int>(r), *notices[r].result); });
    }
    if (is_halted_) stop_.stop.store(true);
    bool is_last = true;
    for (std::size_t r = 0; r < notices.size(); ++r) {
      if (!notices[r].is_idle) is_last = false;
      if (!notices[r].is_idle || is_halted_ || begun_ == runs_.count) continue;
      is_last = false;
      give(r);
    }
    return is_last;
  }

  void give(std::size_t rank) {
    const std::size_t i = begun_++;
    running_[rank] = i;
    tell([&] { runs_.on_begin(i, static_cast<int>(rank)); });
    if (static_cast<int>(rank) != ranks_.rank()) return;
    const std::lock_guard lock(mutex_);
    given_ = i;
    is_idle_ = false;
    changed_.notify_all();
  }

  // Rank 0 is told, and the ranks hear in the next round if that fails.
  template <typename Event>
  void tell(const Event& event) {
    if (!ranks_.is_first()) return;
    try {
      event();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      halts_ = true;
      if (!error_) error_ = std::current_exception();
    }
  }

  Collective& ranks_;
  StopSwitch& stop_;
  const SharedRuns& runs_;
  // The thread's own, until it ends.
  std::vector<std::optional<std::size_t>> running_;  // per rank
  std::size_t begun_ = 0;
  bool is_halted_ = false;
  std::exception_ptr lost_;  // the other ranks cannot be reached

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool is_idle_ = true;
  bool halts_ = false;
  bool is_over_ = false;
  std::optional<std::size_t> given_;
  std::optional<std::string> result_;
  std::exception_ptr error_;

  std::thread thread_;  // begins last
};

// Returns whether all have ended.
bool run_alone(const StopSwitch& stop, const SharedRuns& runs) {
  for (std::size_t i = 0; i < runs.count; ++i) {
    runs.on_begin(i, 0);
    const std::optional<std::string> result = runs.train(i);
    if (!result) return false;
    runs.on_end(i, 0, *result);
    if (stop.stop.load()) return false;
  }
  return true;
}

bool run_on_all(Collective& ranks, StopSwitch& stop, const SharedRuns& runs) {
  Board board(ranks, stop, runs);
  while (const std::optional<std::size_t> i = board.next()) {
    std::optional<std::string> result;
    std::exception_ptr error;
    try {
      result = runs.train(*i);
    } catch (...) {
      error = std::current_exception();
    }
    board.end(std::move(result), std::move(error));
  }
  return !board.close();
}

}  // namespace

int share_runs(Collective& ranks, StopSwitch& stop, const SharedRuns& runs) {
  const bool all = ranks.is_alone() ? run_alone(stop, runs) : run_on_all(ranks, stop, runs);
  const std::uint32_t signal = ranks.any(static_cast<std::uint32_t>(stop_signal()));
  if (all) return kDone;
  if (ranks.is_first()) {
    write_lines(stderr, "the sweep ends here; it goes on with the same command and --resume\n");
  }
  return 128 + static_cast<int>(signal);
}

void require_same_directory(Collective& ranks, const fs::path& directory) {
  if (ranks.is_alone()) return;
  const std::string name = ranks.texts(".ranks-" + std::to_string(::getpid())).front();
  const fs::path file = directory / name;
  ranks.together([&] {
    if (!ranks.is_first()) return;
    std::error_code code;
    fs::create_directories(directory, code);
    write_file(file, std::string_view());
  });
  const auto remove = [&] {
    if (!ranks.is_first()) return;
    std::error_code code;
    fs::remove(file, code);
    fs::remove(directory, code);  // if it holds nothing
  };
  try {
    ranks.together([&] {
      if (is_there(file)) return;
      throw ConfigError("error: " + display_path(directory) +
                        " is not the directory that rank 0 has under this name: ranks that share "
                        "out runs want an --out DIR of a file system that they share");
    });
  } catch (...) {
    remove();
    throw;
  }
  remove();
}

void require_free(const TrainOptions& options, const fs::path& directory,
                  const std::vector<std::string>& names) {
  if (options.resuming) return;
  std::error_code code;
  if (fs::exists(directory, code) && !fs::is_directory(directory, code)) {
    throw ConfigError("error: " + display_path(directory) +
                      " is no directory, runs cannot be kept there; choose another name with "
                      "--out DIR");
  }
  if (RunDirectory(directory).occupied()) {
    throw ConfigError("error: " + display_path(directory) +
                      " holds a run itself; choose another directory for these with --out DIR");
  }
  for (const std::string& name : names) {
    const RunDirectory run(directory / name);
    if (options.overwrite || !run.occupied()) continue;
    throw ConfigError("error: " + display_path(run.path()) +
                      " already holds a run; continue the sweep with --resume, replace its runs "
                      "with --overwrite, or choose another directory with --out DIR");
  }
}

void say_model(const RunDirectory& directory) {
  write_lines(stdout, display_path(directory.model()) + "\n");
}

void say_report(const std::filesystem::path& directory, bool quiet) {
  if (!quiet)
    write_lines(stderr, "next:   cnn-report " + shell_word(display_path(directory)) + "\n");
}

}  // namespace cnn::app
