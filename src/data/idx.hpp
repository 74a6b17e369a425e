// IDX files, the format of MNIST: 0 0 type rank, then one big-endian 32-bit extent a dimension,
// then the values. (Specification: LeCun's MNIST page.) Only unsigned bytes (type 8) occur here.
// Plain or gzip, told apart by content.

#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace cnn {

// What a file must hold: images have rank 3 (n, height, width) or 4 (n, channels, height, width),
// labels rank 1 (n).
enum class IdxKind { images, labels };

struct Idx {
  std::vector<std::uint32_t> dims;   // all >= 1; those of an image at most 32768
  std::vector<std::uint8_t> values;  // product of dims
};

// Reads the header alone; values stay empty. Throws FileError as read_idx does, as far as the
// header and (not compressed) the file's length tell.
Idx read_idx_header(const std::filesystem::path& path, IdxKind kind);

// Throws FileError naming the file and what is wrong: not there, not IDX, another type, labels
// where images should be or the other way round, a zero or absurd extent, more than 2^34 bytes or
// the machine's memory, truncated (promised and found sizes), bytes after the end, a gzip error
// (gzip's own checksum is verified; several gzip members in a row are read as one, as gzip does).
// Memory is bounded by what the file really holds: the promised size is checked against the file's
// length (compressed: against 1032 times the length, the most that deflate can hold, and then
// approached piece by piece) before it is allocated, and decompression stops one byte after the
// promised end.
Idx read_idx(const std::filesystem::path& path, IdxKind kind);

}  // namespace cnn
