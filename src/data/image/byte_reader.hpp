// A picture file's bytes, read in order and never beyond their end.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cnn/error.hpp"

#include "data/image_limits.hpp"

namespace cnn {

// A picture is not what it claims to be. Says nothing of the file, which read_image adds.
class PictureError : public Error {
 public:
  using Error::Error;
};

// Throws PictureError unless both are 1 … kMostPixelsASide and their product at most kMostPixels.
void check_picture_size(std::int64_t width, std::int64_t height);

// For formats in which a few bytes may promise any number of pixels. Throws PictureError if there
// are more than 32 million, and more than 4096 per byte: a GIF cannot hold them, and a file of
// another format that does is made to fill memory.
void check_bytes_for(std::int64_t width, std::int64_t height, std::size_t bytes);

// A file of `size` bytes ends before its picture does.
PictureError truncated_picture(std::string_view format, std::size_t size);

class ByteReader {
 public:
  // `format` names the format in messages. The bytes belong to the caller and outlive the reader.
  ByteReader(std::string_view bytes, std::string_view format) : bytes_(bytes), format_(format) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }

  // The next `count` bytes. Throws PictureError if there are fewer, as everything below does.
  std::string_view take(std::size_t count);

  std::uint32_t u8() { return big_endian(1); }
  std::uint32_t u16_big() { return big_endian(2); }
  std::uint32_t u32_big() { return big_endian(4); }
  std::uint32_t u16_little() { return little_endian(2); }
  std::uint32_t u32_little() { return little_endian(4); }

 private:
  std::uint32_t big_endian(std::size_t count);
  std::uint32_t little_endian(std::size_t count);

  std::string_view bytes_;
  std::string_view format_;
  std::size_t position_ = 0;
};

}  // namespace cnn
