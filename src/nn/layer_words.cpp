#include "nn/layer_words.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace cnn {
namespace {

std::string short_text(Size2 size) {
  return size.height == size.width ? std::to_string(size.height) : to_string(size);
}

// Are told by the output's shape, or seldom matter (those of batch_norm).
constexpr std::array<std::string_view, 3> kLeftOut = {"count", "momentum", "epsilon"};

class OptionWords final : public OptionSink {
 public:
  // A default says nothing new, unless it is the stride of a kernel or the layer's only option.
  std::string text() const {
    std::string text;
    for (const OptionState& o : options_) {
      if (std::find(kLeftOut.begin(), kLeftOut.end(), o.key) != kLeftOut.end()) continue;
      if (o.key == "stride") {
        text += "/" + short_text(std::get<Size2>(o.value));
      } else if (!o.is_default || options_.size() == 1) {
        text += (text.empty() ? "" : " ") + words(o);
      }
    }
    return text;
  }

  void option(const OptionState& state) override { options_.push_back(state); }

 private:
  static std::string words(const OptionState& o) {
    const std::string key(o.key);
    if (const auto* name = std::get_if<std::string_view>(&o.value)) return std::string(*name);
    if (const auto* is_on = std::get_if<bool>(&o.value)) return (*is_on ? "" : "no ") + key;
    if (const auto* size = std::get_if<Size2>(&o.value)) {
      return key == "kernel" ? to_string(*size) : key + " " + short_text(*size);
    }
    if (const auto* real = std::get_if<double>(&o.value)) return key + " " + number_text(*real);
    return key + " " + std::to_string(std::get<std::int64_t>(o.value));
  }

  std::vector<OptionState> options_;
};

}  // namespace

std::string option_words(const Layer& layer) {
  OptionWords words;
  layer.describe(words);
  return words.text();
}

std::size_t learnt_values(const Network& network, const Network::Node& node) {
  std::size_t sum = 0;
  for (std::size_t k = 0; k < node.plan.parameters.size(); ++k) {
    const Parameter& p = network.parameters()[node.first_parameter + k];
    if (p.is_learnt()) sum += p.size;
  }
  return sum;
}

}  // namespace cnn
