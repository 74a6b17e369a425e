#include "support/random_network.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/networks.hpp"

namespace cnn {
namespace {

class Builder {
 public:
  Builder(std::uint32_t seed, bool smooth) : draw_(seed), smooth_(smooth) {}

  Network build() {
    input_ = {draw_.integer(1, 2), draw_.integer(5, 7), draw_.integer(5, 7)};
    const int blocks = draw_.integer(2, 3);
    for (int i = 0; i < blocks; ++i) add_block();
    add("fc", "{count: " + std::to_string(draw_.integer(3, 5)) + "}");
    return {input_, layers_};
  }

 private:
  // An activation after a layer with weights, then perhaps something else. Of a bias before a
  // batch_norm J does not depend.
  void add_block() {
    const bool normalised = draw_.integer(0, 2) == 0;
    add("conv", "{count: " + std::to_string(draw_.integer(2, 3)) +
                    ", kernel: " + option_text(draw_.size2(2, 3)) +
                    ", pad: 1, bias: " + (normalised ? "false" : "true") + "}");
    if (normalised) add("batch_norm");
    add(pick({"tanh", "sigmoid", smooth_ ? "tanh" : "relu"}));
    switch (draw_.integer(0, 3)) {
      case 0:
        add("pool", std::string("{type: ") + pick({"avg", smooth_ ? "avg" : "max"}) +
                        ", kernel: 2, stride: " + std::to_string(draw_.integer(1, 2)) + "}");
        break;
      case 1:
        branch("add");
        break;
      case 2:
        branch("concat");
        break;
      default:
        add("dropout", "{rate: 0.25}");
    }
  }

  // Reads the last layer's output twice, once by way of a convolution that keeps its extents.
  void branch(const std::string& joint) {
    const std::string trunk = layers_.back().name;
    const Shape shape = Network(input_, layers_).output();
    add("conv", "{count: " + std::to_string(shape.channels) + ", kernel: 3, pad: 1}");
    add(joint, "{}", {trunk, layers_.back().name});
  }

  void add(const std::string& type, const std::string& options = "{}",
           std::vector<std::string> from = {}) {
    const std::string name = type + std::to_string(layers_.size());
    layers_.push_back(layer_spec(type, name, options, std::move(from)));
  }

  std::string pick(const std::vector<std::string>& names) {
    return names[static_cast<std::size_t>(draw_.integer(0, static_cast<int>(names.size()) - 1))];
  }

  Draw draw_;
  bool smooth_;
  Shape input_;
  std::vector<LayerSpec> layers_;
};

}  // namespace

Network random_network(std::uint32_t seed, bool smooth) {
  Network network = Builder(seed, smooth).build();
  draw_parameters(network);
  return network;
}

}  // namespace cnn
