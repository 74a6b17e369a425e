// A run directory, made into its page.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/scored_run.hpp"

namespace cnn::report {

struct RunReportOptions {
  std::filesystem::path run;
  std::filesystem::path out = {};    // empty: page_of(run)
  std::filesystem::path model = {};  // empty: that of the run
  ScoreOptions score = {};
  std::vector<std::filesystem::path> images = {};  // to follow through the network
  bool scores = true;  // false: only what the run has left, which takes no time
};

// Where the page of a run is written unless told otherwise.
std::filesystem::path page_of(const std::filesystem::path& run);

// Reads the run, scores its model and writes the page. Returns what is missing, in sentences; the
// page has the rest. Throws FileError and ConfigError if the directory holds no run or a broken
// one, FileError if a picture cannot be read or the page
// cannot be written.
std::vector<std::string> write_run_report(const RunReportOptions& options);

}  // namespace cnn::report
