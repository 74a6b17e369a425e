// A run's model, scored: the numbers are those of cnn-eval, by the same code.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cnn/evaluation.hpp"

#include "report/kept_part.hpp"
#include "run/model_runner.hpp"

namespace cnn::report {

struct ScoreOptions {
  std::string data;   // instead of the set that the model was trained on; or empty
  std::string split;  // "test", "validation", "train", or empty: test, else validation
  int threads = 0;
};

// Stays where it is. Used by one thread.
class ScoredRun {
 public:
  // Throws FileError if the model cannot be read or used.
  ScoredRun(const std::filesystem::path& model, Workers& workers);

  // Reads the images, unless they are kept, and scores them. Throws FileError or ConfigError if
  // they cannot be had.
  void score(const ScoreOptions& options, KeptPart& kept);

  const ModelInfo& info() const { return runner_.model.info; }
  const Network& network() const { return runner_.model.network; }
  // Version and kernel of BLAS and our vector level, as the run stored them; empty if it did not.
  const std::string& arithmetic() const { return arithmetic_; }

  // The rest is of a run that was scored.
  DataPart part() const { return part_; }
  const Dataset& dataset() const { return data_->dataset; }
  const Selection& selection() const { return data_->selection; }
  const Evaluation& evaluation() const { return evaluation_; }
  // What an image of the set is called: its file in its folder, or its number.
  std::string image_name(std::uint32_t index) const;
  // The probability of each class, per place in the selection.
  std::vector<std::vector<double>> probabilities(const std::vector<std::size_t>& places);

 private:
  ModelRunner runner_;
  std::string arithmetic_;
  DataPart part_ = DataPart::test;
  std::shared_ptr<const PartData> data_;
  Evaluation evaluation_;
};

}  // namespace cnn::report
