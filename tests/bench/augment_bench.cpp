#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/kernels.hpp"
#include "data/augment.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

struct AugmentCase {
  const char* name;
  AugmentOptions options;
};

const std::array<AugmentCase, 13> kCases = {{
    {"crop", {.crop = {.area = {0.3, 1}}}},
    {"shift", {.shift = 4}},
    {"flip", {.flip = {.horizontal = 0.5}}},
    {"turn", {.turn = true}},
    {"rotate", {.rotate = 15}},
    {"rotate, edge", {.rotate = 15, .fill = Fill::edge}},
    {"elastic", {.elastic = {.sigma = 4, .alpha = 20}}},
    {"thickness", {.thickness = 1}},
    {"brightness", {.brightness = 0.2}},
    {"contrast", {.contrast = 0.2}},
    {"saturation", {.saturation = 0.2}},
    {"hue", {.hue = 0.1}},
    {"noise", {.noise = 5}},
}};

// Images of 3x32x32 in turn, as one worker has them.
void time_augmenter(benchmark::State& state, const AugmentOptions& options) {
  const Dataset dataset = make_dataset({3, 32, 32}, 256, 10);
  const Augmenter augmenter(options, dataset.shape, 1);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  std::vector<Real> image(dataset.shape.size());
  std::uint32_t place = 0;
  for (auto _ : state) {
    augmenter.apply(dataset.image(place % 256), place / 256, place % 256, scratch, image);
    benchmark::ClobberMemory();
    ++place;
  }
  state.counters["per pixel"] = benchmark::Counter(
      1e-9 * 32 * 32, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

}  // namespace

void register_augmentation() {
  for (const AugmentCase& c : kCases) {
    benchmark::RegisterBenchmark(("augment/" + std::string(c.name)).c_str(), time_augmenter,
                                 c.options);
  }
}

}  // namespace cnn
