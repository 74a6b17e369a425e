#include "apps/preview.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "data/augment.hpp"

namespace cnn::app {
namespace {

constexpr std::size_t kRows = 8;
constexpr std::size_t kEpochs = 11;
constexpr std::size_t kGap = 2;  // pixels between the images, and around them
constexpr std::uint8_t kGapGrey = 96;

// The pictures of a sheet, side by side in rows.
class Sheet {
 public:
  Sheet(const Shape& picture, std::size_t rows, std::size_t columns)
      : channels_(picture.channels == 3 ? 3 : 1),
        height_(static_cast<std::size_t>(picture.height)),
        width_(static_cast<std::size_t>(picture.width)) {
    image_.shape = {static_cast<int>(channels_), static_cast<int>(rows * (height_ + kGap) + kGap),
                    static_cast<int>(columns * (width_ + kGap) + kGap)};
    image_.pixels.assign(image_.shape.size(), kGapGrey);
  }

  // values: (C, H, W), of 0 … 255; what lies outside is cut off.
  void put(std::size_t row, std::size_t column, std::span<const Real> values) {
    const auto sheet_height = static_cast<std::size_t>(image_.shape.height);
    const auto sheet_width = static_cast<std::size_t>(image_.shape.width);
    const std::size_t top = row * (height_ + kGap) + kGap;
    const std::size_t left = column * (width_ + kGap) + kGap;
    for (std::size_t i = 0; i < channels_ * height_ * width_; ++i) {
      const std::size_t c = i / (height_ * width_), y = i / width_ % height_, x = i % width_;
      image_.pixels[(c * sheet_height + top + y) * sheet_width + left + x] =
          static_cast<std::uint8_t>(std::lround(std::clamp(values[i], Real{0}, Real{255})));
    }
  }

  Image take() && { return std::move(image_); }

 private:
  std::size_t channels_;
  std::size_t height_;
  std::size_t width_;
  Image image_;
};

}  // namespace

Image preview_sheet(const RunConfig& config, const TrainingData& data) {
  const Shape& shape = data.dataset.shape;
  const std::size_t rows = std::min(kRows, data.split.train.size());
  const Augmenter augmenter(config.data.augment, shape, config.training.seed);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  std::vector<Real> image(shape.size());
  Sheet sheet(shape, rows, 1 + kEpochs);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint32_t place = data.split.train[row];
    const std::span<const std::uint8_t> pixels = data.dataset.image(place);
    std::copy(pixels.begin(), pixels.end(), image.begin());
    sheet.put(row, 0, image);
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      augmenter.apply(pixels, epoch, place, scratch, image);
      sheet.put(row, 1 + epoch, image);
    }
  }
  return std::move(sheet).take();
}

}  // namespace cnn::app
