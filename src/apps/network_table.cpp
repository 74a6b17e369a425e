#include "apps/network_table.hpp"

#include <iterator>

#include <fmt/format.h>

#include "apps/console.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

// The options of a layer in a few words: "5x5", "max 2x2/2", "rate 0.5".
class OptionWords final : public OptionVisitor {
 public:
  const std::string& text() const { return text_; }

  void integer(std::string_view key, std::int64_t& value, Bounds, Presence) override {
    if (key == "count" || value == 1) return;  // the count shows in the output, one group is usual
    add(fmt::format("{} {}", key, value));
  }
  void real(std::string_view key, double& value, Bounds, Presence) override {
    if (key == "momentum" || key == "epsilon") return;  // of batch_norm: they seldom matter
    add(fmt::format("{} {}", key, value));
  }
  void size2(std::string_view key, Size2& value, Bounds, Presence) override {
    if (key == "kernel") {
      add(to_string(value));
    } else if (key == "stride") {
      text_ += "/" + short_text(value);
    } else if (value != (key == "pad" ? Size2{0, 0} : Size2{1, 1})) {
      add(fmt::format("{} {}", key, short_text(value)));
    }
  }
  void boolean(std::string_view key, bool& value) override {
    const bool usual = key == "bias";
    if (value != usual) add(fmt::format("{}{}", value ? "" : "no ", key));
  }
  void one_of(std::string_view, std::size_t& index, std::span<const std::string_view> names,
              Presence) override {
    if (names[index] != "floor") add(std::string(names[index]));  // the usual way of rounding
  }

 private:
  void add(const std::string& word) { text_ += (text_.empty() ? "" : " ") + word; }
  static std::string short_text(Size2 size) {
    return size.height == size.width ? std::to_string(size.height) : to_string(size);
  }

  std::string text_;
};

std::string option_words(const Layer& layer) {
  OptionWords words;
  layer.clone()->options(words);  // a visitor may write
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
