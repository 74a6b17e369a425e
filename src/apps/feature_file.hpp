// What --layer NAME --npy FILE.npy writes: the outputs of a layer, and beside them in FILE.txt the
// names of the pictures, one per line.

#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "cnn/prepared_image.hpp"

#include "run/features.hpp"

namespace cnn::app {

// Throws ConfigError unless FILE.npy may be written, and FILE.txt with it.
void require_feature_file(const std::filesystem::path& npy);

// Collects what the pictures give, and writes it in the end: the array's header holds their number.
class FeatureFile {
 public:
  // Throws as FeatureExtractor does.
  FeatureFile(std::filesystem::path npy, const std::filesystem::path& model,
              const std::string& layer, Workers& workers);

  // Bytes that it takes at most, for so many pictures.
  std::size_t memory(std::size_t pictures) const;
  // Pictures in their order, and what their files are called.
  void add(const std::vector<PreparedImage>& pictures, const std::vector<std::string>& files);
  // float32, (n, C, H, W), or (n, C) where the layer gives vectors. Throws FileError.
  void write() const;

 private:
  std::filesystem::path npy_;
  FeatureExtractor extractor_;
  std::vector<float> values_;
  std::string names_;
  std::size_t count_ = 0;
};

}  // namespace cnn::app
