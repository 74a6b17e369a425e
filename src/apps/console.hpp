// The terminal: log lines through spdlog, and a status line that no log line ever tears.

#pragma once

#include <memory>
#include <string>

#include <spdlog/spdlog.h>

#include "base/file.hpp"

namespace cnn::app {

enum class Verbosity { quiet, normal, verbose };

// Log lines go to stderr as plain text and, once open_file was called, to a file with times. The
// status line is drawn only if stderr is a terminal (and progress was not switched off). Used by
// one thread.
class Console {
 public:
  Console(Verbosity verbosity, bool progress);

  spdlog::logger& log() { return *logger_; }

  // Adds a log file; `append` keeps what it holds. Throws FileError if it cannot be opened; lines
  // that cannot be written later are lost with one warning, because a log is no reason to end a
  // run.
  void open_file(const FilePlace& place, bool append);

  bool has_status_line() const;
  // Columns that a line of progress may take.
  std::size_t line_width() const;
  // Replaces the status line; cut to the terminal's width. Empty text removes it.
  void status(const std::string& text);

 private:
  class FileSink;
  class StatusSink;
  std::shared_ptr<StatusSink> sink_;
  std::shared_ptr<spdlog::logger> logger_;
};

// "7.8 s", "1 min 19 s", "2 h 05 min"
std::string duration_text(double seconds);
// "288.0 k", "1.600 M"
std::string count_text(double count);

}  // namespace cnn::app
