// What the commands work on while calls fail: small data files, a run that has stopped on its way,
// the same run gone to its end, and two pictures.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "faults/fault.hpp"
#include "support/temp_dir.hpp"

namespace cnn {

class Scene {
 public:
  // The stopped run stands at this step of 10, between two ends of an epoch.
  static constexpr std::uint64_t kStopped = 4;

  Scene();

  // All files lie below it.
  const std::filesystem::path& root() const { return temp_.path(); }
  std::filesystem::path run() const { return temp_ / "run"; }
  // The same run, never disturbed.
  std::filesystem::path whole() const { return temp_ / "whole"; }
  std::filesystem::path data() const { return temp_ / "data"; }
  std::vector<std::string> pictures() const;

  // Arguments of cnn-train: of a new run in `directory` …
  std::vector<std::string> train_arguments(const std::filesystem::path& directory) const;
  // … and of one that goes on with the run.
  std::vector<std::string> resume_arguments() const;

  // Puts the run back to where it had stopped.
  void reset_run() const;

 private:
  TempDir temp_;
};

}  // namespace cnn
