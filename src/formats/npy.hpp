// .npy files of numpy: one array of floats. (Specification: numpy.lib.format, version 1.0.)

#pragma once

#include <cstddef>
#include <span>

#include "base/file.hpp"

namespace cnn {

// Writes an array of float32 in C order (see write_file). `data` holds the product of `dims`
// values. Throws FileError.
void write_npy(const FilePlace& place, std::span<const std::size_t> dims,
               std::span<const float> data);

}  // namespace cnn
