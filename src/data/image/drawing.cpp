#include "data/image/drawing.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "data/image/marks.hpp"
#include "data/image/paper.hpp"
#include "data/image/ruled_lines.hpp"
#include "data/image/tones.hpp"

namespace cnn {
namespace {

// Longer side of the picture in which drawings are looked for.
constexpr int kWorkingSide = 512;
// The same where only dark and light are to be told apart.
constexpr int kGlance = 160;
// Longer side of the picture in which ink out of focus is looked for: its edges, which are as soft
// as a shadow's, are steeper there.
constexpr int kUnsharpSide = 96;
// A mark that the border does not cut off replaces one that it does from this part of the picture's
// longer side on.
constexpr int kCloser = 4;
// Smaller pictures are drawings, which may fill them from side to side.
constexpr int kPhotograph = 64;
// What stands out but a little must have so many of the picture's pixels on its longer side.
constexpr int kSmallest = 14;
// In uneven light a drawing stands out from the paper by so many levels; texture and shadows fall
// short of it. Many marks have to stand out by more, or they are a texture.
constexpr double kFaintest = 40;
constexpr int kFewMarks = 4;
constexpr double kFaintestOfMany = 60;
// Differences between dark and light that are no chance: of the sharpness of their edges, and of
// the unevenness of what would be paper, in levels. A shadow's edges are softer by kMuchSharper.
constexpr double kSharper = 0.025;
constexpr int kEvener = 4;
constexpr double kMuchSharper = 0.3;
// Lit paper around ink is so many times as thick as the ink and at most as long.
constexpr double kSpot = 1.5;
// What is looked at once more has this margin around it, in parts of its longer side.
constexpr double kMargin = 0.5;

// How many sides of the picture the box reaches.
int sides_reached(const Box& box, Size2 size) {
  return (box.left == 0) + (box.top == 0) + (box.left + box.width == size.width) +
         (box.top + box.height == size.height);
}

// As find_marks, but in uneven light not what may be texture or a shadow.
std::optional<Marks> drawn_marks(Ink ink) {
  remove_ruled_lines(ink.gray);
  std::optional<Marks> marks = find_marks(ink.gray);
  if (!marks || ink.evenly_lit) return marks;
  const double least = marks->count > kFewMarks ? kFaintestOfMany : kFaintest;
  if (ink.contrast < least) return std::nullopt;
  return marks;
}

// Finds the marks on a picture of light ink that was reduced by `factor`; the box is in its pixels.
// Where the light is uneven, what reaches from border to border may be the edge of a shadow: then,
// and where nothing is found, it looks for something smaller.
std::optional<Marks> marks_on(const Gray& picture, int factor) {
  std::optional<Marks> found;
  if (std::optional<Ink> ink = ink_of(picture)) {
    const bool evenly_lit = ink->evenly_lit;
    found = drawn_marks(std::move(*ink));
    const int sides = found ? sides_reached(found->box, picture.size) : 0;
    const bool small = picture.longer_side() < kPhotograph;
    if (found && (sides == 0 || small || evenly_lit)) return found;
    if (sides > 1) found.reset();
  }
  if (std::optional<Ink> ink = small_ink_of(picture)) {
    std::optional<Marks> small = drawn_marks(std::move(*ink));
    if (!small || sides_reached(small->box, picture.size) > 0) return found;
    const int side = std::max(small->box.width, small->box.height);
    const bool plain = found ? kCloser * side >= picture.longer_side() : factor * side >= kSmallest;
    if (plain) found = std::move(small);
  }
  return found;
}

// A box of the reduced picture in pixels of the picture itself.
Box enlarged(const Box& box, int factor, Size2 size) {
  const int left = box.left * factor, top = box.top * factor;
  return {left, top, std::min(box.width * factor, size.width - left),
          std::min(box.height * factor, size.height - top)};
}

// As marks_on, for ink out of focus, on a picture made smaller; the box is in the picture's pixels.
// What reaches the border is a shadow.
std::optional<Marks> unsharp_marks_on(const Gray& picture, int factor) {
  const int further = reduction(picture, kUnsharpSide);
  if (further == 1) return std::nullopt;
  const Gray smaller = reduce(picture, further);
  std::optional<Marks> found = marks_on(smaller, factor * further);
  if (!found || sides_reached(found->box, smaller.size) > 0) return std::nullopt;
  found->box = enlarged(found->box, further, picture.size);
  return found;
}

int longer_side(const Box& box) {
  return std::max(box.width, box.height);
}

bool encloses(const Box& outer, const Box& inner) {
  return outer.left <= inner.left && outer.top <= inner.top &&
         outer.left + outer.width >= inner.left + inner.width &&
         outer.top + outer.height >= inner.top + inner.height;
}

// How far the levels of the paper lie apart, 0 … 255, when shading has been taken away from a
// picture of light ink; 256 if nothing stands out from it.
int unevenness(const Gray& picture) {
  const std::optional<Ink> ink = ink_of(picture);
  if (!ink) return 256;
  const Histogram levels = count_levels(ink->gray.levels);
  return quantile(levels, 0, 127, 0.9) - quantile(levels, 0, 127, 0.1);
}

// Where the border does not tell and most of the picture is dark, both are looked for. Ink encloses
// paper, as a 2 does and a 4; so what is dark and encloses what is light is ink, unless its edges
// are as soft as those of a shadow. Around ink, lit paper passes for ink of the other tone, but
// fades outwards: the ink has the sharper edges, or leaves the evener paper. Else what is light is
// taken for lit paper if it encloses what is dark and is much thicker, and for ink if it is not.
bool ink_is_dark(const Gray& picture) {
  if (const std::optional<bool> light_paper = paper_is_light(picture)) return *light_paper;
  if (quantile(count_levels(picture.levels), 0, 255, 0.5) >= 128) return true;
  const int factor = reduction(picture, kGlance);
  const Gray overview = reduce(picture, factor);
  const std::optional<Marks> light = marks_on(overview, factor);
  if (!light || sides_reached(light->box, overview.size) > 0) return true;
  const std::optional<Marks> dark = marks_on(inverse(overview), factor);
  if (!dark) return false;
  const auto thickness = [](const Marks& marks) {
    return stroke_thickness(marks.read.levels, marks.read.size);
  };
  const double sharper = dark->sharpness - light->sharpness;
  if (encloses(dark->box, light->box) && sharper > -kMuchSharper) return true;
  if (std::abs(sharper) > kSharper) return sharper > 0;
  const int evener = unevenness(overview) - unevenness(inverse(overview));
  if (std::abs(evener) > kEvener) return evener > 0;
  if (!encloses(light->box, dark->box)) return true;
  return thickness(*light) > kSpot * thickness(*dark) &&
         kSpot * longer_side(dark->box) > longer_side(light->box);
}

Box around(const Box& box, Size2 size) {
  const int margin = static_cast<int>(std::lround(kMargin * std::max(box.width, box.height)));
  const int left = std::max(0, box.left - margin), top = std::max(0, box.top - margin);
  return {left, top, std::min(size.width, box.left + box.width + margin) - left,
          std::min(size.height, box.top + box.height + margin) - top};
}

Box moved(Box box, int right, int down) {
  box.left += right;
  box.top += down;
  return box;
}

// Shift that brings the centre of mass to the middle of `wanted`, in whole pixels.
struct Shift {
  std::ptrdiff_t y = 0;
  std::ptrdiff_t x = 0;
};

Shift centring_shift(const Redrawn& drawing, Size2 wanted) {
  const auto width = static_cast<std::size_t>(drawing.size.width);
  double mass = 0;
  double moment_y = 0;
  double moment_x = 0;
  for (std::size_t i = 0; i < drawing.levels.size(); ++i) {
    mass += drawing.levels[i];
    moment_y += drawing.levels[i] * static_cast<double>(i / width);
    moment_x += drawing.levels[i] * static_cast<double>(i % width);
  }
  return {std::lround(wanted.height / 2.0 - moment_y / mass),
          std::lround(wanted.width / 2.0 - moment_x / mass)};
}

// The brightest pixel becomes 255.
std::vector<std::uint8_t> place(const Redrawn& drawing, Size2 wanted) {
  const double brightest = *std::max_element(drawing.levels.begin(), drawing.levels.end());
  const Shift shift = centring_shift(drawing, wanted);
  const auto height = static_cast<std::ptrdiff_t>(wanted.height);
  const auto width = static_cast<std::ptrdiff_t>(wanted.width);
  std::vector<std::uint8_t> result(static_cast<std::size_t>(height * width));
  for (std::size_t i = 0; i < drawing.levels.size(); ++i) {
    const std::ptrdiff_t y = static_cast<std::ptrdiff_t>(i) / drawing.size.width + shift.y;
    const std::ptrdiff_t x = static_cast<std::ptrdiff_t>(i) % drawing.size.width + shift.x;
    if (y < 0 || y >= height || x < 0 || x >= width) continue;
    result[static_cast<std::size_t>(y * width + x)] =
        static_cast<std::uint8_t>(std::lround(drawing.levels[i] * 255 / brightest));
  }
  return result;
}

}  // namespace

std::optional<Drawing> find_drawing(const Gray& picture, const DrawingStyle& style, Invert invert) {
  const int factor = reduction(picture, kWorkingSide);
  Gray overview = reduce(picture, factor);
  const Box sheet = leave_frame_out(overview);
  Drawing drawing;
  drawing.inverted =
      invert == Invert::yes || (invert == Invert::automatic && ink_is_dark(overview));
  const auto light_ink = [&drawing](Gray gray) {
    return drawing.inverted ? inverse(std::move(gray)) : gray;
  };
  overview = light_ink(std::move(overview));
  std::optional<Marks> marks = marks_on(overview, factor);
  if (!marks) marks = unsharp_marks_on(overview, factor);
  if (!marks) return std::nullopt;
  drawing.marks = marks->count;
  drawing.box = enlarged(moved(marks->box, sheet.left, sheet.top), factor, picture.size);
  const Box close = around(drawing.box, picture.size);
  const Gray closer = cut_out(picture, close);
  const int closer_factor = reduction(closer, kWorkingSide);
  if (closer_factor < factor) {
    if (auto again = marks_on(light_ink(reduce(closer, closer_factor)), closer_factor)) {
      marks = std::move(again);
      drawing.box = moved(enlarged(marks->box, closer_factor, closer.size), close.left, close.top);
    }
  }
  drawing.levels = place(redraw(marks->read, style.box, style.strokes), style.size);
  return drawing;
}

}  // namespace cnn
