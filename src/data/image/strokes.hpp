// The strokes of a drawing: how thick they are, and how to make them thicker or thinner.

#pragma once

#include <span>
#include <vector>

#include "data/image/gray.hpp"

namespace cnn {

// Mean thickness of light strokes on 0, in pixels: 2 Σ p / Σ |∇p|, twice the area by the length of
// its edge, in which a soft or a faint edge counts by its height. 0 if all is 0.
double stroke_thickness(std::span<const std::uint8_t> levels, Size2 size);

struct StrokeRange {
  double thinnest = 0;
  double thickest = 0;  // 0: any
};

// Scales a drawing so that its longer side is `box` pixels, and brings the mean thickness of its
// strokes into the range: by growing or shrinking the drawing by the same distance everywhere, so
// that thin lines keep their ink and thick ones do not close up. Hairlines, thinner than the range,
// become as thick as a third of the way into it. Light on 0, the longer side is the
// drawing's own; the result is 0 … 255, not rounded.
struct Redrawn {
  Size2 size;
  std::vector<double> levels;
};
Redrawn redraw(const Gray& drawing, int box, const StrokeRange& strokes);

}  // namespace cnn
