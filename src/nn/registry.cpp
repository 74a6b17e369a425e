#include "nn/registry.hpp"

#include <algorithm>
#include <array>

#include "nn/layers/activation.hpp"
#include "nn/layers/add.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/concat.hpp"
#include "nn/layers/convolution.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/fully_connected.hpp"
#include "nn/layers/leaky_relu.hpp"
#include "nn/layers/pooling.hpp"

namespace cnn {
namespace {

template <typename T>
std::unique_ptr<Layer> make() {
  return std::make_unique<T>();
}

constexpr Learns kWeights = Learns::weights;
constexpr Learns kGains = Learns::gains;
constexpr Learns kNothing = Learns::nothing;

// clang-format off
constexpr std::array<LayerEntry, 11> kEntries = {{
    {"conv",       make<Convolution>,    kWeights, 1, "{count: 4, kernel: [3, 2], stride: [1, 2], pad: 1}"},
    {"pool",       make<Pooling>,        kNothing, 1, "{type: max, kernel: 3, stride: 2, pad: 1}"},
    {"fc",         make<FullyConnected>, kWeights, 1, "{count: 5}"},
    {"relu",       make_relu,            kNothing, 1, "{}"},
    {"sigmoid",    make_sigmoid,         kNothing, 1, "{}"},
    {"tanh",       make_tanh,            kNothing, 1, "{}"},
    {"leaky_relu", make<LeakyRelu>,      kNothing, 1, "{slope: 0.25}"},
    {"batch_norm", make<BatchNorm>,      kGains,   1, "{momentum: 0.25, epsilon: 0.001}"},
    {"dropout",    make<Dropout>,        kNothing, 1, "{rate: 0.25}"},
    {"add",        make<Add>,            kNothing, 2, "{}"},
    {"concat",     make<Concat>,         kNothing, 2, "{}"},
}};
// clang-format on

}  // namespace

std::span<const LayerEntry> layer_entries() {
  return kEntries;
}

const LayerEntry* find_layer_entry(std::string_view type) {
  const auto entry = std::find_if(kEntries.begin(), kEntries.end(),
                                  [&](const LayerEntry& e) { return e.type == type; });
  return entry == kEntries.end() ? nullptr : &*entry;
}

}  // namespace cnn
