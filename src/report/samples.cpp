#include "report/samples.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/augment.hpp"
#include "report/numbers.hpp"
#include "report/tiles.hpp"

namespace cnn::report {
namespace {

// Images of the set as tiles, reduced to what a page needs.
class Strip {
 public:
  Strip(const Shape& shape, std::size_t count)
      : shape_(shape),
        size_(small(std::vector<std::uint8_t>(shape.size()))),
        tiles_(tiles(count)) {}

  void add(const std::vector<Real>& values) {
    std::vector<std::uint8_t> pixels;
    for (const Real value : values) {
      pixels.push_back(static_cast<std::uint8_t>(std::clamp(value, Real{0}, Real{255})));
    }
    add(pixels);
  }
  void add(std::span<const std::uint8_t> pixels) {
    const Image image = small(pixels);
    const std::vector<Real> values(image.pixels.begin(), image.pixels.end());
    tiles_.add_levels(values, static_cast<std::size_t>(image.shape.channels));
  }
  const Image& image() const { return tiles_.image(); }

 private:
  Image small(std::span<const std::uint8_t> pixels) const { return small_picture(pixels, shape_); }
  Tiles tiles(std::size_t count) const {
    return {count, count, {size_.shape.height, size_.shape.width}};
  }

  Shape shape_;
  Image size_;  // any image, for its reduced size
  Tiles tiles_;
};

bool add_strip(Fields& fields, const std::string& list, Fields strip, const Image& image,
               PictureBudget& budget) {
  const std::optional<std::string> uri = budget.uri(image);
  if (!uri) return false;
  strip.text("uri", *uri);
  strip.text("width", std::to_string(image.shape.width));
  strip.text("height", std::to_string(image.shape.height));
  fields.add(list, std::move(strip));
  return true;
}

std::vector<Real> mean_of(const Dataset& data, const std::vector<std::uint32_t>& members) {
  std::vector<double> sums(data.shape.size());
  for (const std::uint32_t i : members) {
    const std::span<const std::uint8_t> pixels = data.image(i);
    for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += pixels[j];
  }
  std::vector<Real> mean;
  for (const double sum : sums) {
    mean.push_back(static_cast<Real>(sum / static_cast<double>(members.size())));
  }
  return mean;
}

}  // namespace

void add_samples(Fields& fields, const ScoredRun& run, PictureBudget& budget) {
  constexpr std::size_t kMostClasses = 50, kSamples = 8;
  const std::vector<std::string>& names = run.info().classes;
  const Dataset& data = run.dataset();
  if (names.size() > kMostClasses) return;
  std::vector<std::vector<std::uint32_t>> members(names.size());
  for (const std::uint32_t i : run.selection()) members[data.labels[i]].push_back(i);
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (members[k].empty()) continue;
    const std::size_t shown = std::min(members[k].size(), kSamples);
    Strip strip(data.shape, 1 + shown);
    strip.add(mean_of(data, members[k]));
    for (std::size_t i = 0; i < shown; ++i) strip.add(data.image(members[k][i]));
    Fields of_class;
    of_class.text("class", names[k]).text("count", counted(members[k].size(), "image"));
    if (!add_strip(fields, "samples", std::move(of_class), strip.image(), budget)) break;
    fields.show("has_samples").show("has_images");
  }
}

void add_augmented(Fields& fields, const ScoredRun& run, PictureBudget& budget) {
  constexpr std::size_t kImages = 8, kEpochs = 8;
  const RunConfig& config = run.info().config;
  const Dataset& data = run.dataset();
  if (!config.data.augment.is_on()) return;
  const Augmenter augmenter(config.data.augment, data.shape, config.training.seed);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  std::vector<Real> distorted(data.shape.size());
  for (std::size_t i = 0; i < std::min(kImages, run.selection().size()); ++i) {
    const std::uint32_t index = run.selection()[i];
    Strip strip(data.shape, 1 + kEpochs);
    strip.add(data.image(index));
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      augmenter.apply(data.image(index), epoch, index, scratch, distorted);
      strip.add(distorted);
    }
    Fields of_image;
    of_image.text("name", run.image_name(index));
    if (!add_strip(fields, "augmented", std::move(of_image), strip.image(), budget)) break;
    fields.show("has_augmented").show("has_images");
  }
}

}  // namespace cnn::report
