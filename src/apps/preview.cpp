#include "apps/preview.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "apps/sheet.hpp"
#include "data/augment.hpp"

namespace cnn::app {
namespace {

constexpr std::size_t kRows = 8;
constexpr std::size_t kEpochs = 11;

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
    sheet.put(row, 0, pixels);
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      augmenter.apply(pixels, epoch, place, scratch, image);
      sheet.put(row, 1 + epoch, std::span<const Real>(image));
    }
  }
  return std::move(sheet).take();
}

}  // namespace cnn::app
