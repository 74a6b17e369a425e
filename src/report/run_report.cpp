#include "report/run_report.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
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
    KeptPart images;
    scored->score(options.score, images);
    page.has_scores = true;
  } catch (const FileError& error) {
    run.notices.push_back("Scores and pictures are missing. " + std::string(error.what()));
  } catch (const ConfigError& error) {
    run.notices.push_back("Scores and pictures are missing. " + std::string(error.what()));
  }
}

// The pictures that are followed: those that were asked for, and those of the set.
void add_pictures(const RunReportOptions& options, RunRecord& run, RunPage& page) {
  if (page.scored == nullptr) {
    if (!options.images.empty()) {
      run.notices.push_back("There is no model to follow the pictures of --image through.");
    }
    return;
  }
  for (const std::filesystem::path& file : options.images) {
    PreparedImage prepared = prepare_picture(read_image(file), page.scored->info(),
                                             Invert::automatic, Prepare::automatic);
    page.pictures.push_back({display_path(file), std::move(prepared.pixels), std::nullopt});
  }
  if (!page.has_scores) return;
  for (SeenPicture& picture : chosen_pictures(*page.scored)) {
    page.pictures.push_back(std::move(picture));
  }
}

}  // namespace

namespace {

// The command that writes the same page again.
std::string command_of(const RunReportOptions& options) {
  std::string command = "cnn-report " + shell_word(display_path(options.run));
  const auto add = [&](const std::string& name, const std::filesystem::path& value) {
    if (!value.empty()) command += " --" + name + " " + shell_word(display_path(value));
  };
  add("model", options.model);
  add("data", options.score.data);
  add("split", options.score.split);
  for (const std::filesystem::path& file : options.images) add("image", file);
  if (options.out != page_of(options.run)) add("out", options.out);
  return command;
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
  page.command = command_of(options);
  page.data = options.score.data;
  std::unique_ptr<ScoredRun> scored;
  if (options.scores) {
    add_scores(options, run, page, scored, workers);
  } else {
    run.notices.push_back("Scores and pictures are missing; cnn-report " +
                          display_path(run.directory) + " adds them.");
  }
  add_pictures(options, run, page);
  write_file(options.out.empty() ? page_of(options.run) : options.out, run_page(page));
  return run.notices;
}

}  // namespace cnn::report
