// IDX files, the format of MNIST: 0 0 type rank, then one big-endian 32-bit extent per dimension,
// then the values. (Specification: LeCun's MNIST page.) Only unsigned bytes (type 8) occur here,
// and for labels of more than 256 classes 32-bit integers (type 0C). Plain or gzip, told apart by
// content.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/mapped_file.hpp"

namespace cnn {

// What a file must hold: images have rank 3 (n, height, width) or 4 (n, channels, height, width),
// labels rank 1 (n).
enum class IdxKind { images, labels };

struct Idx {
  std::vector<std::uint32_t> dims;   // all >= 1; those of an image at most 32768
  std::vector<std::uint8_t> values;  // product of dims, each of `width` bytes, the high one first;
                                     // empty where they are mapped
  std::size_t width = 1;             // 1 or, for labels alone, 4
  // What read_idx maps, or would map: the values in the file.
  bool is_mapped = false;
  std::shared_ptr<const MappedFile> file = {};
  std::span<const std::uint8_t> mapped = {};
};

// Images that take more than this, and are not compressed, are mapped where they may be.
inline constexpr std::uint64_t kLargestRead = 256'000'000;
enum class IdxMemory { owned, may_be_mapped };

// Reads the header alone; values stay empty. Throws FileError as read_idx does, as far as the
// header and, unless it is compressed, the file's length tell.
Idx read_idx_header(const std::filesystem::path& path, IdxKind kind,
                    IdxMemory memory = IdxMemory::owned);

// Looks at the extents before any value is read; it may throw.
using ExtentsCheck = std::function<void(const std::vector<std::uint32_t>& dims)>;

// Reads all of a file. Throws FileError naming the file and what is wrong:
// - it is not there, is not IDX, or holds another type than unsigned bytes (labels: or
//   32-bit integers);
// - labels stand where images should be, or the other way round;
// - an extent is zero or absurd, or the whole more than 2^34 bytes (2^40 where it is mapped) or,
//   unless it is mapped, the machine's memory;
// - it is truncated (the message gives the promised and the found size), or goes on after its end;
// - gzip reports an error. gzip's own checksum is verified. Several gzip members in a row are read
//   as one, as gzip does.
// Memory is bounded by what the file really holds. The promised size is checked against the file's
// length before it is allocated. A compressed file may promise 1032 times its length, the most that
// deflate can hold; the buffer then grows piece by piece as the data come, and decompression stops
// one byte after the promised end.
Idx read_idx(const std::filesystem::path& path, IdxKind kind, const ExtentsCheck& check = {},
             IdxMemory memory = IdxMemory::owned);

}  // namespace cnn
