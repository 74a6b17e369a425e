#include "nn/traced_pass.hpp"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "nn/loss.hpp"
#include "nn/workspace.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/networks.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

void expect_networks_way(Network network) {
  draw_parameters(network);
  Workspace workspace(network, 1, Phase::train);
  Draw(3).reals(workspace.input(1), 1);
  network.forward(workspace, 1, {});
  TracedPass traced(network, workspace.input(1));
  EXPECT_LT(largest_difference(values(traced.output()), values(workspace.output(1))), 1e-5);

  const std::uint16_t label = 1;
  double loss = 0;
  compute_loss(Loss::softmax_cross_entropy, workspace.output(1), {&label, 1}, 1, {&loss, 1},
               workspace.doutput(1));
  traced.go_back(workspace.doutput(1));
  traced.go_back(workspace.doutput(1));  // nothing is left of the first time
  Gradients gradients(network);
  network.backward(workspace, 1, gradients);
  for (const Parameter& p : network.parameters()) {
    const CView own = gradients.values();
    EXPECT_LT(largest_difference(values(traced.gradient(p)), values(own.subspan(p.offset, p.size))),
              1e-4)
        << p.name;
  }
}

// The same sums as Network's own passes, with what stands between the layers besides.
TEST(TracedPass, GoesTheNetworksWay) {
  expect_networks_way(lenet());
  expect_networks_way(Network(
      {2, 6, 5},
      {layer_spec("conv", "stem", "{count: 3, kernel: 3, pad: 1}"), layer_spec("tanh", "a"),
       layer_spec("conv", "b", "{count: 3, kernel: 3, pad: 1}"),
       layer_spec("add", "residual", "{}", {"a", "b"}), layer_spec("sigmoid", "c", "{}", {"a"}),
       layer_spec("concat", "joined", "{}", {"residual", "c", "residual", "input"}),
       layer_spec("fc", "fc", "{count: 4}")}));
}

// By hand: 3·4 and back.
TEST(TracedPass, TellsWhatStandsBetweenTheLayers) {
  Network network({1, 2, 2}, {layer_spec("pool", "pool", "{type: max, kernel: 2}"),
                              layer_spec("fc", "fc", "{count: 1}")});
  network.value(network.parameters()[0])[0] = 3;
  const std::vector<Real> image = {1, 4, 2, 0};
  TracedPass pass(network, image);
  EXPECT_EQ(values(pass.tensor(0)), (Values{1, 4, 2, 0}));
  EXPECT_EQ(values(pass.tensor(1)), (Values{4}));
  EXPECT_EQ(values(pass.output()), (Values{12}));
  pass.go_back(std::vector<Real>{2});
  EXPECT_EQ(values(pass.delta(1)), (Values{6}));
  EXPECT_EQ(values(pass.delta(0)), (Values{0, 6, 0, 0}));
  EXPECT_EQ(values(pass.gradient(network.parameters()[0])), (Values{8}));
}

// In evaluation dropout does nothing, and batch_norm uses its statistics: mean 1 and variance 4.
TEST(TracedPass, IsOfANetworkInEvaluation) {
  Network network({1, 1, 2}, {layer_spec("dropout", "drop", "{rate: 0.5}"),
                              layer_spec("batch_norm", "bn", "{epsilon: 1e-9}")});
  network.initialise(1);
  for (const Parameter& p : network.parameters()) {
    if (p.name == "bn.running_mean") network.value(p)[0] = 1;
    if (p.name == "bn.running_var") network.value(p)[0] = 4;
  }
  const std::vector<Real> image = {3, 5};
  TracedPass pass(network, image);
  EXPECT_LT(largest_difference(values(pass.output()), {1, 2}), 1e-6);
  pass.go_back(std::vector<Real>{1, 2});
  EXPECT_LT(largest_difference(values(pass.delta(0)), {0.5, 1}), 1e-6);
}

// A tensor that several read, or one reads twice, has the sum of what they hand back.
TEST(TracedPass, AddsUpWhatReadersHandBack) {
  const Network network({1, 1, 2}, {layer_spec("pool", "pool", "{type: max, kernel: 1}"),
                                    layer_spec("add", "twice", "{}", {"pool", "pool"})});
  const std::vector<Real> image = {3, 5};
  TracedPass pass(network, image);
  EXPECT_EQ(values(pass.output()), (Values{6, 10}));
  pass.go_back(std::vector<Real>{1, 2});
  EXPECT_EQ(values(pass.delta(1)), (Values{2, 4}));
  EXPECT_EQ(values(pass.delta(0)), (Values{2, 4}));
}

}  // namespace
}  // namespace cnn
