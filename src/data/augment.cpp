#include "data/augment.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/lanes.hpp"
#include "base/random.hpp"
#include "base/vectors.hpp"
#include "config/config_visitor.hpp"
#include "data/augment_pixels.hpp"

namespace cnn {
namespace {

// Zeros around an image: a row and a column before it, two after it. A source is moved to where it
// is at most one pixel outside; interpolation reads one further.
constexpr std::size_t kBefore = 1;
constexpr std::size_t kAround = 3;

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
  kContrast
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

bool only_shifts(const Distortion& d) {
  return d.angle == 0 && d.scale_x == 1 && d.scale_y == 1 && d.shear == 0 && !d.flip;
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

// The plane, moved as a whole.
CNN_VECTORIZED void shift_plane(const std::uint8_t* plane, std::int64_t height, std::int64_t width,
                                std::int64_t down, std::int64_t right, Real* image) {
  const std::int64_t begin = std::clamp<std::int64_t>(right, 0, width);
  const std::int64_t end = std::clamp<std::int64_t>(width + right, 0, width);
  for (std::int64_t y = 0; y < height; ++y, image += width) {
    const std::int64_t from = y - down;
    if (from < 0 || from >= height || begin >= end) {
      std::fill(image, image + width, Real{0});
      continue;
    }
    const std::uint8_t* row = plane + from * width;
    std::fill(image, image + begin, Real{0});
    for (std::int64_t x = begin; x < end; ++x) image[x] = row[x - right];
    std::fill(image + end, image + width, Real{0});
  }
}

// Copies the plane into the middle of its zeros.
CNN_VECTORIZED void fill_source(const std::uint8_t* plane, std::size_t height, std::size_t width,
                                Real* source) {
  source += kBefore * (width + kAround) + kBefore;
  for (std::size_t y = 0; y < height; ++y, plane += width, source += width + kAround) {
    for (std::size_t x = 0; x < width; ++x) source[x] = plane[x];
  }
}

struct Planes {
  const Real* source;  // (H + 3, W + 3)
  const Real* dx;      // (H, pitch)
  const Real* dy;      // (H, pitch)
  std::size_t pitch;
  std::size_t height;
  std::size_t width;
};

// image_yx = (1−b)·((1−a)·s_vu + a·s_v,u+1) + b·((1−a)·s_v+1,u + a·s_v+1,u+1), u and v being the
// whole parts of the source's position and a and b what remains of it.
CNN_VECTORIZED void sample(const Planes& planes, const InverseMap& map, Real* image) {
  const Real* source = planes.source;
  const int width = static_cast<int>(planes.width);
  const int height = static_cast<int>(planes.height);
  const int stride = width + static_cast<int>(kAround);
  const Real right = static_cast<Real>(width) + Real{kBefore};
  const Real bottom = static_cast<Real>(height) + Real{kBefore};
  const Real ux = static_cast<Real>(map.ux), vx = static_cast<Real>(map.vx);
  for (int y = 0; y < height; ++y, image += width) {
    const Real* dx = planes.dx + static_cast<std::size_t>(y) * planes.pitch;
    const Real* dy = planes.dy + static_cast<std::size_t>(y) * planes.pitch;
    // Counted from the corner of the zeros: nothing is below 0, and cutting off rounds down.
    const Real u0 = static_cast<Real>(map.uy * y + map.u0 + double{kBefore});
    const Real v0 = static_cast<Real>(map.vy * y + map.v0 + double{kBefore});
    for (int x = 0; x < width; ++x) {
      const Real u = std::clamp(ux * static_cast<Real>(x) + u0 + dx[x], Real{0}, right);
      const Real v = std::clamp(vx * static_cast<Real>(x) + v0 + dy[x], Real{0}, bottom);
      const int column = static_cast<int>(u), row = static_cast<int>(v);
      const Real a = u - static_cast<Real>(column), b = v - static_cast<Real>(row);
      const int at = row * stride + column;
      const Real above = source[at] + a * (source[at + 1] - source[at]);
      const Real below = source[at + stride] + a * (source[at + stride + 1] - source[at + stride]);
      image[x] = above + b * (below - above);
    }
  }
}

// row_x = Σ_k w_k·line_{x+k} for the `pitch` elements of a row.
CNN_VECTORIZED void smooth_row(const Real* line, const Real* weights, std::size_t taps,
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
CNN_VECTORIZED void smooth_columns(const Real* rows, std::size_t height, std::size_t pitch,
                                   const Real* weights, std::size_t radius, Real scale,
                                   Real* field) {
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

void visit(ConfigVisitor& visitor, AugmentOptions& augment) {
  constexpr Bounds kProbability{.low = 0, .high = 1};
  constexpr Bounds kShare{.low = 0, .high = 1, .below_high = true};
  visitor.integer("shift", augment.shift, {.low = 0, .high = 1000});
  visitor.real("rotate", augment.rotate, {.low = 0, .high = 180});
  visitor.real("scale", augment.scale, {.low = 0, .high = 0.9});
  visitor.real("shear", augment.shear, {.low = 0, .high = 2});
  if (visitor.wants("elastic", augment.elastic.alpha > 0)) {
    visitor.section("elastic", "", [&](ConfigVisitor& inner) {
      inner.real("sigma", augment.elastic.sigma, {.low = 0.1, .high = 100});
      inner.real("alpha", augment.elastic.alpha, {.low = 0, .high = 10000}, Presence::required);
    });
  }
  visitor.real("flip", augment.flip, kProbability);
  visitor.real("thickness", augment.thickness, {.low = 0, .high = 100});
  visitor.real("brightness", augment.brightness, kShare);
  visitor.real("contrast", augment.contrast, kShare);
  visitor.real("noise", augment.noise, {.low = 0, .high = 255});
  if (visitor.wants("erase", augment.erase.size > 0)) {
    visitor.section("erase", "", [&](ConfigVisitor& inner) {
      inner.integer("size", augment.erase.size, {.low = 0, .high = 32768}, Presence::required);
      inner.real("probability", augment.erase.probability, kProbability);
    });
  }
  visitor.real("until", augment.until, {.low = 0, .high = 1, .above_low = true});
}

bool AugmentOptions::is_on() const {
  return shift > 0 || rotate > 0 || scale > 0 || shear > 0 || elastic.alpha > 0 || flip > 0 ||
         thickness > 0 || brightness > 0 || contrast > 0 || noise > 0 ||
         (erase.size > 0 && erase.probability > 0);
}

// With p = (x, y) − middle: q = R·K·D·F·p + t, D scaling, K shearing, R rotating, F flipping. The
// inverse is p = F·D⁻¹·K⁻¹·Rᵀ·(q − t).
InverseMap inverse_map(const Distortion& d, const Shape& shape) {
  const double middle_x = 0.5 * (shape.width - 1), middle_y = 0.5 * (shape.height - 1);
  const double cosine = std::cos(d.angle), sine = std::sin(d.angle);
  const double scale_x = d.flip ? -d.scale_x : d.scale_x;
  InverseMap map;
  map.ux = (cosine + d.shear * sine) / scale_x;
  map.uy = (sine - d.shear * cosine) / scale_x;
  map.vx = -sine / d.scale_y;
  map.vy = cosine / d.scale_y;
  const double x = middle_x + d.shift_x, y = middle_y + d.shift_y;
  map.u0 = middle_x - map.ux * x - map.uy * y;
  map.v0 = middle_y - map.vx * x - map.vy * y;
  return map;
}

Augmenter::Augmenter(const AugmentOptions& options, const Shape& shape, std::uint64_t seed)
    : options_(options),
      shape_(shape),
      seed_(seed),
      height_(static_cast<std::size_t>(shape.height)),
      width_(static_cast<std::size_t>(shape.width)),
      pitch_((width_ + kPair - 1) / kPair * kPair) {
  if (options_.elastic.alpha == 0) return;
  // Beyond 3σ lie 0.3 % of a Gaussian; beyond the image lies nothing to be smoothed.
  radius_ = std::min(static_cast<std::size_t>(std::ceil(3 * options_.elastic.sigma)),
                     std::max(height_, width_) - 1);
  weights_ = gaussian(options_.elastic.sigma, radius_);
}

Augmenter::Scratch Augmenter::make_scratch() const {
  const std::size_t field = height_ * pitch_;
  Scratch scratch;
  scratch.source.resize((height_ + kAround) * (width_ + kAround));
  scratch.dx.resize(field);
  scratch.dy.resize(field);
  if (options_.elastic.alpha > 0) {
    scratch.draws.resize(height_ * width_);
    scratch.line.resize(pitch_ + 2 * radius_);
    scratch.rows.resize(field);
  }
  if (options_.noise > 0) scratch.noise.resize(shape_.size());
  if (options_.thickness > 0) {
    scratch.strokes.resize(shape_.size());
    scratch.work.resize(thicken_bytes(shape_));
  }
  return scratch;
}

std::size_t Augmenter::scratch_bytes() const {
  const std::size_t geometry = (height_ + kAround) * (width_ + kAround) + 2 * height_ * pitch_;
  const std::size_t elastic =
      options_.elastic.alpha > 0 ? height_ * (width_ + pitch_) + pitch_ + 2 * radius_ : 0;
  const std::size_t noise = options_.noise > 0 ? shape_.size() : 0;
  const std::size_t strokes = options_.thickness > 0 ? shape_.size() + thicken_bytes(shape_) : 0;
  return (geometry + elastic + noise) * sizeof(Real) + strokes;
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
  d.flip = uniform(random, kFlip) < options_.flip;
  return d;
}

void Augmenter::smooth(double scale, Scratch& scratch, std::vector<Real>& field) const {
  for (std::size_t y = 0; y < height_; ++y) {
    Real* line = scratch.line.data() + radius_;
    const Real* draws = scratch.draws.data() + y * width_;
    for (std::size_t x = 0; x < width_; ++x) line[x] = 2 * draws[x] - 1;
    smooth_row(scratch.line.data(), weights_.data(), weights_.size(), pitch_,
               scratch.rows.data() + y * pitch_);
  }
  smooth_columns(scratch.rows.data(), height_, pitch_, weights_.data(), radius_,
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
  const std::size_t plane = height_ * width_;
  const InverseMap map = inverse_map(distortion, shape_);
  const Planes planes{
      scratch.source.data(), scratch.dx.data(), scratch.dy.data(), pitch_, height_, width_};
  for (std::size_t at = 0; at < pixels.size(); at += plane) {
    fill_source(&pixels[at], height_, width_, scratch.source.data());
    sample(planes, map, &image[at]);
  }
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
  if (options_.thickness > 0) pixels = thicken_strokes(stream, pixels, scratch);
  const Distortion distortion = draw(epoch, index);
  if (options_.elastic.alpha > 0) {
    draw_displacements(epoch, index, scratch);
    warp(pixels, distortion, scratch, image);
  } else if (only_shifts(distortion)) {
    for (std::size_t at = 0; at < pixels.size(); at += height_ * width_) {
      shift_plane(&pixels[at], shape_.height, shape_.width, distortion.shift_y, distortion.shift_x,
                  &image[at]);
    }
  } else {
    warp(pixels, distortion, scratch, image);
  }
  change_light(stream, image);
  if (options_.noise > 0) add_noise(stream, scratch, image);
  if (options_.erase.size > 0) erase(stream, image);
}

}  // namespace cnn
