// A drawing or a photograph of one, made into what MNIST's digits are: cut out, scaled, placed by
// its centre of mass.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/image/gray.hpp"
#include "data/image/strokes.hpp"
#include "data/prepare_image.hpp"

namespace cnn {

// What the drawings of a training set look like.
struct DrawingStyle {
  Size2 size;           // of its images
  int box = 0;          // longer side of what is drawn, in pixels, 1 or more
  StrokeRange strokes;  // their thickness
};

struct Drawing {
  std::vector<std::uint8_t> levels;  // (H, W) of the style: light ink on 0
  Box box;                           // of what is drawn, in the picture
  int marks = 0;                     // separate things that the picture shows
  bool inverted = false;             // the picture has dark ink on light paper
};

// Redraws what is drawn on a picture of any size:
// 1. a frame around it is left out;
// 2. the ink is told from the paper (paper.hpp), and ruled lines are taken away;
// 3. of several marks one is chosen (marks.hpp), and cut out at its bounding box; on a large
// picture
//    it is looked at once more, as closely as its size allows;
// 4. its longer side becomes `box` pixels, its strokes as thick as the style's;
// 5. its centre of mass is brought to the middle, to the nearest pixel (image_statistics.hpp says
//    what the middle is); what falls outside is lost.
// Nothing if nothing is drawn. `invert`: yes, the ink is dark; no, it is light; automatic,
// whichever it is. Takes time and memory in proportion to the picture's pixels.
std::optional<Drawing> find_drawing(const Gray& picture, const DrawingStyle& style, Invert invert);

}  // namespace cnn
