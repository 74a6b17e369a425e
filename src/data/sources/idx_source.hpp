// Data sets in IDX files, as MNIST's: one file of images and one of labels per part. A directory
// holds them under MNIST's names, or data.train and data.test name them one by one.

#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "data/source.hpp"

namespace cnn {

struct IdxFiles {
  std::filesystem::path images;
  std::filesystem::path labels;
};

// The two files of MNIST's usual names in `dir`: train-… or t10k-…, images-idx3-ubyte or
// images.idx3-ubyte (and labels with idx1; idx4 for images of rank 4), with or without .gz. If
// there are several, the first in this order is taken: rank 3 before rank 4, '-' before '.', plain
// before .gz. Throws FileError saying what was looked for and what the directory holds.
IdxFiles find_idx_files(const std::filesystem::path& dir, DataPart part);

// Images of rank 3 (n, h, w) or 4 (n, channels, h, w), labels of rank 1, as many as images.
class IdxSource final : public DataSource {
 public:
  explicit IdxSource(IdxFiles files) : files_(std::move(files)) {}

  bool exists() const override;
  DatasetHeader header() const override;
  Dataset read() const override;
  std::string describe() const override { return files_.images.string(); }
  std::vector<std::string> class_names() const override { return {}; }

 private:
  IdxFiles files_;
};

inline constexpr std::array<std::string_view, 2> kIdxFileKeys = {"train", "test"};
std::unique_ptr<SourceFormat> make_idx_format();

}  // namespace cnn
