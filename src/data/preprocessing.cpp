#include "data/preprocessing.hpp"

#include <cmath>
#include <string>

#include "cnn/error.hpp"

#include "base/vectors.hpp"

namespace cnn {
namespace {

// In double and rounded once, as the table is: a byte's value gives the table's bits.
CNN_INLINE void normalise(View x, double mean, double scale) {
  for (Real& value : x) value = static_cast<Real>(scale * (value - mean));
}

// The shape, if there are such images and it has that many channels.
const Shape& checked(const Shape& shape, const Preprocessing& preprocessing) {
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1) {
    throw ShapeError("pixel table: there are no images of " + to_string(shape));
  }
  const auto channels = static_cast<std::size_t>(shape.channels);
  if (preprocessing.mean.size() != channels || preprocessing.scale.size() != channels) {
    throw ShapeError("pixel table: " + std::to_string(preprocessing.mean.size()) + " means and " +
                     std::to_string(preprocessing.scale.size()) + " scales for images of " +
                     to_string(shape) + "; each channel takes one of both");
  }
  return shape;
}

// x is to hold an image of that shape, made of `values` values.
void require_size(std::size_t values, CView x, const Shape& shape) {
  if (values == shape.size() && x.size() == values) return;
  throw ShapeError("pixel table: an image of " + std::to_string(values) + " values for " +
                   std::to_string(x.size()) + ", expected " + std::to_string(shape.size()) + " (" +
                   to_string(shape) + "); prepare_image brings any picture to that shape");
}

}  // namespace

Preprocessing measure_preprocessing(const Dataset& dataset, const Selection& selection) {
  if (selection.empty()) {
    throw ArgumentError("measure_preprocessing: without an image there is nothing to measure");
  }
  Preprocessing result;
  const auto channels = static_cast<std::size_t>(dataset.shape.channels);
  const std::size_t plane = dataset.shape.size() / channels;
  const double count = static_cast<double>(selection.size()) * static_cast<double>(plane);
  for (std::size_t c = 0; c < channels; ++c) {
    // Bytes: the sums are exact integers, so the order of the images does not matter.
    std::uint64_t sum = 0;
    std::uint64_t squares = 0;
    for (const std::uint32_t i : selection) {
      for (const std::uint64_t pixel : dataset.image(i).subspan(c * plane, plane)) {
        sum += pixel;
        squares += pixel * pixel;
      }
    }
    const double mean = static_cast<double>(sum) / count;
    const double variance = static_cast<double>(squares) / count - mean * mean;
    constexpr double kNoVariance = 1e-9;  // far below that of a single differing pixel
    result.mean.push_back(mean);
    result.scale.push_back(variance > kNoVariance ? 1.0 / std::sqrt(variance) : 1.0);
  }
  return result;
}

PixelTable::PixelTable(const Preprocessing& preprocessing, const Shape& shape)
    : preprocessing_(preprocessing),
      shape_(checked(shape, preprocessing)),
      plane_(shape.size() / static_cast<std::size_t>(shape.channels)) {
  for (std::size_t c = 0; c < preprocessing.mean.size(); ++c) {
    for (int pixel = 0; pixel < 256; ++pixel) {
      table_.push_back(static_cast<Real>(preprocessing.scale[c] * (pixel - preprocessing.mean[c])));
    }
  }
}

void PixelTable::apply(std::span<const std::uint8_t> pixels, View x) const {
  require_size(pixels.size(), x, shape_);
  for (std::size_t at = 0; at < pixels.size(); at += plane_) {
    const Real* table = &table_[at / plane_ * 256];
    for (std::size_t i = at; i < at + plane_; ++i) x[i] = table[pixels[i]];
  }
}

void PixelTable::apply(View x) const {
  require_size(x.size(), x, shape_);
  for (std::size_t c = 0; c * plane_ < x.size(); ++c) {
    vectorized<normalise>(x.subspan(c * plane_, plane_), preprocessing_.mean[c],
                          preprocessing_.scale[c]);
  }
}

}  // namespace cnn
