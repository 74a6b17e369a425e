// Data sets in IDX files, as MNIST's: one file of images and one of labels per part. A directory
// holds them under MNIST's names, with the classes' names in classes.txt if there is one; or
// data.train and data.test name them one by one.

#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "data/idx.hpp"
#include "data/source.hpp"

namespace cnn {

// A file that stands in a directory of IDX files which cnn-data packed: upright, and with labels
// from 0, whatever the set that they were made of.
inline constexpr const char* kPackedMark = ".cnn-packed";

struct IdxFiles {
  std::filesystem::path images;
  std::filesystem::path labels;
};

// The two files of MNIST's usual names in `dir`: train-…, t10k-… or
// test-…, and validation-…, each with images-idx3-ubyte or images.idx3-ubyte (and labels with idx1;
// idx4 for images of rank 4), with or without .gz. If there are several, the first in this order is
// taken: rank 3 before rank 4, '-' before '.', plain before .gz. Throws FileError saying what was
// looked for and what the directory holds.
IdxFiles find_idx_files(const std::filesystem::path& dir, DataPart part);

// How the files are to be understood.
struct IdxReading {
  bool transpose = false;         // images are stored column by column, as EMNIST's
  std::int64_t first_label = 0;   // that of the first class
  std::filesystem::path classes;  // the file of the classes' names, one per line; empty if none
};

// Images of rank 3 (n, h, w) or 4 (n, channels, h, w), labels of rank 1, as many as images.
class IdxSource final : public DataSource {
 public:
  explicit IdxSource(IdxFiles files, IdxReading reading = {})
      : files_(std::move(files)), reading_(std::move(reading)) {}

  bool exists() const override;
  DatasetHeader header() const override;
  bool is_mapped() const override { return header().is_mapped; }
  using DataSource::read;
  Dataset read(const ReadOptions& options) const override;
  std::string describe() const override { return files_.images.string(); }
  std::vector<std::string> class_names() const override;

 private:
  // Columns that become rows are a copy.
  IdxMemory memory() const {
    return reading_.transpose ? IdxMemory::owned : IdxMemory::may_be_mapped;
  }
  std::vector<std::uint16_t> labels_of(const Idx& labels) const;

  IdxFiles files_;
  IdxReading reading_;
};

inline constexpr std::array<std::string_view, 2> kIdxFileKeys = {"train", "test"};
std::unique_ptr<SourceFormat> make_idx_format();

}  // namespace cnn
