#include "report/equations.hpp"

#include <array>
#include <variant>

namespace cnn::report {
namespace {

constexpr std::array kEquations = {
    Equations{"conv", "z = W ∗ a + b: each kernel slides over the maps",
              "rot180(W) slides over the padded δ", "∂J/∂W: δ slides over a; ∂J/∂b = Σ δ"},
    Equations{"fc", "z = W·a + b", "Wᵀ·δ", "∂J/∂W = δ·aᵀ, ∂J/∂b = δ"},
    Equations{"relu", "a = max(0, z)", "δ where z > 0, else 0", ""},
    Equations{"sigmoid", "a = 1/(1 + e⁻ᶻ)", "δ·a·(1 − a)", ""},
    Equations{"tanh", "a = tanh(z)", "δ·(1 − a²)", ""},
    Equations{"batch_norm", "each channel scaled and shifted by its statistics",
              "δ times the channel’s scale", ""},
    Equations{"dropout", "as it is; it drops in training alone", "δ as it is", ""},
    Equations{"add", "the sum of its inputs", "δ to each of them", ""},
    Equations{"concat", "the channels of its inputs, one after the other", "δ in parts", ""},
};

// The key of a pooling layer that decides its equations.
class PoolKind final : public OptionSink {
 public:
  void option(const OptionState& state) override {
    if (state.key != "type") return;
    if (const auto* name = std::get_if<std::string_view>(&state.value)) is_max = *name == "max";
  }
  bool is_max = false;
};

}  // namespace

bool is_max_pooling(const Network::Node& node) {
  if (node.spec.type != "pool") return false;
  PoolKind kind;
  node.spec.layer->describe(kind);
  return kind.is_max;
}

Equations equations_of(const Network::Node& node) {
  if (is_max_pooling(node)) {
    return {"pool", "the maximum of each window", "δ to the maximum alone", ""};
  }
  if (node.spec.type == "pool") {
    return {"pool", "the mean of each window", "δ in equal shares", ""};
  }
  for (const Equations& equations : kEquations) {
    if (equations.type == node.spec.type) return equations;
  }
  return {node.spec.type, "a = f(z)", "δ·f′(z)", ""};
}

}  // namespace cnn::report
