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

// What `orientation` asks for. EXIF 2.3, figure 4.6.4-1: from 5 on rows and columns are exchanged,
// then 2, 3, 6, 7 are mirrored left to right and 3, 4, 7, 8 top to bottom.
struct Turn {
  explicit Turn(int orientation)
      : transposed(orientation >= 5),
        mirrored(orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7),
        upside_down(orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) {}

  bool transposed;
  bool mirrored;
  bool upside_down;
};

// Keeps the rows channel after channel. `Sample` is std::uint8_t or std::uint16_t.
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
  // vanish on white. The picture is turned upright.
  Image finish() &&;

 private:
  Stored stored_;
  std::vector<Sample> planes_;
};

extern template class Canvas<std::uint8_t>;
extern template class Canvas<std::uint16_t>;

}  // namespace cnn
