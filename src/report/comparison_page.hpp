// One page about several runs: what differs between them, and what that changes.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/scored_run.hpp"

namespace cnn::report {

struct ComparisonOptions {
  std::vector<std::filesystem::path> runs;
  std::filesystem::path out;
  ScoreOptions score = {};
};

// The run directories in `path`: itself, or those below it that --seeds and --sweep made (seed-N,
// run-N), by their numbers. Throws FileError if there is none.
std::vector<std::filesystem::path> run_directories(const std::filesystem::path& path);

// Reads and scores all runs and writes the page. Returns what is missing, in sentences. Throws as
// write_run_report does.
std::vector<std::string> write_comparison(const ComparisonOptions& options);

}  // namespace cnn::report
