// Where decoders put a picture's rows, in the order in which they come.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cnn/image.hpp"

namespace cnn {

// A picture as its file has it.
struct Stored {
  int width = 0;
  int height = 0;
  int colours = 3;  // 1 (grey) or 3
  bool alpha = false;
  int orientation = 1;  // EXIF's, 1 … 8: how the camera was held

  std::size_t samples() const { return static_cast<std::size_t>(colours) + (alpha ? 1 : 0); }
};

// Puts each row to its place in the upright picture, channel after channel, so that the picture is
// in memory once. `Sample` is std::uint8_t or std::uint16_t.
template <typename Sample>
class Canvas {
 public:
  // Requires that check_picture_size has passed. Takes the memory, all samples 0.
  explicit Canvas(const Stored& stored);

  // Row y of the stored picture: its pixels side by side, alpha last. Throws nothing, so that it
  // may be called between C functions that jump.
  void put_row(int y, const Sample* row) noexcept;

  // Samples of 16 bits become bytes, by the range that they use; alpha is always full range.
  // Transparency is laid over white, or over black if all that can be seen is light and would
  // vanish on white.
  Image finish() &&;

 private:
  Stored stored_;
  Shape upright_;
  std::vector<Sample> planes_;
};

extern template class Canvas<std::uint8_t>;
extern template class Canvas<std::uint16_t>;

}  // namespace cnn
