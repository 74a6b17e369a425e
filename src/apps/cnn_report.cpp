// cnn-report: one HTML file about a run.

#include <filesystem>
#include <memory>
#include <string>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/output_kind.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"
#include "report/page.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

// Scores the model. A run without its data, or without a model that can be read, has a page, too.
void add_scores(const ReportOptions& o, report::RunRecord& run, report::RunPage& page,
                std::unique_ptr<report::ScoredRun>& scored, Workers& workers) {
  if (!o.model.empty()) run.model = o.model;
  if (run.model.empty()) return;
  try {
    scored = std::make_unique<report::ScoredRun>(run.model, workers);
    page.scored = scored.get();
    scored->score({o.data, o.split, workers.count()});
    page.has_scores = true;
  } catch (const FileError& error) {
    run.notices.push_back("Scores and pictures are missing. " + std::string(error.what()));
  } catch (const ConfigError& error) {
    run.notices.push_back("Scores and pictures are missing. " + std::string(error.what()));
  }
}

int write_report(const ReportOptions& o) {
  const fs::path directory = o.runs.front();
  const fs::path out = o.out.empty() ? directory / "report.html" : fs::path(o.out);
  require_output_kind("--out", out, OutputKind::html);
  Workers workers(o.threads > 0 ? o.threads : Workers::available());
  report::RunRecord run = report::read_run(directory);
  report::RunPage page{run};
  std::unique_ptr<report::ScoredRun> scored;
  add_scores(o, run, page, scored, workers);
  for (const std::string& notice : run.notices) write_lines(stderr, "note: " + notice + "\n");
  write_file(out, report::run_page(page));
  write_lines(stdout, display_path(out) + "\n");
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::ReportOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::write_report(options); });
}
