// TensorFile: named tensors and texts, whatever the format of the file that keeps them. Nothing
// outside this folder knows a format; each has an entry in the table tensor_formats().

#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cnn/shape.hpp"

#include "base/file.hpp"

namespace cnn {

using Metadata = std::map<std::string, std::string>;

// A named tensor to write; the data is the caller's.
struct NamedTensor {
  std::string name;
  Dims dims;
  std::span<const float> data;
};

// A file read whole and checked. Owns the data.
struct TensorFile {
  struct Entry {
    std::string name;
    Dims dims;
    std::vector<float> data;
    // As the file calls it. Of a type that is not read there are no data.
    std::string dtype = "F32";
    bool is_read = true;
  };

  std::filesystem::path path;
  Metadata metadata;           // without what the format itself adds
  std::vector<Entry> tensors;  // in the order of their data

  // nullptr if there is none.
  const Entry* find(const std::string& name) const;
};

struct TensorFormat {
  std::string_view name;
  std::string_view extension;  // of a file's name, ".safetensors"
  TensorFile (*read)(const FilePlace& place);
  void (*write)(const FilePlace& place, std::span<const NamedTensor> tensors,
                const Metadata& metadata);
};

// The table of all formats: one line per format. Immutable; any thread may read it.
std::span<const TensorFormat> tensor_formats();

// Reads or writes a file in the format that its name's extension says, or in the table's first.
// Throws FileError for a file that is broken or cannot be written, or is one of PyTorch (with what
// converts it); write_tensors also ShapeError if
// a tensor has not the values of its shape. A file is written atomically (see write_file).
TensorFile read_tensors(const FilePlace& place);
void write_tensors(const FilePlace& place, std::span<const NamedTensor> tensors,
                   const Metadata& metadata);

}  // namespace cnn
