// cnn-report: one HTML file about a run.

#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/output_kind.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "report/comparison_page.hpp"
#include "report/run_report.hpp"

namespace cnn::app {
namespace {

// Several runs, or a sweep's directory.
int compare(const ReportOptions& o, const std::vector<std::filesystem::path>& runs) {
  if (!o.model.empty()) throw ConfigError("error: --model is for one run");
  if (!o.images.empty()) throw ConfigError("error: --image is for one run");
  report::ComparisonOptions options;
  options.runs = runs;
  // Of a sweep the page stands beside its runs.
  if (o.out.empty() && o.runs.size() > 1) {
    throw ConfigError("error: several runs need --out FILE.html");
  }
  options.out = o.out.empty() ? report::page_of(o.runs.front()) : std::filesystem::path(o.out);
  options.score = {o.data, o.split, o.threads};
  require_output_kind("--out", options.out, OutputKind::html);
  for (const std::string& notice : report::write_comparison(options)) {
    write_lines(stderr, "note: " + notice + "\n");
  }
  write_lines(stdout, display_path(options.out) + "\n");
  return kDone;
}

int write_report(const ReportOptions& o) {
  std::vector<std::filesystem::path> runs;
  for (const std::string& path : o.runs) {
    for (std::filesystem::path& run : report::run_directories(path)) runs.push_back(std::move(run));
  }
  if (runs.size() > 1) return compare(o, runs);
  report::RunReportOptions options;
  options.run = runs.front();
  options.out = o.out.empty() ? report::page_of(options.run) : std::filesystem::path(o.out);
  options.model = o.model;
  options.score = {o.data, o.split, o.threads};
  options.images.assign(o.images.begin(), o.images.end());
  require_output_kind("--out", options.out, OutputKind::html);
  for (const std::string& notice : report::write_run_report(options)) {
    write_lines(stderr, "note: " + notice + "\n");
  }
  write_lines(stdout, display_path(options.out) + "\n");
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::ReportOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::write_report(options); });
}
