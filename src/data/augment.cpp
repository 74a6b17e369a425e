#include "data/augment.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/lanes.hpp"
#include "base/random.hpp"
#include "base/vectors.hpp"
#include "data/augment_pixels.hpp"

namespace cnn {
namespace {

// Fields go through the Gaussian two vectors at a time: the sums of one wait for the other's less.
constexpr std::size_t kLanes = 8;
constexpr std::size_t kPair = 2 * kLanes;

// The numbers that are drawn for a sample, each from a block of its own.
enum Draws : std::uint64_t {
  kShiftX,
  kShiftY,
  kRotate,
  kScaleX,
  kScaleY,
  kShear,
  kFlip,
  kErase,
  kEraseX,
  kEraseY,
  kThickness,
  kBrightness,
  kContrast,
  kFlipVertical,
  kTurn,
  kSaturation,
  kHue,
  kCrop = 32  // and the blocks behind it
};

double uniform(const Random& random, Draws what) {
  return random.uniform(4 * std::uint64_t{what});
}

// Uniform on ±range.
double spread(const Random& random, Draws what, double range) {
  return range * (2 * uniform(random, what) - 1);
}

// Uniform on 0 … most.
std::size_t whole(const Random& random, Draws what, std::size_t most) {
  return random.below(what, static_cast<std::uint32_t>(most + 1));
}

int whole_spread(const Random& random, Draws what, std::int64_t range) {
  const auto most = static_cast<std::size_t>(2 * range);
  return static_cast<int>(static_cast<std::int64_t>(whole(random, what, most)) - range);
}

Size2 size_of(const Shape& shape) {
  return {shape.height, shape.width};
}

// Weights of a Gaussian at −radius … radius, their sum 1.
std::vector<Real> gaussian(double sigma, std::size_t radius) {
  std::vector<double> weights;
  for (std::size_t k = 0; k <= 2 * radius; ++k) {
    const double distance = static_cast<double>(k) - static_cast<double>(radius);
    weights.push_back(std::exp(-distance * distance / (2 * sigma * sigma)));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<Real> result;
  for (const double weight : weights) result.push_back(static_cast<Real>(weight / sum));
  return result;
}

// row_x = Σ_k w_k·line_{x+k} for the `pitch` elements of a row.
CNN_INLINE void smooth_row(const Real* line, const Real* weights, std::size_t taps,
                           std::size_t pitch, Real* row) {
  for (std::size_t x = 0; x < pitch; x += kPair) {
    Lanes8 left{}, right{};
    for (std::size_t k = 0; k < taps; ++k) {
      left += weights[k] * load<Lanes8>(line + x + k);
      right += weights[k] * load<Lanes8>(line + x + k + kLanes);
    }
    store(left, row + x);
    store(right, row + x + kLanes);
  }
}

// field_yx = scale·Σ_k w_k·rows_{y+k−radius,x}, k over the rows that there are.
CNN_INLINE void smooth_columns(const Real* rows, std::size_t height, std::size_t pitch,
                               const Real* weights, std::size_t radius, Real scale, Real* field) {
  for (std::size_t y = 0; y < height; ++y, field += pitch) {
    const std::size_t first = y > radius ? y - radius : 0;
    const std::size_t last = std::min(y + radius, height - 1);
    for (std::size_t x = 0; x < pitch; x += kPair) {
      Lanes8 left{}, right{};
      for (std::size_t from = first; from <= last; ++from) {
        const Real weight = weights[from + radius - y];
        left += weight * load<Lanes8>(rows + from * pitch + x);
        right += weight * load<Lanes8>(rows + from * pitch + x + kLanes);
      }
      store<Lanes8>(scale * left, field + x);
      store<Lanes8>(scale * right, field + x + kLanes);
    }
  }
}

}  // namespace

Augmenter::Augmenter(const AugmentOptions& options, const Shape& shape, std::uint64_t seed)
    : options_(options),
      shape_(shape),
      seed_(seed),
      height_(static_cast<std::size_t>(shape.height)),
      width_(static_cast<std::size_t>(shape.width)),
      pitch_((width_ + kPair - 1) / kPair * kPair) {
  check_augment(options, shape);
  if (options_.elastic.alpha == 0) return;
  // Beyond 3σ lie 0.3 % of a Gaussian; beyond the image lies nothing to be smoothed.
  radius_ = std::min(static_cast<std::size_t>(std::ceil(3 * options_.elastic.sigma)),
                     std::max(height_, width_) - 1);
  weights_ = gaussian(options_.elastic.sigma, radius_);
}

Augmenter::Scratch Augmenter::make_scratch() const {
  const std::size_t field = height_ * pitch_;
  Scratch scratch;
  scratch.source.resize(warp_size(shape_));
  scratch.dx.resize(field);
  scratch.dy.resize(field);
  if (options_.elastic.alpha > 0) {
    scratch.draws.resize(height_ * width_);
    scratch.line.resize(pitch_ + 2 * radius_);
    scratch.rows.resize(field);
  }
  if (options_.noise > 0) scratch.noise.resize(shape_.size());
  if (options_.crop.area[0] < 1) {
    scratch.part.resize(shape_.size());
    scratch.scaler.emplace(size_of(shape_), size_of(shape_));
  }
  if (options_.thickness > 0) {
    scratch.strokes.resize(shape_.size());
    scratch.work.resize(thicken_bytes(shape_));
  }
  return scratch;
}

std::size_t Augmenter::scratch_bytes() const {
  const std::size_t geometry = warp_size(shape_) + 2 * height_ * pitch_;
  const std::size_t elastic =
      options_.elastic.alpha > 0 ? height_ * (width_ + pitch_) + pitch_ + 2 * radius_ : 0;
  const std::size_t noise = options_.noise > 0 ? shape_.size() : 0;
  const std::size_t strokes = options_.thickness > 0 ? shape_.size() + thicken_bytes(shape_) : 0;
  const std::size_t crop = options_.crop.area[0] < 1
                               ? shape_.size() + CropScaler::bytes(size_of(shape_), size_of(shape_))
                               : 0;
  return (geometry + elastic + noise) * sizeof(Real) + strokes + crop;
}

Distortion Augmenter::draw(std::uint64_t epoch, std::uint32_t index) const {
  const Random random(seed_, Purpose::augment, mix(epoch, index));
  Distortion d;
  d.shift_x = whole_spread(random, kShiftX, options_.shift);
  d.shift_y = whole_spread(random, kShiftY, options_.shift);
  d.angle = spread(random, kRotate, options_.rotate) * std::numbers::pi / 180;
  d.scale_x = 1 + spread(random, kScaleX, options_.scale);
  d.scale_y = 1 + spread(random, kScaleY, options_.scale);
  d.shear = spread(random, kShear, options_.shear);
  d.flip = uniform(random, kFlip) < options_.flip.horizontal;
  d.flip_vertical = uniform(random, kFlipVertical) < options_.flip.vertical;
  if (options_.turn) d.quarters = static_cast<int>(whole(random, kTurn, 3));
  return d;
}

void Augmenter::smooth(double scale, Scratch& scratch, std::vector<Real>& field) const {
  for (std::size_t y = 0; y < height_; ++y) {
    Real* line = scratch.line.data() + radius_;
    const Real* draws = scratch.draws.data() + y * width_;
    for (std::size_t x = 0; x < width_; ++x) line[x] = 2 * draws[x] - 1;
    vectorized<smooth_row>(scratch.line.data(), weights_.data(), weights_.size(), pitch_,
                           scratch.rows.data() + y * pitch_);
  }
  vectorized<smooth_columns>(scratch.rows.data(), height_, pitch_, weights_.data(), radius_,
                             static_cast<Real>(scale), field.data());
}

void Augmenter::draw_displacements(std::uint64_t epoch, std::uint32_t index,
                                   Scratch& scratch) const {
  std::uint64_t axis = 0;
  for (std::vector<Real>* field : {&scratch.dx, &scratch.dy}) {
    Random(seed_, Purpose::elastic, mix(epoch, index, axis++)).uniforms(scratch.draws);
    smooth(options_.elastic.alpha, scratch, *field);
  }
}

void Augmenter::warp(std::span<const std::uint8_t> pixels, const Distortion& distortion,
                     Scratch& scratch, View image) const {
  warp_pixels(pixels, shape_, inverse_map(distortion, shape_),
              {scratch.dx.data(), scratch.dy.data(), pitch_}, options_.fill, scratch.source, image);
}

std::span<const std::uint8_t> Augmenter::crop(std::uint64_t stream,
                                              std::span<const std::uint8_t> pixels,
                                              Scratch& scratch) const {
  const Size2 size = size_of(shape_);
  const CropBox box =
      draw_crop(options_.crop, size, size, Random(seed_, Purpose::augment, stream), kCrop);
  scratch.scaler->scale(pixels, box, scratch.part);
  return scratch.part;
}

std::span<const std::uint8_t> Augmenter::thicken_strokes(std::uint64_t stream,
                                                         std::span<const std::uint8_t> pixels,
                                                         Scratch& scratch) const {
  const Random random(seed_, Purpose::augment, stream);
  const double pixels_grown = spread(random, kThickness, options_.thickness);
  thicken(pixels, shape_, static_cast<int>(std::lround(kThicknessSteps * pixels_grown)),
          scratch.work, scratch.strokes);
  return scratch.strokes;
}

void Augmenter::change_light(std::uint64_t stream, View image) const {
  const Random random(seed_, Purpose::augment, stream);
  if (options_.brightness > 0) {
    const double factor = 1 + spread(random, kBrightness, options_.brightness);
    scale_brightness(static_cast<Real>(factor), image);
  }
  if (options_.contrast > 0) {
    const double factor = 1 + spread(random, kContrast, options_.contrast);
    scale_contrast(static_cast<Real>(factor), shape_, image);
  }
  change_colours(random, image);
}

void Augmenter::change_colours(const Random& random, View image) const {
  if (options_.saturation > 0) {
    const double factor = 1 + spread(random, kSaturation, options_.saturation);
    scale_saturation(static_cast<Real>(factor), image);
  }
  if (options_.hue > 0) turn_hue(static_cast<Real>(spread(random, kHue, options_.hue)), image);
}

void Augmenter::add_noise(std::uint64_t stream, Scratch& scratch, View image) const {
  Random(seed_, Purpose::noise, stream).normals(scratch.noise);
  const Real deviation = static_cast<Real>(options_.noise);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] += deviation * scratch.noise[i];
}

void Augmenter::erase(std::uint64_t stream, View image) const {
  const Random random(seed_, Purpose::augment, stream);
  if (uniform(random, kErase) >= options_.erase.probability) return;
  const auto size = static_cast<std::size_t>(options_.erase.size);
  const std::size_t rows = std::min(size, height_), columns = std::min(size, width_);
  const std::size_t top = whole(random, kEraseY, height_ - rows);
  const std::size_t left = whole(random, kEraseX, width_ - columns);
  for (std::size_t at = 0; at < image.size(); at += height_ * width_) {
    for (std::size_t y = top; y < top + rows; ++y) {
      const View row = image.subspan(at + y * width_ + left, columns);
      std::fill(row.begin(), row.end(), Real{0});
    }
  }
}

void Augmenter::apply(std::span<const std::uint8_t> pixels, std::uint64_t epoch,
                      std::uint32_t index, Scratch& scratch, View image) const {
  assert(pixels.size() == shape_.size() && image.size() == shape_.size());
  const std::uint64_t stream = mix(epoch, index);
  if (options_.crop.area[0] < 1) pixels = crop(stream, pixels, scratch);
  if (options_.thickness > 0) pixels = thicken_strokes(stream, pixels, scratch);
  const Distortion distortion = draw(epoch, index);
  if (options_.elastic.alpha > 0) {
    draw_displacements(epoch, index, scratch);
    warp(pixels, distortion, scratch, image);
  } else if (only_moves(distortion)) {
    move_pixels(pixels, shape_, inverse_map(distortion, shape_), options_.fill, image);
  } else {
    warp(pixels, distortion, scratch, image);
  }
  change_light(stream, image);
  if (options_.noise > 0) add_noise(stream, scratch, image);
  if (options_.erase.size > 0) erase(stream, image);
}

}  // namespace cnn
