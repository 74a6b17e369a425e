#include "nn/registry.hpp"

#include <algorithm>
#include <array>

#include "nn/layers/activation.hpp"
#include "nn/layers/add.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/concat.hpp"
#include "nn/layers/convolution.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/elu.hpp"
#include "nn/layers/fully_connected.hpp"
#include "nn/layers/leaky_relu.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/relu6.hpp"

namespace cnn {
namespace {

constexpr Learns kWeights = Learns::weights;
constexpr Learns kGains = Learns::gains;
constexpr Learns kNothing = Learns::nothing;

// clang-format off
constexpr auto kEntries = std::to_array<LayerEntry>({
    {"conv",       make_convolution,     kWeights, 1, "{count: 4, kernel: [3, 2], stride: [1, 2], pad: 1}"},
    {"pool",       make_pooling,         kNothing, 1, "{type: max, kernel: 3, stride: 2, pad: 1}"},
    {"fc",         make_fully_connected, kWeights, 1, "{count: 5}"},
    {"relu",       make_relu,            kNothing, 1, "{}"},
    {"relu6",      make_relu6,           kNothing, 1, "{}"},
    {"sigmoid",    make_sigmoid,         kNothing, 1, "{}"},
    {"tanh",       make_tanh,            kNothing, 1, "{}"},
    {"leaky_relu", make_leaky_relu,      kNothing, 1, "{slope: 0.25}"},
    {"elu",        make_elu,             kNothing, 1, "{scale: 0.5}"},
    {"batch_norm", make_batch_norm,      kGains,   1, "{momentum: 0.25, epsilon: 0.001}"},
    {"dropout",    make_dropout,         kNothing, 1, "{rate: 0.25}"},
    {"add",        make_add,             kNothing, 2, "{}"},
    {"concat",     make_concat,          kNothing, 2, "{}"},
});
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
