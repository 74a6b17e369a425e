#include "support/networks.hpp"

#include "support/draw.hpp"
#include "support/example_options.hpp"

namespace cnn {

Network lenet() {
  return Network(kDigit, {layer_spec("conv", "conv1", "{count: 20, kernel: 5}"),
                          layer_spec("pool", "pool1", "{type: max, kernel: 2}"),
                          layer_spec("conv", "conv2", "{count: 50, kernel: 5}"),
                          layer_spec("pool", "pool2", "{type: max, kernel: 2}"),
                          layer_spec("fc", "fc1", "{count: 500}"), layer_spec("relu", "relu1"),
                          layer_spec("fc", "fc2", "{count: 10}")});
}

Network smooth_chain() {
  return Network({2, 9, 8},
                 {layer_spec("conv", "conv1", "{count: 3, kernel: [3, 2], pad: 1}"),
                  layer_spec("tanh", "tanh1"),
                  layer_spec("pool", "pool1", "{type: avg, kernel: 2, pad: [1, 0]}"),
                  layer_spec("conv", "conv2", "{count: 4, kernel: 3, stride: [2, 1]}"),
                  layer_spec("sigmoid", "sigmoid1"), layer_spec("fc", "fc1", "{count: 7}"),
                  layer_spec("tanh", "tanh2"), layer_spec("fc", "fc2", "{count: 5, bias: false}")});
}

Network smooth_graph() {
  return Network(
      {2, 6, 5},
      {layer_spec("conv", "stem", "{count: 3, kernel: 3, pad: 1}"), layer_spec("tanh", "a"),
       layer_spec("conv", "b", "{count: 3, kernel: 3, pad: 1}"),
       layer_spec("add", "residual", "{}", {"a", "b"}), layer_spec("sigmoid", "c", "{}", {"a"}),
       layer_spec("concat", "joined", "{}", {"residual", "c", "residual", "input"}),
       layer_spec("dropout", "dropout", "{rate: 0.25}"), layer_spec("fc", "fc", "{count: 4}")});
}

Network normalised_chain() {
  return Network({2, 6, 5}, {layer_spec("batch_norm", "bn1"),
                             layer_spec("conv", "conv", "{count: 3, kernel: 3, bias: false}"),
                             layer_spec("batch_norm", "bn2"), layer_spec("tanh", "tanh1"),
                             layer_spec("fc", "fc1", "{count: 6, bias: false}"),
                             layer_spec("batch_norm", "bn3"), layer_spec("sigmoid", "sigmoid"),
                             layer_spec("fc", "fc2", "{count: 4}")});
}

Network kinked_chain() {
  return Network({1, 8, 8},
                 {layer_spec("conv", "conv1", "{count: 4, kernel: 3}"), layer_spec("relu", "relu1"),
                  layer_spec("pool", "pool1", "{type: max, kernel: 3, stride: 2, pad: 1}"),
                  layer_spec("fc", "fc1", "{count: 6}"), layer_spec("relu", "relu2"),
                  layer_spec("fc", "fc2", "{count: 3}")});
}

void draw_parameters(Network& network) {
  network.initialise(1);
  Draw draw(2);
  for (const Parameter& p : network.parameters()) {
    if (p.kind != ParameterKind::bias && p.kind != ParameterKind::gain) continue;
    draw.reals(network.value(p), 0.5);
    if (p.kind == ParameterKind::bias) continue;
    for (Real& gain : network.value(p)) gain += 1;
  }
}

Pass::Pass(Network& network, std::size_t n, Loss loss, std::size_t spare)
    : network_(network),
      n_(n),
      loss_(loss),
      workspace_(network, n + spare, Phase::train),
      gradients_(network),
      losses_(n) {
  Draw draw(1);
  draw.reals(workspace_.input(n), 0.5);
  const int classes = static_cast<int>(network.output().size());
  for (std::size_t i = 0; i < n; ++i) {
    labels_.push_back(static_cast<std::uint16_t>(draw.integer(0, classes - 1)));
  }
}

double Pass::forward() {
  const auto share = static_cast<Real>(1.0 / static_cast<double>(n_));
  network_.forward(workspace_, n_, {.seed = 3, .step = 5, .first_sample = 2});
  compute_loss(loss_, workspace_.output(n_), labels_, share, losses_, workspace_.doutput(n_));
  double sum = 0;
  for (const double loss : losses_) sum += loss;
  return sum / static_cast<double>(n_);
}

void Pass::backward() {
  network_.backward(workspace_, n_, gradients_);
}

Values Pass::results() {
  Values all = values(output());
  const Values gradient = values(gradients());
  all.insert(all.end(), gradient.begin(), gradient.end());
  return all;
}

}  // namespace cnn
