// What a sheet shows: separate marks, of which one is read.

#pragma once

#include <optional>

#include "data/image/gray.hpp"

namespace cnn {

struct Marks {
  Box box;        // of the mark to read
  Gray read;      // that box, with its own ink alone
  int count = 0;  // separate marks, the one to read among them
  // The part of its edge at which the level changes as fast as ink's does: about 1, but for a
  // shadow.
  double sharpness = 0;
};

// `ink`: 0 is paper, 255 full ink. Parts that touch one another, or nearly do, are one mark, and so
// is a part with what hovers over it, as the hat of a 5. To be read is the mark with the most ink;
// what the picture's border cuts off, and what lies at the side, has to have more. Specks are no
// marks, nor is what the border cuts off if it is smaller than the mark to read. A part that
// reaches the border belongs to a mark that does not only if it is large and above or below it.
// Nothing if there is no ink, or nothing but a speck of fewer than kSmallestMark pixels a side.
std::optional<Marks> find_marks(const Gray& ink);

inline constexpr int kSmallestMark = 4;

}  // namespace cnn
