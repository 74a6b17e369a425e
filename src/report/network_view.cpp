#include "report/network_view.hpp"

#include <cstdint>
#include <string>

#include "base/text.hpp"
#include "nn/layer_words.hpp"
#include "report/network_graph.hpp"
#include "report/numbers.hpp"

namespace cnn::report {
namespace {

std::string grouped_or_dash(std::uint64_t count) {
  return count > 0 ? grouped(count) : "–";
}

}  // namespace

void add_network(Fields& fields, const Network& network) {
  add_graph(fields, network);
  std::uint64_t multiply_adds = 0;
  std::size_t number = 0;
  for (const Network::Node& node : network.nodes()) {
    const auto own = static_cast<std::uint64_t>(node.plan.multiply_adds);
    multiply_adds += own;
    fields.add("layers", Fields()
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
}

}  // namespace cnn::report
