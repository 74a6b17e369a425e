#include "cnn/solver.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/allocation_counter.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

// A network of one weight and one bias, of which only the values and their constants matter here.
class Scalar {
 public:
  explicit Scalar(const SolverOptions& options, std::optional<double> alpha = {},
                  std::optional<double> lambda = {})
      : network_({1, 1, 1}, {spec(alpha, lambda)}), solver_(network_, options), workers_(1) {
    gradients_.emplace_back(network_);
  }

  Real& weight() { return network_.value(network_.parameters()[0])[0]; }
  Real& bias() { return network_.value(network_.parameters()[1])[0]; }
  Real velocity() { return solver_.velocity(network_.parameters()[0])[0]; }

  // One step with the same gradient for both.
  void step(double gradient, double schedule_factor = 1) {
    for (const Parameter& p : network_.parameters()) {
      gradients_[0].values()[p.offset] = static_cast<Real>(gradient);
    }
    solver_.step(network_, gradients_, schedule_factor, workers_);
  }
  double gradient() { return gradients_[0].values()[network_.parameters()[0].offset]; }

 private:
  static LayerSpec spec(std::optional<double> alpha, std::optional<double> lambda) {
    LayerSpec fc = layer_spec("fc", "fc", "{count: 1}");
    fc.alpha = alpha;
    fc.lambda = lambda;
    return fc;
  }

  Network network_;
  Solver solver_;
  Workers workers_;
  std::vector<Gradients> gradients_;
};

// (1 − 1/4)·r + 1/4·s with s = (6 + 10)/(2 + 6) = 2
TEST(Solver, AStatisticFollowsItsMeanOverTheSamples) {
  Network network({1, 1, 1}, {layer_spec("batch_norm", "bn", "{momentum: 0.25}")});
  network.initialise(1);
  Solver solver(network, {.alpha = 7, .lambda = 0.5, .momentum = 0.9});
  Workers workers(1);
  std::vector<Gradients> gradients;
  const auto slots = [&](std::size_t place, double sum) {
    for (const Parameter& p : network.parameters()) {
      if (!p.is_learnt()) gradients[place].values()[p.offset] = static_cast<Real>(sum);
    }
  };
  for (int i = 0; i < 2; ++i) gradients.emplace_back(network);
  slots(0, 6);
  slots(1, 10);
  gradients[0].count_samples(2);
  gradients[1].count_samples(6);
  solver.step(network, gradients, 0.5, workers);
  const auto value = [&](std::size_t k) { return network.value(network.parameters()[k])[0]; };
  EXPECT_EQ(value(0), Real{1});  // weight
  EXPECT_EQ(value(1), Real{0});  // bias
  EXPECT_EQ(value(2), Real{0.5});
  EXPECT_EQ(value(3), Real{1.25});
  EXPECT_EQ(gradients[0].take_samples() + gradients[1].take_samples(), 0U);
  solver.step(network, gradients, 0.5, workers);  // without samples there is nothing to follow
  EXPECT_EQ(value(2), Real{0.5});
  EXPECT_EQ(value(3), Real{1.25});
}

TEST(Solver, NeitherDecaysNorSlowsGains) {
  Network network({1, 1, 1}, {layer_spec("batch_norm", "bn")});
  network.initialise(1);
  Solver solver(network, {.alpha = 0.25, .lambda = 0.5, .momentum = 0});
  Workers workers(1);
  std::vector<Gradients> gradients;
  gradients.emplace_back(network);
  gradients[0].values()[network.parameters()[0].offset] = 2;
  solver.step(network, gradients, 1, workers);
  EXPECT_EQ(network.value(network.parameters()[0])[0], Real{0.5});
}

TEST(Solver, StepsAgainstTheGradient) {
  Scalar s({.alpha = 0.25});
  s.weight() = 1;
  s.step(2);
  EXPECT_EQ(s.weight(), Real{0.5});
  EXPECT_EQ(s.bias(), Real{-0.5});
}

