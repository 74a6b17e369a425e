#include "data/image/stb.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "data/image/byte_reader.hpp"
#include "data/image/sample_depth.hpp"

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
#define STBI_MAX_DIMENSIONS 16384
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

using Block = std::unique_ptr<void, decltype(&std::free)>;

// Less than this much of what can be seen is dark: what is drawn is light.
constexpr double kDarkPart = 0.02;

// c·a + ground·(1 − a), rounded to nearest.
std::uint8_t over(unsigned ground, unsigned colour, unsigned alpha) {
  return static_cast<std::uint8_t>((colour * alpha + ground * (255 - alpha) + 127) / 255);
}

// Samples side by side: grey, grey and alpha, RGB, or RGB and alpha.
struct Samples {
  std::span<const stbi_uc> levels;
  std::size_t per_pixel;

  bool has_alpha() const { return per_pixel % 2 == 0; }
  std::size_t colours() const { return per_pixel <= 2 ? 1 : 3; }
};

// What lies behind a picture that is transparent somewhere: white, or black if all that can be seen
// is light and would vanish on white.
unsigned ground_of(const Samples& samples) {
  std::size_t visible = 0;
  std::size_t dark = 0;
  for (std::size_t at = 0; at < samples.levels.size(); at += samples.per_pixel) {
    if (samples.levels[at + samples.colours()] < 128) continue;
    unsigned sum = 0;
    for (std::size_t c = 0; c < samples.colours(); ++c) sum += samples.levels[at + c];
    ++visible;
    dark += sum < 128 * samples.colours();
  }
  return visible > 0 && static_cast<double>(dark) <= kDarkPart * static_cast<double>(visible) ? 0
                                                                                              : 255;
}

// To channel after channel.
Image from_interleaved(const Samples& samples, int width, int height) {
  const unsigned ground = samples.has_alpha() ? ground_of(samples) : 255;
  Image image;
  image.shape = {static_cast<int>(samples.colours()), height, width};
  image.pixels.resize(image.shape.size());
  const std::size_t area = image.pixels.size() / samples.colours();
  for (std::size_t pixel = 0; pixel < area; ++pixel) {
    const auto sample = samples.levels.subspan(pixel * samples.per_pixel, samples.per_pixel);
    const unsigned alpha = samples.has_alpha() ? sample.back() : 255U;
    for (std::size_t channel = 0; channel < samples.colours(); ++channel) {
      image.pixels[channel * area + pixel] = over(ground, sample[channel], alpha);
    }
  }
  return image;
}

// 16-bit samples to bytes, in place; alpha is always full range.
std::span<const stbi_uc> to_bytes(std::span<stbi_us> samples, std::size_t per_pixel) {
  const bool has_alpha = per_pixel % 2 == 0;
  const auto is_alpha = [&](std::size_t i) { return has_alpha && i % per_pixel == per_pixel - 1; };
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!is_alpha(i)) largest = std::max<std::uint32_t>(largest, samples[i]);
  }
  const std::uint32_t range = used_range(largest, 65535);
  auto* bytes = reinterpret_cast<stbi_uc*>(samples.data());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    bytes[i] = to_byte(samples[i], is_alpha(i) ? 65535 : range);
  }
  return {bytes, samples.size()};
}

}  // namespace

Image decode_with_stb(std::string_view bytes) {
  int width = 0;
  int height = 0;
  int samples_per_pixel = 0;
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const auto size = static_cast<int>(bytes.size());
  const bool deep = stbi_is_16_bit_from_memory(data, size) != 0;
  void* const decoded =
      deep ? static_cast<void*>(
                 stbi_load_16_from_memory(data, size, &width, &height, &samples_per_pixel, 0))
           : stbi_load_from_memory(data, size, &width, &height, &samples_per_pixel, 0);
  const Block block(decoded, &std::free);
  if (!block) {
    throw PictureError(std::string("the picture cannot be decoded (") + stbi_failure_reason() +
                       "); save it again, as PNG");
  }
  const auto per_pixel = static_cast<std::size_t>(samples_per_pixel);
  const std::size_t count =
      static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * per_pixel;
  const std::span<const stbi_uc> levels =
      deep ? to_bytes({static_cast<stbi_us*>(decoded), count}, per_pixel)
           : std::span(static_cast<const stbi_uc*>(decoded), count);
  return from_interleaved({levels, per_pixel}, width, height);
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
  return {static_cast<const char*>(png.get()), static_cast<std::size_t>(length)};
}

}  // namespace cnn
