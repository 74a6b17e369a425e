#include "report/network_graph.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "nn/layer_words.hpp"
#include "report/numbers.hpp"

namespace cnn::report {
namespace {

constexpr double kRow = 26;
constexpr double kLane = 18;
constexpr double kMargin = 14;

// From one tensor to a layer that reads it.
struct Edge {
  std::size_t from;  // row
  std::size_t to;
  std::size_t lane = 0;
};

// Rows are tensors: 0 the image, i + 1 the output of layer i.
class Graph {
 public:
  explicit Graph(const Network& network) : lanes_(network.nodes().size() + 1) {
    for (std::size_t i = 0; i < network.nodes().size(); ++i) {
      for (const std::size_t input : network.nodes()[i].inputs) edges_.push_back({input, i + 1});
    }
    std::stable_sort(edges_.begin(), edges_.end(),
                     [](const Edge& a, const Edge& b) { return a.from < b.from; });
    for (std::size_t row = 0; row < lanes_.size(); ++row) place(row);
  }

  const std::vector<Edge>& edges() const { return edges_; }
  std::size_t lane(std::size_t row) const { return lanes_[row]; }
  std::size_t lanes() const { return taken_.size(); }

 private:
  // A row stands in the lowest lane that leads to it. The nearest reader's edge keeps that lane,
  // the others take free ones.
  void place(std::size_t row) {
    std::size_t own = row == 0 ? free_lane() : taken_.size();
    for (const Edge& edge : edges_) {
      if (edge.to == row) own = std::min(own, edge.lane);
    }
    for (const Edge& edge : edges_) {
      if (edge.to == row) taken_[edge.lane] = false;
    }
    lanes_[row] = own;
    bool first = true;
    for (Edge& edge : edges_) {
      if (edge.from != row) continue;
      if (first) taken_[own] = true;
      edge.lane = first ? own : free_lane();
      first = false;
    }
  }

  std::size_t free_lane() {
    const auto free = std::find(taken_.begin(), taken_.end(), false);
    const auto lane = static_cast<std::size_t>(free - taken_.begin());
    if (free == taken_.end()) taken_.push_back(false);
    taken_[lane] = true;
    return lane;
  }

  std::vector<Edge> edges_;  // by `from`, then by `to`
  std::vector<std::size_t> lanes_;
  std::vector<bool> taken_;  // lanes, at the row that is being placed
};

double x_of(std::size_t lane) {
  return kMargin + kLane * static_cast<double>(lane);
}
double y_of(std::size_t row) {
  return kMargin + kRow * static_cast<double>(row);
}

std::string path_of(const Graph& graph, const Edge& edge) {
  const double x1 = x_of(graph.lane(edge.from)), y1 = y_of(edge.from);
  const double x2 = x_of(graph.lane(edge.to)), y2 = y_of(edge.to), x = x_of(edge.lane);
  const auto curve = [](double from_y, double to_x, double to_y) {
    const std::string middle = coordinate((from_y + to_y) / 2);
    return " " + middle + " " + coordinate(to_x) + " " + middle + " " + coordinate(to_x) + " " +
           coordinate(to_y);
  };
  std::string path = "M" + coordinate(x1) + " " + coordinate(y1);
  if (edge.to == edge.from + 1) {
    return path + (x1 == x2 ? "V" + coordinate(y2) : "C" + coordinate(x1) + curve(y1, x2, y2));
  }
  if (x != x1) path += "C" + coordinate(x1) + curve(y1, x, y1 + kRow);
  path += "L" + coordinate(x) + " " + coordinate(x == x2 ? y2 : y2 - kRow);
  if (x != x2) path += "C" + coordinate(x) + curve(y2 - kRow, x2, y2);
  return path;
}

void add_row(Fields& graph_fields, const Graph& graph, std::size_t row, const std::string& name,
             const std::string& says, const Shape& shape) {
  graph_fields.add("graph_nodes", Fields()
                                      .text("x", coordinate(x_of(graph.lane(row))))
                                      .text("y", coordinate(y_of(row)))
                                      .text("label_x", coordinate(x_of(graph.lanes()) + 2))
                                      .text("name", name)
                                      .text("says", says)
                                      .text("shape", to_string(shape)));
}

}  // namespace

void add_graph(Fields& fields, const Network& network) {
  constexpr double kLabels = 330;
  const Graph graph(network);
  Fields drawn;
  drawn.text("width", coordinate(x_of(graph.lanes()) + kLabels));
  drawn.text("height", coordinate(y_of(network.nodes().size()) + kMargin));
  for (const Edge& edge : graph.edges()) {
    drawn.add("graph_edges", Fields().text("path", path_of(graph, edge)));
  }
  add_row(drawn, graph, 0, "image", "", network.input());
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const Network::Node& node = network.nodes()[i];
    const std::string options = option_words(*node.spec.layer);
    add_row(drawn, graph, i + 1, node.spec.name,
            node.spec.type + (options.empty() ? "" : " " + options), node.plan.output);
  }
  fields.add("graph", std::move(drawn));
}

}  // namespace cnn::report
