#include "report/network_view.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "base/text.hpp"
#include "nn/layer_words.hpp"
#include "report/network_graph.hpp"
#include "report/numbers.hpp"

namespace cnn::report {
namespace {

std::string grouped_or_dash(std::uint64_t count) {
  return count > 0 ? grouped(count) : "–";
}

// A dash for what takes nothing.
std::string microseconds(double seconds) {
  return seconds > 0 ? fmt::format("{:.1f}", 1e6 * seconds) : "–";
}

// A file beside the run may be of another network.
bool are_of(const std::vector<LayerTime>& times, const Network& network) {
  return std::ranges::equal(
      times, network.nodes(),
      [](const LayerTime& time, const Network::Node& node) { return time.name == node.spec.name; });
}

}  // namespace

void add_network(Fields& fields, const Network& network, const std::vector<LayerTime>& times) {
  add_graph(fields, network);
  const bool timed = are_of(times, network);
  LayerTime sum;
  std::uint64_t multiply_adds = 0;
  std::size_t number = 0;
  for (const Network::Node& node : network.nodes()) {
    const auto own = static_cast<std::uint64_t>(node.plan.multiply_adds);
    multiply_adds += own;
    const LayerTime time = timed ? times[number] : LayerTime{};
    sum.forward += time.forward;
    sum.backward += time.backward;
    fields.add("layers", Fields()
                             .text("forward_time", microseconds(time.forward))
                             .text("backward_time", microseconds(time.backward))
                             .text("number", std::to_string(++number))
                             .text("name", node.spec.name)
                             .text("type", node.spec.type)
                             .text("options", option_words(*node.spec.layer))
                             .text("from", join(node.spec.from, ", "))
                             .text("output", to_string(node.plan.output))
                             .text("learnt", grouped_or_dash(learnt_values(network, node)))
                             .text("macs", grouped_or_dash(own)));
    if (!node.plan.notice.empty()) {
      fields.add("layer_notices",
                 Fields().text("name", node.spec.name).text("notice", node.plan.notice));
    }
  }
  fields.show("network").text("input", to_string(network.input()));
  fields.text("parameters", grouped(network.parameter_count()));
  fields.text("multiply_adds", grouped(multiply_adds));
  fields.show("timed", timed);
  fields.text("forward_time", microseconds(sum.forward));
  fields.text("backward_time", microseconds(sum.backward));
}

}  // namespace cnn::report
