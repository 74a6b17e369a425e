#include "apps/console.hpp"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <utility>

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cnn/error.hpp"

#include "apps/terminal.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

constexpr std::size_t kLineWidth = 80;

// One column less than it has: some wrap after a full line.
std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return kLineWidth - 1;
  return size.ws_col - 1U;
}

// The message, as by shown_lines().
class ShownMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text = shown_lines({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<ShownMessage>();
  }
};

// `pattern` is spdlog's, with %* for the message.
std::unique_ptr<spdlog::formatter> line_format(std::string pattern) {
  auto format = std::make_unique<spdlog::pattern_formatter>();
  format->add_flag<ShownMessage>('*').set_pattern(std::move(pattern));
  return format;
}

}  // namespace

// Writes log lines above the status line: erases it, writes, draws it again, all under one lock.
class Console::StatusSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StatusSink(bool drawn) : drawn_(drawn) {}

  bool drawn() const { return drawn_; }

  void set_status(const std::string& text) {
    if (!drawn_) return;
    const std::lock_guard lock(mutex_);
    status_ = text.substr(0, terminal_width());
    put("\r" + status_ + "\033[K");
    if (status_.empty()) put("\r");
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (!status_.empty()) put("\r\033[K");
    put({line.data(), line.size()});
    if (!status_.empty()) put(status_);
  }
  void flush_() override { std::fflush(stderr); }

 private:
  static void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }
  bool drawn_;
  std::string status_;
};

// Not spdlog's own: that opens a path, and the run directory may have been moved.
class Console::FileSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(const FilePlace& place) : file_(place) {}

  void empty() { file_.keep(0); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    file_.append({line.data(), line.size()});
  }
  void flush_() override {}

 private:
  AppendedFile file_;
};

Console::Console(Verbosity verbosity, bool progress)
    : sink_(std::make_shared<StatusSink>(progress && verbosity != Verbosity::quiet &&
                                         understands_escapes(STDERR_FILENO))),
      logger_(std::make_shared<spdlog::logger>("cnn", sink_)) {
  sink_->set_formatter(line_format("%*"));
  sink_->set_level(verbosity == Verbosity::quiet     ? spdlog::level::warn
                   : verbosity == Verbosity::verbose ? spdlog::level::debug
                                                     : spdlog::level::info);
  logger_->set_level(spdlog::level::debug);
}

void Console::open_file(const FilePlace& place, bool append) {
  auto file = std::make_shared<FileSink>(place);
  if (!append) file->empty();
  file->set_formatter(line_format("%Y-%m-%d %H:%M:%S %l %*"));
  logger_->sinks().push_back(std::move(file));
  logger_->set_error_handler([sink = sink_, path = place.path,
                              told = false](const std::string& reason) mutable {
    if (std::exchange(told, true)) return;
    // Not through the logger: it would reach the failing file again.
    sink->log({"cnn", spdlog::level::warn,
               path_text(path) + ": warning: the log is incomplete, the run goes on: " + reason});
  });
}

bool Console::has_status_line() const {
  return sink_->drawn();
}

std::size_t Console::line_width() const {
  return has_status_line() ? terminal_width() : kLineWidth;
}

void Console::status(const std::string& text) {
  sink_->set_status(text);
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string count_text(double count) {
  if (count >= 1e9) return fmt::format("{:.3f} G", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.3f} M", count / 1e6);
  if (count >= 1e3) return fmt::format("{:.1f} k", count / 1e3);
  return fmt::format("{:.0f}", count);
}

}  // namespace cnn::app
