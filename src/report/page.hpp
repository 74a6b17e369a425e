// report.html: one file about a run, which opens anywhere, asks nobody for anything and needs no
// script. The same run gives the same bytes: times are those that the run stored. Only the page of
// a run that goes on says when it was written.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/run_record.hpp"
#include "report/scored_run.hpp"
#include "report/sight.hpp"

namespace cnn::report {

// For the page of a run that goes on.
struct Reloading {
  int every = 0;        // seconds
  std::string written;  // when; for people
};

// `scored` is the run's model, nullptr if there is none; what it was scored on is shown if it was.
struct RunPage {
  const RunRecord& run;
  ScoredRun* scored = nullptr;
  bool has_scores = false;
  const Network* network = nullptr;        // of a run without `scored`
  std::vector<SeenPicture> pictures = {};  // followed through the network of `scored`
  std::optional<Reloading> reloading = {};
  std::string command = {};         // that writes the page; empty: that of the run alone
  std::filesystem::path data = {};  // that scores are of; empty: those of the run
};

std::string run_page(const RunPage& page);

}  // namespace cnn::report
