// How cnn-predict gives its answers: text for people, JSON, a line of JSON per picture, or CSV.

#pragma once

#include <memory>
#include <string>

#include "cnn/classifier.hpp"
#include "cnn/image.hpp"

#include "apps/command_line.hpp"

namespace cnn::app {

struct PredictedFile {
  std::string file;
  Image before;  // the picture as it was, made smaller if it is large; for --show only
  Classification found;
};

// Writes to stdout, each answer as it comes.
class PredictionWriter {
 public:
  virtual ~PredictionWriter() = default;
  virtual void write(const PredictedFile& result) = 0;
  // To be called once, after the last.
  virtual void end() {}
};

// In the format that the options ask for. Both must outlive it.
std::unique_ptr<PredictionWriter> make_prediction_writer(const PredictOptions& options,
                                                         const Classifier& classifier);

}  // namespace cnn::app
