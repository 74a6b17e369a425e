// Augmentation: training images, distorted anew in every epoch.
//
// Legend: C channels, H rows, W columns. x counts columns to the right, y rows downwards, in
// pixels; the image's middle is ((W − 1)/2, (H − 1)/2). Outside the image everything is background,
// 0.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cnn/shape.hpp"

#include "base/view.hpp"

namespace cnn {

class ConfigVisitor;

// Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual
// document analysis", ICDAR 2003: every pixel moves by two fields, uniform on ±1, that are smoothed
// by a Gaussian and scaled.
struct ElasticOptions {
  double sigma = 4;  // deviation of the Gaussian, in pixels
  double alpha = 0;  // scale, in pixels; 0 = none

  bool operator==(const ElasticOptions&) const = default;
};

// A square that is blanked.
struct EraseOptions {
  std::int64_t size = 0;     // side in pixels, cut to the image's; 0 = none
  double probability = 0.5;  // that an image loses one

  bool operator==(const EraseOptions&) const = default;
};

// What is drawn for each sample; uniformly, unless an option says otherwise. The defaults change
// nothing. The order of application: thickness, the geometry (shift to flip) at once, brightness,
// contrast, noise, erase.
struct AugmentOptions {
  std::int64_t shift = 0;  // whole pixels, ±, in each direction
  double rotate = 0;       // degrees, ±
  double scale = 0;        // height and width, each by a factor of 1 ± scale
  double shear = 0;        // x moves by ±shear·y
  ElasticOptions elastic = {};
  double flip = 0;  // probability that left and right are swapped
  // Pixels, ±, by which light strokes on a dark background grow or are thinned.
  double thickness = 0;
  // A factor of 1 ± x, the values then cut to 0 … 255: of the values, and of their distance from
  // the mean of the image in grey, 0.299·R + 0.587·G + 0.114·B where there are three channels.
  double brightness = 0;
  double contrast = 0;
  double noise = 0;  // deviation of the normal noise on each value, which is not clipped afterwards
  EraseOptions erase = {};
  // Part of the run after which images are trained on as they stand. The caller of the training
  // step applies it.
  double until = 1;

  bool operator==(const AugmentOptions&) const = default;
  bool is_on() const;
};

// The keys of data.augment.
void visit(ConfigVisitor& visitor, AugmentOptions& augment);

// One sample's geometry, elastic apart: about the image's middle it is flipped, scaled, sheared
// (x ← x + shear·y) and rotated, in this order, then shifted.
struct Distortion {
  int shift_x = 0;  // pixels
  int shift_y = 0;
  double angle = 0;  // radians, from the x to the y axis: clockwise to the eye
  double scale_x = 1;
  double scale_y = 1;
  double shear = 0;
  bool flip = false;
};

// Pixel (x, y) of a distorted copy comes from column u = ux·x + uy·y + u0 and row v = vx·x + vy·y +
// v0 of the image.
struct InverseMap {
  double ux = 1, uy = 0, u0 = 0;
  double vx = 0, vy = 1, v0 = 0;
};
InverseMap inverse_map(const Distortion& distortion, const Shape& shape);

// Draws and applies distortions. Each is a function of (seed, epoch, index of the image in its
// dataset): which thread asks for it, and when, does not matter. Immutable; any thread may use it,
// with a Scratch of its own.
class Augmenter {
 public:
  Augmenter(const AugmentOptions& options, const Shape& shape, std::uint64_t seed);

  // What one thread works in; made once, for any number of images.
  struct Scratch {
    std::vector<Real> source;  // (H + 3, W + 3), the image with zeros around it
    std::vector<Real> dx;      // (H, pitch), how far from (u, v) a pixel's source lies
    std::vector<Real> dy;      // (H, pitch)
    std::vector<Real> draws;   // (H, W), of elastic only, as are line and rows
    std::vector<Real> line;    // (radius + pitch + radius), a row with zeros around it
    std::vector<Real> rows;    // (H, pitch), smoothed along x
    std::vector<Real> noise;   // (C, H, W), of noise only

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
  void smooth(double scale, Scratch& scratch, std::vector<Real>& field) const;
  std::span<const std::uint8_t> thicken_strokes(std::uint64_t stream,
                                                std::span<const std::uint8_t> pixels,
                                                Scratch& scratch) const;
  void change_light(std::uint64_t stream, View image) const;
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
