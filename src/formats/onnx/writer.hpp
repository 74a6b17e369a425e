// Writes an ONNX model.

#pragma once

#include <cstddef>

#include "base/file.hpp"
#include "formats/onnx/model.hpp"

namespace cnn::onnx {

// Writes the file atomically (see write_file); returns its bytes. The same model gives the same
// bytes. Throws FileError, also for a model of 2 GiB or more, which is more than the format holds.
std::size_t write_model(const FilePlace& place, const Model& model);

}  // namespace cnn::onnx
