// Reads ONNX models, which may come from anybody: time and memory are bounded by the file's size,
// and by a number of parts that no network of images has.

#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "formats/onnx/model.hpp"

namespace cnn::onnx {

// A file of more bytes than the format can hold is not read.
inline constexpr std::size_t kLargestFile = std::size_t{1} << 31;

// The model in `bytes`, to which it refers. `path` is for messages. Throws FileError for what is no
// ONNX, for more than a million parts, and for data in other files. What a network of images has no
// use for (doc strings, value_info, functions …) is passed over; a subgraph is refused where its
// node is used.
Model parse_model(const std::filesystem::path& path, std::string_view bytes);

// A file of a single tensor (TensorProto), as the tests of ONNX have them.
Tensor parse_tensor(const std::filesystem::path& path, std::string_view bytes);

// The tensor's numbers. Throws FileError naming the tensor for a type that is not read, and for
// another number of bytes than its extents ask for.
std::vector<float> floats_of(const std::filesystem::path& path, const Tensor& tensor);
std::vector<std::int64_t> integers_of(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace cnn::onnx
