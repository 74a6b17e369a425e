#include "report/run_report.hpp"

#include <memory>
#include <string>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/workers.hpp"
#include "report/page.hpp"
#include "report/run_record.hpp"
#include "run/run_directory.hpp"

namespace cnn::report {
namespace {

// Scores the model. A run without its data, or without a model that can be read, has a page, too.
void add_scores(const RunReportOptions& options, RunRecord& run, RunPage& page,
                std::unique_ptr<ScoredRun>& scored, Workers& workers) {
  if (!options.model.empty()) {
    run.model = options.model;
  } else if (std::string notice = scored_notice(run); !notice.empty()) {
    run.notices.push_back(std::move(notice));
  }
  if (run.model.empty()) return;
  try {
    scored = std::make_unique<ScoredRun>(run.model, workers);
    page.scored = scored.get();
    scored->score(options.score);
    page.has_scores = true;
  } catch (const FileError& error) {
    run.notices.push_back("Scores and pictures are missing. " + std::string(error.what()));
  } catch (const ConfigError& error) {
    run.notices.push_back("Scores and pictures are missing. " + std::string(error.what()));
  }
}

}  // namespace

std::filesystem::path page_of(const std::filesystem::path& run) {
  return RunDirectory(run).report();
}

std::vector<std::string> write_run_report(const RunReportOptions& options) {
  const int threads = options.score.threads;
  Workers workers(threads > 0 ? threads : Workers::available());
  RunRecord run = read_run(options.run);
  RunPage page{run};
  std::unique_ptr<ScoredRun> scored;
  if (options.scores) {
    add_scores(options, run, page, scored, workers);
  } else {
    run.notices.push_back("Scores and pictures are missing; cnn-report " +
                          display_path(run.directory) + " adds them.");
  }
  write_file(options.out.empty() ? page_of(options.run) : options.out, run_page(page));
  return run.notices;
}

}  // namespace cnn::report