// v: -0.25, -0.125 - 0.25, -0.1875 - 0.25, then no gradient: half of it again
TEST(Solver, MomentumKeepsAShareOfTheVelocity) {
  Scalar s({.alpha = 0.25, .momentum = 0.5});
  s.step(1);
  EXPECT_EQ(s.velocity(), Real{-0.25});
  EXPECT_EQ(s.weight(), Real{-0.25});
  s.step(1);
  EXPECT_EQ(s.velocity(), Real{-0.375});
  EXPECT_EQ(s.weight(), Real{-0.625});
  s.step(1);
  EXPECT_EQ(s.velocity(), Real{-0.4375});
  EXPECT_EQ(s.weight(), Real{-1.0625});
  s.step(0);
  EXPECT_EQ(s.velocity(), Real{-0.21875});
  EXPECT_EQ(s.weight(), Real{-1.28125});
}

TEST(Solver, DecaysWeightsAndNotBiases) {
  Scalar s({.alpha = 0.5, .lambda = 0.25});
  s.weight() = 8;
  s.bias() = 8;
  s.step(0);
  EXPECT_EQ(s.weight(), Real{8 - 0.5 * 0.25 * 8});
  EXPECT_EQ(s.bias(), Real{8});
}

TEST(Solver, DecayGoesThroughTheVelocity) {
  Scalar s({.alpha = 0.5, .lambda = 0.5, .momentum = 0.5});
  s.weight() = 4;
  s.step(0);
  EXPECT_EQ(s.velocity(), Real{-1});  // α·λ·W
  EXPECT_EQ(s.weight(), Real{3});
  s.step(0);
  EXPECT_EQ(s.velocity(), Real{-0.5 - 0.75});
  EXPECT_EQ(s.weight(), Real{1.75});
}

TEST(Solver, TheScheduleScalesAlpha) {
  Scalar s({.alpha = 0.5});
  s.step(1, 0.25);
  EXPECT_EQ(s.weight(), Real{-0.125});
}

// μ·v is not scaled: with v ← μv − α_t·g a fall of α takes effect at once on new gradients only.
TEST(Solver, TheScheduleLeavesTheVelocityAlone) {
  Scalar s({.alpha = 0.5, .momentum = 0.5});
  s.step(1);
  s.step(1, 0);
  EXPECT_EQ(s.velocity(), Real{-0.25});
}

TEST(Solver, ALayersOwnAlphaReplacesTheRuns) {
  Scalar s({.alpha = 0.5}, 0.125);
  s.step(1, 0.5);
  EXPECT_EQ(s.weight(), Real{-0.0625});
  EXPECT_EQ(s.bias(), Real{-0.0625});
}

TEST(Solver, ALayersOwnLambdaReplacesTheRuns) {
  Scalar s({.alpha = 1, .lambda = 0.5}, {}, 0.25);
  s.weight() = 4;
  s.bias() = 4;
  s.step(0);
  EXPECT_EQ(s.weight(), Real{3});
  EXPECT_EQ(s.bias(), Real{4});
}

TEST(Solver, AlphaZeroFreezesALayerToTheLastBit) {
  Scalar s({.alpha = 0.5, .lambda = 0.5, .momentum = 0.9}, 0.0);
  s.weight() = Real{0.125};
  s.bias() = Real{-0.375};
  for (int t = 0; t < 10; ++t) s.step(1e6);
  EXPECT_EQ(s.weight(), Real{0.125});
  EXPECT_EQ(s.bias(), Real{-0.375});
}

TEST(Solver, ClearsTheGradientsForTheNextStep) {
  Scalar s({.alpha = 0.5});
  s.step(3);
  EXPECT_EQ(s.gradient(), 0);
}

// For J = ½(w·1 − 1)² every step shrinks 1 − w by the factor 1 − α.
TEST(Solver, FollowsTheClosedFormOfGradientDescent) {
  Scalar s({.alpha = 0.25});
  for (int t = 1; t <= 20; ++t) {
    s.step(double{s.weight()} - 1);
    EXPECT_NEAR(s.weight(), 1 - std::pow(0.75, t), 4 * std::numeric_limits<Real>::epsilon());
  }
}

