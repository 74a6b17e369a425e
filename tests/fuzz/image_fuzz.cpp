// A picture file up to the network's input. What is mutated is mended (picture_mutator.cpp).

#include <algorithm>
#include <cmath>
#include <vector>

#include "cnn/image.hpp"

#include "data/prepare_image.hpp"
#include "data/preprocessing.hpp"
#include "fuzz.hpp"

namespace {

using namespace cnn;
using namespace cnn::fuzz;

constexpr int kLargestSide = 32768;
constexpr std::size_t kSmall = std::size_t{1} << 16;  // values of a picture that costs no time

// The picture survives being written and read, to the last pixel.
void check_rewriting(const Image& image) {
  static const ScratchFile copy("copy.png");
  write_png(copy.path(), image);
  const Image again = read_image(copy.path());
  require(again.shape == image.shape && again.pixels == image.pixels, "a picture survives");
}

void check_input(const Image& image, const Shape& wanted, const ImageStatistics& statistics,
                 Invert invert) {
  const PreparedImage prepared = prepare_image(image, wanted, statistics, invert);
  require(prepared.pixels.size() == wanted.size(), "the network gets the shape that it takes");
  require(prepared.original == image.shape, "the picture's own shape is told");
  require(invert != Invert::no || !prepared.inverted,
          "nothing is inverted against the user's word");
  require(invert != Invert::yes || prepared.inverted, "what is to be inverted is inverted");
  require_readable(prepared.description);
  if (image.shape == wanted && !prepared.inverted && !statistics.centred) {
    require(prepared.pixels == image.pixels, "what fits is used as it is");
  }
  if (image.shape == wanted) {
    const PreparedImage stands = prepare_image(image, wanted, statistics, invert, Prepare::no);
    require(stands.inverted == (invert == Invert::yes), "only the user's word inverts it");
    require(stands.inverted || stands.pixels == image.pixels, "what is to stand as it is stands");
  }
  if (prepared.found && prepared.found->box) {
    const Box& box = *prepared.found->box;
    require(box.left >= 0 && box.top >= 0 && box.width >= 1 && box.height >= 1 &&
                box.left + box.width <= image.shape.width &&
                box.top + box.height <= image.shape.height,
            "what is read lies on the picture");
    require(prepared.found->marks >= 1, "what is read is a mark");
  }
  const auto channels = static_cast<std::size_t>(wanted.channels);
  const PixelTable table({std::vector<double>(channels, 127), std::vector<double>(channels, 0.01)},
                         wanted);
  std::vector<Real> x(wanted.size());
  table.apply(prepared.pixels, x);
  require(std::all_of(x.begin(), x.end(), [](Real v) { return std::isfinite(v); }),
          "the network's input is finite");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  file.put(text_of(data, size));
  const auto image = accepted([&] { return read_image(file.path()); });
  if (!image) return 0;
  const Shape& shape = image->shape;
  require(shape.channels == 1 || shape.channels == 3, "a picture is grey or coloured");
  require(shape.height >= 1 && shape.height <= kLargestSide && shape.width >= 1 &&
              shape.width <= kLargestSide,
          "a picture has a side of 1 to 32768 pixels");
  require(image->pixels.size() == shape.size(), "there are as many pixels as the shape says");

  const ImageStatistics digits{0, 9, true, 20, {0.52, 18, 20, 254, 1.6, 4.6}};  // as MNIST's
  check_input(*image, {1, 28, 28}, digits, Invert::automatic);
  if (shape.size() > kSmall) return 0;
  check_rewriting(*image);
  const ImageStatistics paper{200, 255, true, 5, {1, 3, 7, 100, 0.5, 2}};  // dark on light
  check_input(*image, {1, 9, 7}, paper, Invert::automatic);
  check_input(*image, {1, shape.height, shape.width}, paper, Invert::no);
  check_input(*image, {3, 2, 40}, {}, Invert::no);
  check_input(*image, shape, {}, Invert::yes);
  return 0;
}
