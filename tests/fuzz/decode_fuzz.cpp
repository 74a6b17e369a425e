// A picture file to its pixels and to a size: the decoders alone, of which there can be many more
// runs than of `image`. What is mutated is mended (picture_mutator.cpp).

#include "data/image/decode.hpp"
#include "data/image/fit.hpp"
#include "fuzz.hpp"

namespace {

using namespace cnn;
using namespace cnn::fuzz;

constexpr std::size_t kSmall = std::size_t{1} << 16;  // values of a picture that costs no time

void check_shape(const Image& image) {
  require(image.shape.channels == 1 || image.shape.channels == 3, "a picture is grey or coloured");
  require(image.shape.height >= 1 && image.shape.width >= 1, "a picture has pixels");
  require(image.pixels.size() == image.shape.size(), "there are as many as the shape says");
}

void check_fits(const ReducedImage& picture) {
  for (const Size2 size : {Size2{3, 5}, Size2{1, 1}}) {
    for (const Fit fit : {Fit::crop, Fit::pad, Fit::stretch}) {
      const Image small = fitted(picture, size, fit, {1, 2, 3});
      check_shape(small);
      require(small.shape.height == size.height && small.shape.width == size.width,
              "a picture is brought to the size");
      require(small.shape.channels == picture.image.shape.channels, "colours stay");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = text_of(data, size);
  const auto image = accepted([&] { return decode_picture(bytes); });
  const auto reduced = accepted([&] { return decode_reduced(bytes, {2, 3}); });
  require(!image || reduced, "what is read is read at a smaller scale, too");
  if (!image) return 0;
  check_shape(*image);
  require(looks_like_picture(bytes), "what is read is known as a picture");
  check_shape(reduced->image);
  require(reduced->original == Size2{image->shape.height, image->shape.width},
          "the full size is told");
  if (image->pixels.size() <= kSmall) check_fits(*reduced);
  return 0;
}
