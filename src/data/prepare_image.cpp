#include "data/prepare_image.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>

#include "cnn/error.hpp"

#include "data/image/colour.hpp"
#include "data/image/drawing.hpp"
#include "data/image/resample.hpp"
#include "data/picture_options.hpp"

namespace cnn {
namespace {

// A change of the ratio of width to height that people should know of.
constexpr double kNotableStretch = 1.05;

Size2 size_of(const Shape& shape) {
  return {shape.height, shape.width};
}

// As pictures' sizes are given everywhere: width first.
std::string width_by_height(Size2 size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

std::string colour_name(int channels) {
  return channels == 1 ? "gray" : "RGB";
}

std::vector<std::uint8_t> inverse(std::vector<std::uint8_t> pixels) {
  for (std::uint8_t& level : pixels) level = static_cast<std::uint8_t>(255 - level);
  return pixels;
}

// Whether the picture's border is of the other tone than the set's.
bool must_invert(std::span<const std::uint8_t> pixels, const Shape& shape,
                 const ImageStatistics& statistics) {
  const Background wanted = background(statistics);
  if (wanted == Background::unknown) return false;
  const double border = border_mean(pixels, shape);
  return wanted == Background::dark ? border > 127.5 : border < 127.5;
}

// Every channel to the wanted height and width.
std::vector<std::uint8_t> resize(std::span<const std::uint8_t> pixels, const Shape& shape,
                                 const Shape& wanted) {
  const std::size_t area = pixels.size() / static_cast<std::size_t>(shape.channels);
  std::vector<std::uint8_t> result;
  for (std::size_t start = 0; start < pixels.size(); start += area) {
    for (const double level :
         resample(pixels.subspan(start, area), size_of(shape), size_of(wanted))) {
      result.push_back(static_cast<std::uint8_t>(std::lround(level)));
    }
  }
  return result;
}

// " (stretched: width to height was 2.00, is 1.00)", or nothing if it is about the same.
std::string stretch_note(Size2 from, Size2 to) {
  const double before = static_cast<double>(from.width) / from.height;
  const double after = static_cast<double>(to.width) / to.height;
  if (std::max(before, after) <= kNotableStretch * std::min(before, after)) return "";
  char note[80];
  std::snprintf(note, sizeof note, " (stretched: width to height was %.2f, is %.2f)", before,
                after);
  return note;
}

// `light_wanted`: the training set shows dark on light.
std::string inversion_note(bool inverted, Invert invert, bool light_wanted) {
  if (!inverted) return "";
  if (invert == Invert::yes) return ", inverted as asked";
  return light_wanted ? ", inverted (light on dark)" : ", inverted (dark on light)";
}

// What was done to bring the picture to its size.
std::string size_note(Size2 from, Size2 to, const std::optional<Fit>& fit) {
  if (fit == Fit::crop) return ", cropped and scaled to " + width_by_height(to);
  if (fit == Fit::pad) return ", scaled and padded to " + width_by_height(to);
  return ", resized to " + width_by_height(to) + stretch_note(from, to);
}

std::string describe(const PreparedImage& prepared, const Shape& wanted,
                     const std::string& inversion, const std::optional<Fit>& fit) {
  std::string text;
  if (prepared.recoloured || prepared.inverted || prepared.resized || prepared.centred ||
      prepared.is_blank()) {
    const Size2 from = size_of(prepared.original);
    const Size2 to = size_of(wanted);
    text = width_by_height(from) + " " + colour_name(prepared.original.channels);
    if (prepared.recoloured) text += " -> " + colour_name(wanted.channels);
    text += inversion;
    if (prepared.is_blank()) text += ", nothing is drawn on it";
    if (prepared.centred) {
      text += ", digit centred in " + width_by_height(to);
    } else if (prepared.resized) {
      text += size_note(from, to, fit);
    }
  } else {
    text = "used as it is";
  }
  if (prepared.centred && prepared.found->marks > 1) {
    const Box& box = *prepared.found->box;
    text += "; of " + std::to_string(prepared.found->marks) + " separate marks that of " +
            width_by_height({box.height, box.width}) + " at " + std::to_string(box.left) + "," +
            std::to_string(box.top) + " is read";
  }
  return text;
}

// As find_drawing, in the set's polarity.
std::optional<Drawing> redraw_as(const ImageStatistics& statistics, const PreparedImage& prepared,
                                 const Shape& wanted, Invert invert) {
  // The numbers come from a model file: no drawing of a training set was larger than its images.
  const int largest = std::max(wanted.height, wanted.width);
  const DrawingStyle style{size_of(wanted),
                           std::clamp(statistics.box, 1, largest),
                           {statistics.drawings.thinnest, statistics.drawings.thickest}};
  const bool light_set = background(statistics) == Background::light;
  // Inverted means: not the set's polarity. The search asks whether the ink is dark.
  if (light_set && invert != Invert::automatic) {
    invert = invert == Invert::yes ? Invert::no : Invert::yes;
  }
  auto drawing = find_drawing({size_of(prepared.original), prepared.pixels}, style, invert);
  if (drawing && light_set) {
    drawing->levels = inverse(std::move(drawing->levels));
    drawing->inverted = !drawing->inverted;
  }
  return drawing;
}

// `prepared.pixels` are the picture's, in one channel.
void prepare_drawing(PreparedImage& prepared, const Shape& wanted,
                     const ImageStatistics& statistics, Invert invert) {
  const Shape shape{1, prepared.original.height, prepared.original.width};
  std::optional<Drawing> drawing = redraw_as(statistics, prepared, wanted, invert);
  prepared.found.emplace();
  if (drawing) *prepared.found = {drawing->marks, drawing->box};
  const auto choose = [&](bool inverted) {
    prepared.inverted = inverted;
    if (inverted) prepared.pixels = inverse(std::move(prepared.pixels));
  };
  if (!prepared.resized && drawing) {
    const bool inverted =
        invert == Invert::yes ||
        (invert == Invert::automatic && must_invert(prepared.pixels, shape, statistics));
    const auto pixels = inverted ? inverse(prepared.pixels) : prepared.pixels;
    if (is_like(statistics, pixels, shape)) return choose(inverted);
  }
  if (drawing) {
    prepared.pixels = std::move(drawing->levels);
    prepared.inverted = drawing->inverted;
    prepared.centred = true;
    return;
  }
  choose(invert == Invert::yes ||
         (invert == Invert::automatic && must_invert(prepared.pixels, shape, statistics)));
  if (prepared.resized) prepared.pixels = resize(prepared.pixels, shape, wanted);
}

}  // namespace

PreparedImage prepare_image(const Image& image, const Shape& wanted,
                            const ImageStatistics& statistics, Invert invert, Prepare prepare,
                            const std::optional<Fit>& fit) {
  if (wanted.channels != 1 && wanted.channels != 3) {
    throw ShapeError("pictures have 1 channel (grey) or 3 (colour), the network takes " +
                     to_string(wanted) + "; it cannot be shown picture files");
  }
  PreparedImage prepared;
  prepared.original = image.shape;
  prepared.recoloured = image.shape.channels != wanted.channels;
  prepared.resized = size_of(image.shape) != size_of(wanted);
  Shape shape = image.shape;
  shape.channels = wanted.channels;
  prepared.pixels = recoloured(image, wanted.channels).pixels;
  const bool as_it_stands = prepare == Prepare::no && !prepared.resized;
  if (statistics.centred && wanted.channels == 1 && !as_it_stands) {
    prepare_drawing(prepared, wanted, statistics, invert);
  } else if (fit) {
    prepared.inverted = invert == Invert::yes;
    if (prepared.inverted) prepared.pixels = inverse(std::move(prepared.pixels));
    prepared.pixels = fitted_picture({shape, std::move(prepared.pixels)}, wanted, *fit).pixels;
  } else {
    prepared.inverted = invert == Invert::yes || (invert == Invert::automatic && !as_it_stands &&
                                                  must_invert(prepared.pixels, shape, statistics));
    if (prepared.inverted) prepared.pixels = inverse(std::move(prepared.pixels));
    if (prepared.resized) prepared.pixels = resize(prepared.pixels, shape, wanted);
  }
  prepared.description = describe(
      prepared, wanted,
      inversion_note(prepared.inverted, invert, background(statistics) == Background::light), fit);
  return prepared;
}

}  // namespace cnn
