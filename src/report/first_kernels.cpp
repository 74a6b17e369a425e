#include "report/first_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "report/pictures.hpp"
#include "report/tiles.hpp"

namespace cnn::report {
namespace {

constexpr std::size_t kMost = 64;
constexpr std::size_t kColumns = 8;
constexpr int kWidth = 640;  // pixels of a screen

const Parameter* first_weight(const Network& network) {
  for (const Network::Node& node : network.nodes()) {
    if (node.spec.type != "conv" || node.inputs.front() != 0) continue;
    return &network.parameters()[node.first_parameter];
  }
  return nullptr;
}

// Of images in colour in colours, 0 in the middle; of others the first channel.
Image image_of(CView values, const Parameter& weight, std::size_t shown) {
  const auto channels = static_cast<std::size_t>(weight.dims[1]);
  const std::size_t size = values.size() / static_cast<std::size_t>(weight.dims[0]);
  const Real largest = largest_of(values);
  Tiles tiles(shown, kColumns,
              {static_cast<int>(weight.dims[2]), static_cast<int>(weight.dims[3])});
  for (std::size_t k = 0; k < shown; ++k) {
    const CView kernel = values.subspan(k * size, size);
    if (channels != 3) {
      tiles.add_signed(kernel.first(size / channels), largest);
      continue;
    }
    constexpr Real kMiddle = 127.5;
    std::vector<Real> levels;
    for (const Real w : kernel) {
      const bool has_level = largest > 0 && !std::isnan(w);
      levels.push_back(has_level ? kMiddle + kMiddle * std::clamp<Real>(w / largest, -1, 1)
                                 : kMiddle);
    }
    tiles.add_levels(levels, channels);
  }
  return tiles.image();
}

}  // namespace

void add_first_kernels(Fields& fields, const Network& network) {
  constexpr std::int64_t kLargest = 32;
  const Parameter* const weight = first_weight(network);
  if (weight == nullptr) return;
  const std::int64_t height = weight->dims[2], width = weight->dims[3];
  if (height * width < 2 || std::max(height, width) > kLargest) return;
  const auto count = static_cast<std::size_t>(weight->dims[0]);
  const std::size_t shown = std::min(count, kMost);
  const Image image = image_of(network.value(*weight), *weight, shown);
  constexpr int kLargestPixel = 12;
  const int pixel = std::clamp(kWidth / image.shape.width, 1, kLargestPixel);
  const std::string all =
      shown < count ? fmt::format("{} of {}", shown, count) : fmt::format("{}", count);
  const std::string layer = network.nodes()[weight->layer].spec.name;
  const char* const colours = weight->dims[1] == 3 ? "in the colours of the image, gray is 0"
                              : weight->dims[1] == 1
                                  ? "amber is above 0, blue below"
                                  : "the first channel, amber is above 0, blue below";
  fields.add("first_kernels", Fields()
                                  .text("uri", png_uri(image))
                                  .text("width", std::to_string(pixel * image.shape.width))
                                  .text("height", std::to_string(pixel * image.shape.height))
                                  .text("layer", layer)
                                  .text("what", fmt::format("{} kernels of {}x{}; {}", all, height,
                                                            width, colours)));
}

}  // namespace cnn::report
