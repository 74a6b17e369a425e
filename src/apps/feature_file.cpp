#include "apps/feature_file.hpp"

#include <utility>

#include "cnn/error.hpp"

#include "apps/output_kind.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "formats/npy.hpp"

namespace cnn::app {
namespace {

std::filesystem::path names_beside(const std::filesystem::path& npy) {
  return std::filesystem::path(npy).replace_extension(".txt");
}

}  // namespace

void require_feature_file(const std::filesystem::path& npy) {
  if (npy.empty()) return;
  if (npy.extension() != ".npy") {
    throw ConfigError("error: --npy must name a file as in features.npy, got " +
                      in_quotes(path_text(npy)));
  }
  require_output_kind("--npy", npy, OutputKind::npy);
  // A text without the array that it belongs to is somebody's own.
  if (is_there(names_beside(npy)) && !is_there(npy)) {
    throw ConfigError("error: --npy: " + display_path(names_beside(npy)) +
                      " is there already, and would be replaced by the names of the pictures; "
                      "choose another name");
  }
}

FeatureFile::FeatureFile(std::filesystem::path npy, const std::filesystem::path& model,
                         const std::string& layer, Workers& workers)
    : npy_(std::move(npy)), extractor_(model, layer, workers) {}

std::size_t FeatureFile::memory(std::size_t pictures) const {
  // While the values grow, they are there twice.
  return extractor_.memory() + 3 * pictures * extractor_.shape().size() * sizeof(float);
}

void FeatureFile::add(const std::vector<PreparedImage>& pictures,
                      const std::vector<std::string>& files) {
  std::vector<const PreparedImage*> images;
  for (const PreparedImage& picture : pictures) images.push_back(&picture);
  extractor_.append(images, values_);
  // Whole, however long: they say whose a row is.
  for (const std::string& file : files) names_ += shown(file, file.size()) + "\n";
  count_ += pictures.size();
}

void FeatureFile::write() const {
  const Shape& shape = extractor_.shape();
  std::vector<std::size_t> dims = {count_, static_cast<std::size_t>(shape.channels)};
  if (shape.height > 1 || shape.width > 1) {
    dims.push_back(static_cast<std::size_t>(shape.height));
    dims.push_back(static_cast<std::size_t>(shape.width));
  }
  write_npy(npy_, dims, values_);
  write_file(names_beside(npy_), names_);
}

}  // namespace cnn::app
