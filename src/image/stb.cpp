#include "image/stb.hpp"

#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "image/byte_reader.hpp"

namespace {

// The decoder does not look at every result of malloc. What it holds when this throws is lost.
void* or_throw(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS 4096
// Zeroed memory: a broken file never turns what lay there before into pixels or tables.
#define STBI_MALLOC(size) or_throw(std::calloc(1, size))
#define STBI_REALLOC(block, size) or_throw(std::realloc(block, size))
#define STBI_FREE(block) std::free(block)
// A file must not be able to abort the program; every assertion of the decoder stands beside a
// bound of its own.
#define STBI_ASSERT(condition) static_cast<void>(0)

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-function"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <stb_image.h>
#include <stb_image_write.h>
#pragma GCC diagnostic pop

namespace cnn {
namespace {

using Block = std::unique_ptr<stbi_uc, decltype(&std::free)>;

// c·a + white·(1 − a), rounded to nearest.
std::uint8_t over_white(unsigned colour, unsigned alpha) {
  return static_cast<std::uint8_t>((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}

// From samples side by side (grey, grey and alpha, RGB, RGB and alpha) to channel after channel.
Image from_interleaved(const stbi_uc* samples, int width, int height, int samples_a_pixel) {
  const bool has_alpha = samples_a_pixel % 2 == 0;
  Image image;
  image.shape = {samples_a_pixel <= 2 ? 1 : 3, height, width};
  image.pixels.resize(image.shape.size());
  const auto channels = static_cast<std::size_t>(image.shape.channels);
  const auto step = static_cast<std::size_t>(samples_a_pixel);
  const std::size_t area = image.pixels.size() / channels;
  for (std::size_t place = 0; place < area; ++place) {
    const stbi_uc* pixel = samples + place * step;
    const unsigned alpha = has_alpha ? pixel[channels] : 255U;
    for (std::size_t channel = 0; channel < channels; ++channel) {
      image.pixels[channel * area + place] = over_white(pixel[channel], alpha);
    }
  }
  return image;
}

}  // namespace

Image decode_with_stb(std::string_view bytes) {
  int width = 0;
  int height = 0;
  int samples_a_pixel = 0;
  const Block samples(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()),
                            static_cast<int>(bytes.size()), &width, &height, &samples_a_pixel, 0),
      &std::free);
  if (!samples) {
    throw PictureError(std::string("the picture cannot be decoded (") + stbi_failure_reason() +
                       "); save it again, as PNG");
  }
  return from_interleaved(samples.get(), width, height, samples_a_pixel);
}

std::string encode_png(const Image& image) {
  const int channels = image.shape.channels;
  assert(channels == 1 || channels == 3);
  const std::size_t area = image.pixels.size() / static_cast<std::size_t>(channels);
  std::string interleaved;
  interleaved.reserve(image.pixels.size());
  for (std::size_t place = 0; place < area; ++place) {
    for (std::size_t at = place; at < image.pixels.size(); at += area) {
      interleaved += static_cast<char>(image.pixels[at]);
    }
  }
  int length = 0;
  const Block png(stbi_write_png_to_mem(reinterpret_cast<const unsigned char*>(interleaved.data()),
                                        image.shape.width * channels, image.shape.width,
                                        image.shape.height, channels, &length),
                  &std::free);
  if (!png) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(png.get()), static_cast<std::size_t>(length)};
}

}  // namespace cnn