// J = ½(w − 1)² + λ/2·w² has its minimum at 1/(1 + λ).
TEST(Solver, ConvergesToTheDecayedMinimum) {
  Scalar s({.alpha = 0.25, .lambda = 0.6, .momentum = 0.5});
  for (int t = 0; t < 200; ++t) s.step(double{s.weight()} - 1);
  EXPECT_NEAR(s.weight(), 1 / 1.6, 4 * std::numeric_limits<Real>::epsilon());
}

// Large layers, so that the work is cut into several pieces of several sizes.
Network wide() {
  LayerSpec frozen = layer_spec("fc", "frozen", "{count: 40}");
  frozen.alpha = 0;
  LayerSpec own = layer_spec("fc", "own", "{count: 33}");
  own.alpha = 0.3;
  own.lambda = 0.01;
  return Network({1, 28, 28}, {layer_spec("fc", "fc1", "{count: 60}"), frozen, own,
                               layer_spec("fc", "fc2", "{count: 10}")});
}

// All values and velocities after three steps with three partial gradients each.
Values after_three_steps(int worker_count) {
  Network network = wide();
  network.initialise(1);
  Solver solver(network, {.alpha = 0.1, .lambda = 0.001, .momentum = 0.9});
  Workers workers(worker_count);
  std::vector<Gradients> gradients;
  for (int i = 0; i < 3; ++i) gradients.emplace_back(network);
  Draw draw(1);
  for (int t = 0; t < 3; ++t) {
    for (Gradients& part : gradients) {
      for (const Parameter& p : network.parameters()) {
        draw.reals(part.values().subspan(p.offset, p.size), 1.0);
      }
    }
    solver.step(network, gradients, 1, workers);
  }
  Values all = values(network.values());
  for (const Parameter& p : network.parameters()) {
    const Values velocity = values(std::as_const(solver).velocity(p));
    all.insert(all.end(), velocity.begin(), velocity.end());
  }
  return all;
}

TEST(Solver, GivesTheSameBitsForAnyNumberOfWorkers) {
  const Values expected = after_three_steps(1);
  for (const int count : {2, 3, 4}) EXPECT_EQ(after_three_steps(count), expected) << count;
}

TEST(Solver, AddsUpPartialGradientsInTheirOrder) {
  // Behind `big` a single one is lost to rounding; before it, two of them are not.
  const Real big = 2 / std::numeric_limits<Real>::epsilon();
  const auto weight_after = [](std::vector<Real> parts) {
    Network network({1, 1, 1}, {layer_spec("fc", "fc", "{count: 1, bias: false}")});
    Solver solver(network, {.alpha = 1});
    Workers workers(2);
    std::vector<Gradients> gradients;
    for (const Real part : parts) {
      gradients.emplace_back(network);
      gradients.back().values()[0] = part;
    }
    solver.step(network, gradients, 1, workers);
    for (const Gradients& part : gradients) EXPECT_EQ(part.values()[0], 0);
    return network.values()[0];
  };
  EXPECT_EQ(weight_after({big, 1, 1}), -big);
  EXPECT_EQ(weight_after({1, 1, big}), -(big + 2));
}

TEST(Solver, UpdatesEveryValueOnceAndNothingBetweenParameters) {
  Network network({1, 28, 28},
                  {layer_spec("fc", "fc1", "{count: 60}"), layer_spec("fc", "fc2", "{count: 7}")});
  Solver solver(network, {.alpha = 0.5});
  Workers workers(2);
  std::vector<Gradients> gradients;
  gradients.emplace_back(network);
  for (Real& value : gradients[0].values()) value = 1;
  solver.step(network, gradients, 1, workers);
  Values expected(network.values().size(), 0.0);
  for (const Parameter& p : network.parameters()) {
    for (std::size_t i = 0; i < p.size; ++i) expected[p.offset + i] = -0.5;
  }
  EXPECT_EQ(values(network.values()), expected);
}

TEST(Solver, AllocatesNothingInAStep) {
  Scalar s({.alpha = 0.5, .lambda = 0.1, .momentum = 0.9});
  const std::size_t before = allocations_of_this_thread();
  s.step(1);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

}  // namespace
}  // namespace cnn
