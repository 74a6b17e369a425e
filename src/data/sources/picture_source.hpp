// Parts of data sets that are lists of picture files, whichever format gave the list.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/source.hpp"

namespace cnn {

struct PictureFile {
  std::string path;
  std::size_t name_begin = 0;  // in the path: where what people call it begins
  std::uint16_t label = 0;
  std::size_t line = 0;  // of the table that names it; 0 if none does

  std::string_view name() const { return std::string_view(path).substr(name_begin); }
};

// The pictures of one part, in their order.
struct PictureList {
  std::filesystem::path origin;      // the folder or the table
  std::vector<std::string> classes;  // those of the set; empty if labels have no names
  std::vector<PictureFile> files;
};

// A side that few pictures of these sizes are smaller than, and not so large that training takes
// for ever. 0x0 stands for pictures that cannot be used; requires one that can.
int advised_size(std::vector<Size2> sizes);

// Decodes with several threads at once, each picture to its size in the data set as soon as it is
// read: what is in memory are the bytes of the result and a picture per thread.
class PictureSource final : public DataSource {
 public:
  // `training` is the list of the training part; it decides on colour, and on the size where the
  // options do not. Null if this is it, or if there is none.
  PictureSource(PictureList list, std::shared_ptr<const PictureList> training,
                const PictureOptions& options)
      : list_(std::move(list)), training_(std::move(training)), options_(options) {}

  bool exists() const override;
  // The count is an upper bound. Of what is wrong with the files it only sees that all are broken.
  DatasetHeader header() const override;
  std::size_t count() const override { return list_.files.size(); }
  bool header_is_guess() const override { return !options_.size; }
  std::size_t reading_bytes(int threads) const override;
  using DataSource::read;
  // Throws FileError that counts all files that are no pictures or broken and names the first 20 of
  // them, unless the options leave them out; if pictures have several sizes and the options none;
  // if the result is larger than the machine's memory.
  Dataset read(const ReadOptions& options) const override;
  Dataset read_some(const ReadOptions& options,
                    std::span<const std::uint32_t> images) const override;
  // Decodes all of them, and keeps none.
  std::vector<ImageLook> look(const ReadOptions& options) const override;
  void require_usable(std::span<const ImageLook> looks) const override;
  std::string describe() const override { return list_.origin.string(); }
  std::vector<std::string> class_names() const override { return list_.classes; }

 private:
  // Of files of a list that cannot be used the result has the faults, in left_out.
  Dataset read_list(const PictureList& list, const ReadOptions& options) const;

  PictureList list_;
  std::shared_ptr<const PictureList> training_;
  PictureOptions options_;
};

}  // namespace cnn
