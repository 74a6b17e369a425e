#include "cnn/registry.hpp"

#include <algorithm>
#include <array>

#include "cnn/layers/activation.hpp"
#include "cnn/layers/add.hpp"
#include "cnn/layers/concat.hpp"
#include "cnn/layers/convolution.hpp"
#include "cnn/layers/dropout.hpp"
#include "cnn/layers/fully_connected.hpp"
#include "cnn/layers/pooling.hpp"

namespace cnn {
namespace {

template <typename T>
std::unique_ptr<Layer> make() {
  return std::make_unique<T>();
}

constexpr bool kWeights = true;
constexpr bool kNoWeights = false;

// clang-format off
constexpr std::array<LayerEntry, 9> kEntries = {{
    {"conv",    make<Convolution>,    kWeights,   1, "{count: 4, kernel: [3, 2], stride: [1, 2], pad: 1}"},
    {"pool",    make<Pooling>,        kNoWeights, 1, "{type: max, kernel: 3, stride: 2, pad: 1}"},
    {"fc",      make<FullyConnected>, kWeights,   1, "{count: 5}"},
    {"relu",    make_relu,            kNoWeights, 1, "{}"},
    {"sigmoid", make_sigmoid,         kNoWeights, 1, "{}"},
    {"tanh",    make_tanh,            kNoWeights, 1, "{}"},
    {"dropout", make<Dropout>,        kNoWeights, 1, "{rate: 0.25}"},
    {"add",     make<Add>,            kNoWeights, 2, "{}"},
    {"concat",  make<Concat>,         kNoWeights, 2, "{}"},
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
