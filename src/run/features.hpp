// Features: what a layer of a trained model makes of pictures.

#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cnn/prepared_image.hpp"

#include "base/workers.hpp"
#include "run/model_runner.hpp"

namespace cnn {

// Runs the part of a model that leads to one layer. Stays where it is, as ModelRunner does. Used by
// one thread at a time.
class FeatureExtractor {
 public:
  // Reads the model. Throws FileError, and ConfigError if it has no such layer.
  FeatureExtractor(const std::filesystem::path& model, const std::string& layer, Workers& workers);

  // Of the layer's output for one picture.
  const Shape& shape() const { return runner_.model.network.output(); }
  // Bytes that running takes, besides pictures and results.
  std::size_t memory() const;

  // Appends shape().size() values for each picture, in their order. What is computed for one does
  // not depend on the others. Throws FileError if the model gives numbers that are not finite.
  void append(std::span<const PreparedImage* const> pictures, std::vector<float>& values);

 private:
  const Workers& workers_;
  ModelRunner runner_;
};

}  // namespace cnn
