#include "optim/solver.hpp"

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
  Real velocity() { return solver_.state(0, network_.parameters()[0])[0]; }

  // One step with the same gradient for both.
  void step(double gradient, double schedule_factor = 1) {
    for (const Parameter& p : network_.parameters()) {
      gradients_[0].values()[p.offset] = static_cast<Real>(gradient);
    }
    solver_.step(network_, gradients_, t_++, schedule_factor, workers_);
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
  std::uint64_t t_ = 0;
};

// (1 − 1/4)·r + 1/4·s with s = (6 + 10)/(2 + 6) = 2
TEST(Solver, AStatisticFollowsItsMeanOverTheSamples) {
  Network network({1, 1, 1}, {layer_spec("batch_norm", "bn", "{momentum: 0.25}")});
  network.initialise(1);
  // 16 is no gradient, and not to be clipped.
  Solver solver(network, {.alpha = 7, .lambda = 0.5, .momentum = 0.9, .clip = 0.125});
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
  solver.step(network, gradients, 0, 0.5, workers);
  const auto value = [&](std::size_t k) { return network.value(network.parameters()[k])[0]; };
  EXPECT_EQ(value(0), Real{1});  // weight
  EXPECT_EQ(value(1), Real{0});  // bias
  EXPECT_EQ(value(2), Real{0.5});
  EXPECT_EQ(value(3), Real{1.25});
  EXPECT_EQ(gradients[0].take_samples() + gradients[1].take_samples(), 0U);
  solver.step(network, gradients, 0, 0.5, workers);  // without samples there is nothing to follow
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
  solver.step(network, gradients, 0, 1, workers);
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

// v: -0.25, -0.125 - 0.25; W moves by half of that and -0.25 again
TEST(Nesterov, LooksAheadByHalfTheVelocity) {
  Scalar s({.alpha = 0.25, .momentum = 0.5, .rule = find_solver_rule("nesterov")});
  s.step(1);
  EXPECT_EQ(s.velocity(), Real{-0.25});
  EXPECT_EQ(s.weight(), Real{-0.375});
  s.step(1);
  EXPECT_EQ(s.velocity(), Real{-0.375});
  EXPECT_EQ(s.weight(), Real{-0.8125});
  s.step(0);
  EXPECT_EQ(s.velocity(), Real{-0.1875});
  EXPECT_EQ(s.weight(), Real{-0.90625});
}

TEST(Nesterov, DecaysThroughTheVelocity) {
  Scalar s({.alpha = 0.5, .lambda = 0.5, .momentum = 0.5, .rule = find_solver_rule("nesterov")});
  s.weight() = 4;
  s.bias() = 4;
  s.step(0);
  EXPECT_EQ(s.velocity(), Real{-1});
  EXPECT_EQ(s.weight(), Real{2.5});
  EXPECT_EQ(s.bias(), Real{4});
}

constexpr double kAdamRounding = 8 * std::numeric_limits<Real>::epsilon();

SolverOptions moments(const char* rule, double lambda = 0) {
  return {.alpha = 0.75,
          .lambda = lambda,
          .rule = find_solver_rule(rule),
          .beta1 = 0.5,
          .beta2 = 0.75,
          .epsilon = 1};
}

// m = 1, s = 1, so that m̂ = 2 and ŝ = 4: a step of 0.75·2/(2 + 1); the same gradient again gives
// the same m̂ and ŝ. Without one, m = 0.75 and s = 1.3125: 0.75·(6/7)/(√2.27… + 1).
TEST(Adam, CorrectsTheMomentsForTheirStartAtZero) {
  for (const char* rule : {"adam", "adamw"}) {
    Scalar s(moments(rule));
    s.step(2);
    EXPECT_NEAR(s.weight(), -0.5, kAdamRounding);
    EXPECT_NEAR(s.bias(), -0.5, kAdamRounding);
    s.step(2);
    EXPECT_NEAR(s.weight(), -1, kAdamRounding);
    s.step(0);
    EXPECT_NEAR(s.weight(), -1.2564512995920802, kAdamRounding);
  }
}

TEST(Adam, DecaysThroughTheGradient) {
  Scalar s(moments("adam", 0.5));
  s.weight() = 4;  // λ·W = 2
  s.bias() = 4;
  s.step(0);
  EXPECT_NEAR(s.weight(), 3.5, 4 * kAdamRounding);
  EXPECT_EQ(s.bias(), Real{4});
}

// A step of 0.25 (half of 0.5) after W ← W·(1 − ½·0.75·0.5).
TEST(AdamW, DecaysByTheScheduledAlphaAndBesideTheGradient) {
  Scalar s(moments("adamw", 0.5));
  s.weight() = 4;
  s.bias() = 4;
  s.step(2, 0.5);
  EXPECT_NEAR(s.weight(), 4 * (1 - 0.5 * 0.75 * 0.5) - 0.25, 4 * kAdamRounding);
  EXPECT_NEAR(s.bias(), 3.75, 4 * kAdamRounding);
}

TEST(Adam, AlphaZeroFreezesALayerToTheLastBit) {
  for (const char* rule : {"adam", "adamw"}) {
    Scalar s(moments(rule, 0.5), 0.0);
    s.weight() = Real{0.125};
    s.bias() = Real{-0.375};
    for (int t = 0; t < 10; ++t) s.step(1e6);
    EXPECT_EQ(s.weight(), Real{0.125});
    EXPECT_EQ(s.bias(), Real{-0.375});
  }
}

// Weight and bias have the gradients 3 and 4: together a norm of 5.
TEST(Clip, ShortensTheWholeGradientToTheNormGiven) {
  Network network({1, 1, 1}, {layer_spec("fc", "fc", "{count: 1}")});
  const Parameter weight = network.parameters()[0], bias = network.parameters()[1];
  const auto after_a_step = [&](double clip) {
    std::ranges::fill(network.values(), Real{0});
    Solver solver(network, {.alpha = 1, .clip = clip});
    Workers workers(2);
    std::vector<Gradients> gradients;
    for (const double share : {0.25, 0.75}) {
      gradients.emplace_back(network);
      gradients.back().values()[weight.offset] = static_cast<Real>(share * 3);
      gradients.back().values()[bias.offset] = static_cast<Real>(share * 4);
    }
    solver.step(network, gradients, 0, 1, workers);
    for (const Gradients& part : gradients) EXPECT_EQ(part.values()[bias.offset], 0);
    return Values{network.value(weight)[0], network.value(bias)[0]};
  };
  EXPECT_EQ(after_a_step(0), (Values{-3, -4}));
  EXPECT_EQ(after_a_step(5.1), (Values{-3, -4}));
  EXPECT_LE(largest_difference(after_a_step(2.5), {-1.5, -2}), 2e-6);
}

TEST(Clip, FrozenParametersAreNoPartOfTheNorm) {
  LayerSpec frozen = layer_spec("fc", "frozen", "{count: 1, bias: false}");
  frozen.alpha = 0;
  Network network({1, 1, 1}, {layer_spec("fc", "below", "{count: 1, bias: false}"), frozen});
  Solver solver(network, {.alpha = 1, .clip = 3});
  Workers workers(1);
  std::vector<Gradients> gradients;
  gradients.emplace_back(network);
  gradients[0].values()[network.parameters()[0].offset] = 3;
  gradients[0].values()[network.parameters()[1].offset] = 400;
  solver.step(network, gradients, 0, 1, workers);
  EXPECT_NEAR(network.value(network.parameters()[0])[0], -3, 1e-5);
  EXPECT_EQ(network.value(network.parameters()[1])[0], 0);
  EXPECT_EQ(gradients[0].values()[network.parameters()[1].offset], 0);
}

TEST(Clip, LeavesTheDecayAsItIs) {
  Scalar s({.alpha = 1, .lambda = 0.5, .clip = 0.5});
  s.weight() = 8;
  s.step(0);
  EXPECT_EQ(s.weight(), Real{4});
}

// d: 0.1, 2/11, 0.25, then ema = 0.25
TEST(Ema, FollowsTheWeightsAfterAWarmUp) {
  Network network({1, 1, 1}, {layer_spec("fc", "fc", "{count: 1, bias: false}")});
  std::vector<Real> average(network.values().size());
  Solver solver(network, {.alpha = 1, .ema = 0.25}, average);
  Workers workers(1);
  std::vector<Gradients> gradients;
  gradients.emplace_back(network);
  double expected = 0;
  const Values decays = {0.1, 2.0 / 11, 0.25, 0.25};
  for (std::size_t t = 0; t < decays.size(); ++t) {
    gradients[0].values()[0] = -1;
    solver.step(network, gradients, t, 1, workers);
    expected = decays[t] * expected + (1 - decays[t]) * static_cast<double>(t + 1);
    EXPECT_NEAR(average[0], expected, kAdamRounding);
  }
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

TEST(Solver, AddsUpPartialGradientsByAFixedTree) {
  // Beside `big` a single one is lost to rounding, and two of them are not.
  const Real big = 2 / std::numeric_limits<Real>::epsilon();
  const auto sum_of = [](std::vector<Real> parts) {
    Network network({1, 1, 1}, {layer_spec("fc", "fc", "{count: 1, bias: false}")});
    Solver solver(network, {});
    Workers workers(2);
    std::vector<Gradients> gradients;
    for (const Real part : parts) {
      gradients.emplace_back(network);
      gradients.back().values()[0] = part;
    }
    const Real sum = solver.reduce(gradients, workers).values()[0];
    for (std::size_t i = 1; i < gradients.size(); ++i) EXPECT_EQ(gradients[i].values()[0], 0);
    return sum;
  };
  EXPECT_EQ(sum_of({big}), big);
  EXPECT_EQ(sum_of({big, 1}), big);
  EXPECT_EQ(sum_of({big, 1, 1}), big);
  EXPECT_EQ(sum_of({1, 1, big}), big + 2);
  EXPECT_EQ(sum_of({big, 1, 1, 1}), big + 2);           // (big + 1) + (1 + 1)
  EXPECT_EQ(sum_of({big, 1, 1, 1, 1, 1}), big + 4);     // … + (1 + 1)
  EXPECT_EQ(sum_of({1, 1, 1, 1, big, 1, 1}), big + 4);  // 4 + ((big + 1) + 1)
}

// A layer with weights, one with gains and statistics, and `count` gradients drawn for them.
class Partial {
 public:
  explicit Partial(std::size_t count)
      : network_({1, 8, 8},
                 {layer_spec("fc", "fc1", "{count: 300}"), layer_spec("batch_norm", "bn"),
                  layer_spec("fc", "fc2", "{count: 3}")}) {
    network_.initialise(1);
    Draw draw(7);
    for (std::size_t i = 0; i < count; ++i) {
      gradients_.emplace_back(network_);
      gradients_.back().count_samples(i + 1);
      for (const Parameter& p : network_.parameters()) {
        const View part = gradients_.back().values().subspan(p.offset, p.size);
        draw.reals(part, 1);
        for (Real& g : part) g /= 3;  // so that sums are rounded
      }
    }
  }

  Network& network() { return network_; }
  std::vector<Gradients>& gradients() { return gradients_; }

 private:
  Network network_;
  std::vector<Gradients> gradients_;
};

TEST(Solver, StepsLikeReduceAndApply) {
  for (const double clip : {0.0, 0.5}) {
    for (const std::size_t count : std::vector<std::size_t>{1, 2, 3, 7, 16}) {
      const SolverOptions options{.alpha = 0.5, .lambda = 0.25, .momentum = 0.5, .clip = clip};
      Partial whole(count), apart(count);
      Workers workers(2);
      Solver fused(whole.network(), options), split(apart.network(), options);
      fused.step(whole.network(), whole.gradients(), 0, 0.5, workers);
      Gradients& sum = split.reduce(apart.gradients(), workers);
      EXPECT_EQ(&sum, &apart.gradients().front());
      split.apply(apart.network(), sum, 0, 0.5, workers);
      EXPECT_EQ(values(apart.network().values()), values(whole.network().values()))
          << count << " parts, clip " << clip;
      for (Partial* run : {&whole, &apart}) {
        for (Gradients& part : run->gradients()) {
          EXPECT_EQ(part.take_samples(), 0U);
          EXPECT_EQ(values(part.values()), Values(part.values().size(), 0.0));
        }
      }
    }
  }
}

// As ranks do that own an aligned power of two of the parts each.
TEST(Solver, AddsAlignedSubtreesUpToTheSameBits) {
  Workers workers(2);
  for (std::size_t count = 1; count <= 16; ++count) {
    Partial whole(count);
    Solver solver(whole.network(), {});
    const Values expected = values(solver.reduce(whole.gradients(), workers).values());
    for (const std::size_t owned : std::vector<std::size_t>{1, 2, 4, 8, 16}) {
      Partial parts(count);
      const std::span all(parts.gradients());
      std::vector<Gradients> sums;
      for (std::size_t first = 0; first < count; first += owned) {
        const std::size_t n = std::min(owned, count - first);
        sums.push_back(std::move(solver.reduce(all.subspan(first, n), workers)));
      }
      Gradients& sum = solver.reduce(sums, workers);
      EXPECT_EQ(values(sum.values()), expected) << count << " parts, " << owned << " per rank";
      EXPECT_EQ(sum.take_samples(), count * (count + 1) / 2);
    }
  }
}

TEST(Solver, ReducesToTheSumOfGradientsAndSamples) {
  Partial parts(5);
  Values expected(parts.network().values().size(), 0.0);
  for (const Gradients& part : parts.gradients()) add(expected, values(part.values()));
  Solver solver(parts.network(), {});
  Workers workers(2);
  Gradients& sum = solver.reduce(parts.gradients(), workers);
  EXPECT_LE(largest_difference(values(sum.values()), expected),
            16 * std::numeric_limits<Real>::epsilon());
  EXPECT_EQ(sum.take_samples(), 15U);
}

TEST(Solver, UpdatesEveryValueOnceAndNothingBetweenParameters) {
  Network network({1, 28, 28},
                  {layer_spec("fc", "fc1", "{count: 60}"), layer_spec("fc", "fc2", "{count: 7}")});
  Solver solver(network, {.alpha = 0.5});
  Workers workers(2);
  std::vector<Gradients> gradients;
  gradients.emplace_back(network);
  for (Real& value : gradients[0].values()) value = 1;
  solver.step(network, gradients, 0, 1, workers);
  Values expected(network.values().size(), 0.0);
  for (const Parameter& p : network.parameters()) {
    for (std::size_t i = 0; i < p.size; ++i) expected[p.offset + i] = -0.5;
  }
  EXPECT_EQ(values(network.values()), expected);
}

}  // namespace
}  // namespace cnn
