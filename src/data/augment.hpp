// Augmentation: training images, distorted anew in every epoch.
//
// Legend: C channels, H rows, W columns.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cnn/shape.hpp"

#include "base/view.hpp"
#include "data/augment_crop.hpp"
#include "data/augment_geometry.hpp"
#include "data/augment_options.hpp"

namespace cnn {

// Draws and applies distortions. Each is a function of (seed, epoch, index of the image in its
// dataset): which thread asks for it, and when, does not matter. Immutable; any thread may use it,
// with a Scratch of its own.
class Augmenter {
 public:
  // Throws ConfigError if the options do not suit images of that shape (check_augment).
  Augmenter(const AugmentOptions& options, const Shape& shape, std::uint64_t seed);

  // What one thread works in; made once, for any number of images.
  struct Scratch {
    std::vector<Real> source;  // (warp_size)
    std::vector<Real> dx;      // (H, pitch), how far from (u, v) a pixel's source lies
    std::vector<Real> dy;      // (H, pitch)
    std::vector<Real> draws;   // (H, W), of elastic only, as are line and rows
    std::vector<Real> line;    // (radius + pitch + radius), a row with zeros around it
    std::vector<Real> rows;    // (H, pitch), smoothed along x
    std::vector<Real> noise;   // (C, H, W), of noise only

    // Of crop only.
    std::vector<std::uint8_t> part;  // (C, H, W)
    std::optional<CropScaler> scaler;

    // Of thickness only.
    std::vector<std::uint8_t> strokes;  // (C, H, W)
    std::vector<std::uint8_t> work;     // (thicken_bytes)
  };
  Scratch make_scratch() const;
  // Bytes of one.
  std::size_t scratch_bytes() const;

  // pixels: (C, H, W) → image: the same shape, in pixel values (0 … 255 but for noise). Assigns all
  // of image; allocates nothing.
  void apply(std::span<const std::uint8_t> pixels, std::uint64_t epoch, std::uint32_t index,
             Scratch& scratch, View image) const;

  // The geometry that apply draws.
  Distortion draw(std::uint64_t epoch, std::uint32_t index) const;
  // Assigns scratch.dx and dy: elastic's displacements. Requires options.elastic.alpha > 0.
  void draw_displacements(std::uint64_t epoch, std::uint32_t index, Scratch& scratch) const;
  // Applies the distortion together with scratch.dx and dy, which are zeros at first: each pixel is
  // the bilinear interpolation of the four around its source.
  void warp(std::span<const std::uint8_t> pixels, const Distortion& distortion, Scratch& scratch,
            View image) const;

  // Elements from row to row of dx and dy.
  std::size_t pitch() const { return pitch_; }

 private:
  std::span<const std::uint8_t> crop(std::uint64_t stream, std::span<const std::uint8_t> pixels,
                                     Scratch& scratch) const;
  void smooth(double scale, Scratch& scratch, std::vector<Real>& field) const;
  std::span<const std::uint8_t> thicken_strokes(std::uint64_t stream,
                                                std::span<const std::uint8_t> pixels,
                                                Scratch& scratch) const;
  void change_light(std::uint64_t stream, View image) const;
  void change_colours(const Random& random, View image) const;
  void add_noise(std::uint64_t stream, Scratch& scratch, View image) const;
  void erase(std::uint64_t stream, View image) const;

  AugmentOptions options_;
  Shape shape_;
  std::uint64_t seed_;
  std::size_t height_;
  std::size_t width_;
  std::size_t pitch_;          // W, rounded up to whole vectors
  std::size_t radius_ = 0;     // taps of the Gaussian on either side
  std::vector<Real> weights_;  // (2·radius + 1), their sum is 1
};

}  // namespace cnn
