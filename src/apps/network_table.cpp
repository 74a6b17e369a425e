#include "apps/network_table.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "apps/console.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

std::string short_text(Size2 size) {
  return size.height == size.width ? std::to_string(size.height) : to_string(size);
}

// Are told by the output's shape, or seldom matter (those of batch_norm).
constexpr std::array<std::string_view, 3> kLeftOut = {"count", "momentum", "epsilon"};

// Options in a few words: "5x5", "max 2x2/2", "rate 0.5".
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
    if (const auto* real = std::get_if<double>(&o.value)) return fmt::format("{} {}", key, *real);
    return fmt::format("{} {}", key, std::get<std::int64_t>(o.value));
  }

  std::vector<OptionState> options_;
};

std::string option_words(const Layer& layer) {
  OptionWords words;
  layer.describe(words);
  return words.text();
}

std::size_t parameters_of(const Network& network, const Network::Node& node) {
  std::size_t sum = 0;
  for (std::size_t k = 0; k < node.plan.parameters.size(); ++k) {
    const Parameter& p = network.parameters()[node.first_parameter + k];
    if (p.is_learnt()) sum += p.size;
  }
  return sum;
}

std::string count_or_dash(double count) {
  return count > 0 ? count_text(count) : "-";
}

// A line per layer that has something to say.
std::string notices(const Network& network) {
  std::string text;
  for (const Network::Node& node : network.nodes()) {
    if (node.plan.notice.empty()) continue;
    text += fmt::format("note: layer '{}' {}\n", node.spec.name, node.plan.notice);
  }
  return text;
}

}  // namespace

std::string network_table(const RunConfig& config, const Network& network, std::size_t memory) {
  std::string text = fmt::format(" {:>2}  {:<12} {:<10} {:<16} {:>10} {:>11} {:>10}\n", "#",
                                 "layer", "type", "", "output", "parameters", "MACs");
  double multiply_adds = 0;
  std::size_t number = 0;
  for (const Network::Node& node : network.nodes()) {
    std::string from;
    for (const std::string& name : node.spec.from) from += (from.empty() ? "  from " : ", ") + name;
    fmt::format_to(
        std::back_inserter(text), " {:>2}  {:<12} {:<10} {:<16} {:>10} {:>11} {:>10}{}\n", ++number,
        node.spec.name, node.spec.type, option_words(*node.spec.layer), to_string(node.plan.output),
        count_or_dash(static_cast<double>(parameters_of(network, node))),
        count_or_dash(static_cast<double>(node.plan.multiply_adds)), from);
    multiply_adds += static_cast<double>(node.plan.multiply_adds);
  }
  text += fmt::format("     {:<40} {:>22} {:>10}   memory {} at batch {}\n",
                      kLossNames[static_cast<std::size_t>(config.loss)], network.parameter_count(),
                      count_text(multiply_adds), bytes_text(static_cast<double>(memory)),
                      config.training.batch);
  return text + notices(network);
}

}  // namespace cnn::app
