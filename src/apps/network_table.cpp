#include "apps/network_table.hpp"

#include <iterator>
#include <string>

#include <fmt/format.h>

#include "apps/console.hpp"
#include "base/text.hpp"
#include "nn/layer_words.hpp"

namespace cnn::app {
namespace {

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
        count_or_dash(static_cast<double>(learnt_values(network, node))),
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
