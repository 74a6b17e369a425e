// Pictures of pen strokes, for tests of what looks for drawings.

#pragma once

#include <functional>
#include <vector>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

#include "data/image/gray.hpp"

namespace cnn {

struct Point {
  double x = 0;
  double y = 0;
};

// Lines from point to point; one for each time the pen is put down.
using Strokes = std::vector<std::vector<Point>>;

// Digits 1 high, from (0, 0) down and to the right, as the pen's middle goes.
Strokes seven_strokes();
Strokes two_strokes();  // its base reaches as far to both sides as the rest
Strokes zero_strokes();
Strokes five_strokes(double gap);  // between its hat and the rest

// `height` high, its upper left corner at (left, top).
Strokes placed(Strokes strokes, double left, double top, double height);
Strokes turned(Strokes strokes, double degrees, Point about);

// Both, one after the other.
Strokes operator+(Strokes a, const Strokes& b);

// What a round pen of that radius leaves: 0 is paper, 255 ink, in between where its edge runs
// through a pixel.
Gray sketch(Size2 size, const Strokes& strokes, double radius);

// Paper of a level per place (y, x), 0 … 255; ink reflects `reflected` of what the paper there
// does.
Gray on_paper(const Gray& ink, const std::function<double(double, double)>& paper,
              double reflected);

// With normal noise of that deviation added.
Gray with_noise(Gray gray, double deviation, std::uint64_t seed);

// The box of all pixels of `least` and above; empty if there are none.
Box box_of(const Gray& ink, int least = 128);

// Of two drawings: the part of the pixels that either covers that both do, from `least` on.
double overlap(const Gray& a, const Gray& b, int least = 128);

}  // namespace cnn
