// Classifier: a trained model, ready to say what pictures show. It answers as cnn-predict does, to
// the last bit.

#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cnn/dataset.hpp"
#include "cnn/evaluation.hpp"
#include "cnn/export.hpp"
#include "cnn/image.hpp"
#include "cnn/prepared_image.hpp"
#include "cnn/shape.hpp"

namespace cnn {

struct ClassifierOptions {
  Invert invert = Invert::automatic;
  Prepare prepare = Prepare::automatic;
  int threads = 1;  // that share a call's pictures; 0 = one per processor
};

struct Classification {
  std::vector<double> probabilities;  // one per class; none if nothing is drawn on the picture
  std::vector<std::size_t> ranking;   // the classes, the most probable first; likewise
  PreparedImage image;                // what the network saw, and what was done to the picture
};

// Owns the model and its buffers. Used by one thread at a time; several classifiers may be used at
// once. Movable; nothing else may be called on one that was moved from.
class CNN_EXPORT Classifier {
 public:
  // Reads a model or a checkpoint. Throws FileError if it cannot be read or is none, ArgumentError
  // for a negative number of threads.
  explicit Classifier(const std::filesystem::path& model, const ClassifierOptions& options = {});
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  // The names of the classes, one for each of the network's outputs.
  const std::vector<std::string>& classes() const;
  // What the network takes: channels, height, width.
  const Shape& input() const;

  // Prepares pictures of any size, colour and polarity, and classifies them. The answer for one
  // picture does not depend on the others. Throws ShapeError if a picture has neither 1 nor 3
  // channels, is empty, or has another number of pixels than its shape says; FileError if the
  // model gives numbers that are not finite.
  Classification classify(const Image& picture);
  std::vector<Classification> classify(std::span<const Image> pictures);

  // Scores every image of a data set, as it is. Classes that have names in both are matched by
  // them. Throws FileError if its images or labels are not what the model knows, or if the model
  // gives numbers that are not finite.
  Evaluation score(const Dataset& dataset);

  // Bytes of memory that it holds at most, besides pictures, data and results.
  std::size_t memory() const;

  // The two halves of classify, for those who need them apart: many large pictures, for one, take
  // less memory once they are prepared.
  PreparedImage prepare(const Image& picture) const;
  std::vector<Classification> classify_prepared(std::vector<PreparedImage> pictures);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cnn
