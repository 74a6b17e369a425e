// What every solver rule of the table must keep, whatever it does. A new rule brings its closed
// form below; the rest comes by itself.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "config/option_printer.hpp"
#include "optim/solver.hpp"
#include "run/run_config.hpp"
#include "support/allocation_counter.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

// W after the first step, from its start w with the gradient g; `o` holds what the rule reads.
using ClosedForm =
    std::function<double(double w, double g, double alpha, double lambda, const SolverOptions& o)>;
const std::map<std::string_view, ClosedForm> kClosedForms = {
    {"sgd", [](double w, double g, double alpha, double lambda,
               const SolverOptions&) { return w - alpha * (g + lambda * w); }},
    {"nesterov",
     [](double w, double g, double alpha, double lambda, const SolverOptions& o) {
       return w - (1 + o.momentum) * alpha * (g + lambda * w);
     }},
    // m̂ = g, ŝ = g²
    {"adam",
     [](double w, double g, double alpha, double lambda, const SolverOptions& o) {
       const double slope = g + lambda * w;
       return w - alpha * slope / (std::abs(slope) + o.epsilon);
     }},
    {"adamw",
     [](double w, double g, double alpha, double lambda, const SolverOptions& o) {
       return w - alpha * lambda * w - alpha * g / (std::abs(g) + o.epsilon);
     }},
};

// The options of the rule's example.
SolverOptions example_of(const SolverRule& rule) {
  SolverOptions options{.rule = &rule};
  ExampleOptions example(rule.example);
  rule.options(example, options);
  example.expect_nothing_left();
  return options;
}

std::vector<std::string> keys_of(const SolverRule& rule) {
  SolverOptions options;
  OptionLister lister;
  rule.options(lister, options);
  return lister.keys();
}

// Large layers, so that the work is cut into several pieces of several sizes; `frozen` and `own`
// have an alpha of their own.
Network wide() {
  LayerSpec frozen = layer_spec("fc", "frozen", "{count: 40}");
  frozen.alpha = 0;
  LayerSpec own = layer_spec("fc", "own", "{count: 33}");
  own.alpha = 0.3;
  own.lambda = 0.01;
  return Network({1, 28, 28}, {layer_spec("fc", "fc1", "{count: 60}"), frozen, own,
                               layer_spec("fc", "fc2", "{count: 10}")});
}

// Steps of one network, with random gradients of which three are added up in each.
class Steps {
 public:
  Steps(SolverOptions options, int worker_count)
      : options_(with_everything(options)),
        network_(wide()),
        average_(network_.values().size()),
        solver_(network_, options_, average_),
        workers_(worker_count) {
    network_.initialise(1);
    std::copy(network_.values().begin(), network_.values().end(), average_.begin());
    for (int i = 0; i < 3; ++i) gradients_.emplace_back(network_);
  }

  void run(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t t = first; t < last; ++t) {
      Draw draw(static_cast<std::uint32_t>(t + 1));
      for (Gradients& part : gradients_) {
        for (const Parameter& p : network_.parameters()) {
          draw.reals(part.values().subspan(p.offset, p.size), 1.0);
        }
      }
      solver_.step(network_, gradients_, t, 1, workers_);
    }
  }

  // Takes over what a checkpoint holds.
  void restore(const Steps& from) {
    const CView weights = std::as_const(from.network_).values();
    std::copy(weights.begin(), weights.end(), network_.values().begin());
    std::copy(from.average_.begin(), from.average_.end(), average_.begin());
    for (const Parameter& p : network_.parameters()) {
      for (std::size_t i = 0; i < solver_.state_names().size(); ++i) {
        const CView state = from.solver_.state(i, p);
        std::copy(state.begin(), state.end(), solver_.state(i, p).begin());
      }
    }
  }

  const Network& network() const { return network_; }
  const Solver& solver() const { return solver_; }
  // Weights, their average and all states.
  Values everything() const {
    Values all = values(network_.values());
    all.insert(all.end(), average_.begin(), average_.end());
    for (const Parameter& p : network_.parameters()) {
      for (std::size_t i = 0; i < solver_.state_names().size(); ++i) {
        const Values state = values(solver_.state(i, p));
        all.insert(all.end(), state.begin(), state.end());
      }
    }
    return all;
  }

 private:
  static SolverOptions with_everything(SolverOptions options) {
    options.alpha = 0.1;
    options.lambda = 0.001;
    options.clip = 20;
    options.ema = 0.9;
    return options;
  }

  SolverOptions options_;
  Network network_;
  std::vector<Real> average_;
  Solver solver_;
  Workers workers_;
  std::vector<Gradients> gradients_;
};

class SolverContract : public testing::TestWithParam<std::size_t> {
 protected:
  const SolverRule& rule() const { return solver_rules()[GetParam()]; }
};

TEST_P(SolverContract, TakesItsFirstStepByItsClosedForm) {
  const auto form = kClosedForms.find(rule().name);
  ASSERT_NE(form, kClosedForms.end())
      << "write down the closed form of the first step of " << rule().name << " in this test";
  constexpr double kFactor = 0.5;
  SolverOptions options = example_of(rule());
  for (const double w : {-2.0, 0.0, 1.5}) {
    for (const double g : {-3.0, 0.25, 2.0}) {
      for (const double lambda : {0.0, 0.125}) {
        options.alpha = 0.375;
        options.lambda = lambda;
        Network network({1, 1, 1}, {layer_spec("fc", "fc", "{count: 1}")});
        Solver solver(network, options);
        Workers workers(1);
        std::vector<Gradients> gradients;
        gradients.emplace_back(network);
        for (const Parameter& p : network.parameters()) {
          network.value(p)[0] = static_cast<Real>(w);
          gradients[0].values()[p.offset] = static_cast<Real>(g);
        }
        solver.step(network, gradients, 0, kFactor, workers);
        for (const Parameter& p : network.parameters()) {
          const double decay = p.kind == ParameterKind::weight ? lambda : 0;
          const double expected = form->second(w, g, kFactor * options.alpha, decay, options);
          EXPECT_NEAR(network.value(p)[0], expected, 8 * std::numeric_limits<Real>::epsilon())
              << p.name << ": w = " << w << ", g = " << g << ", lambda = " << decay;
        }
      }
    }
  }
}

TEST_P(SolverContract, GivesTheSameBitsForAnyNumberOfWorkers) {
  const auto after_three_steps = [&](int worker_count) {
    Steps steps(example_of(rule()), worker_count);
    steps.run(0, 3);
    return steps.everything();
  };
  const Values expected = after_three_steps(1);
  for (const int count : {2, 3, 4}) EXPECT_EQ(after_three_steps(count), expected) << count;
}

TEST_P(SolverContract, GoesOnWithTheSameBitsFromItsSavedState) {
  Steps whole(example_of(rule()), 2);
  whole.run(0, 2);
  Steps resumed(example_of(rule()), 2);
  resumed.restore(whole);
  whole.run(2, 4);
  resumed.run(2, 4);
  EXPECT_EQ(resumed.everything(), whole.everything());
}

// Vector code and the rest behind it compute alike.
TEST_P(SolverContract, CutsAParameterIntoPiecesWithoutATrace) {
  constexpr std::size_t kSize = 101;
  const SolverOptions options = example_of(rule());
  const auto after_two_steps = [&](std::size_t piece) {
    std::vector<std::vector<Real>> kept(rule().states.size(), std::vector<Real>(kSize));
    std::vector<Real> w(kSize), g(kSize);
    Draw draw(1);
    draw.reals(w, 1);
    for (int t = 1; t <= 2; ++t) {
      draw.reals(g, 1);
      for (std::size_t at = 0; at < kSize; at += piece) {
        const std::size_t n = std::min(piece, kSize - at);
        SolverStep step{options,
                        0.1,
                        0.01,
                        static_cast<double>(t),
                        CView(g).subspan(at, n),
                        {},
                        View(w).subspan(at, n)};
        for (std::size_t i = 0; i < kept.size(); ++i) {
          step.states[i] = View(kept[i]).subspan(at, n);
        }
        rule().step(step);
      }
    }
    return values(w);
  };
  const Values whole = after_two_steps(kSize);
  for (const std::size_t piece : std::vector<std::size_t>{1, 3, 16, 64})
    EXPECT_EQ(after_two_steps(piece), whole) << piece;
}

TEST_P(SolverContract, AlphaZeroFreezesALayerToTheLastBit) {
  Steps steps(example_of(rule()), 1);
  const auto frozen = [&] {
    Values all;
    for (const Parameter& p : steps.network().parameters()) {
      if (!p.name.starts_with("frozen.")) continue;
      const Values own = values(steps.network().value(p));
      all.insert(all.end(), own.begin(), own.end());
    }
    return all;
  };
  const Values before = frozen();
  EXPECT_GT(before.size(), 1000U);
  steps.run(0, 3);
  EXPECT_EQ(frozen(), before);
}

TEST_P(SolverContract, AllocatesNothingInAStep) {
  Network network({1, 1, 1}, {layer_spec("fc", "fc", "{count: 1}")});
  SolverOptions options = example_of(rule());
  options.clip = 0.5;
  Solver solver(network, options);
  Workers workers(1);
  std::vector<Gradients> gradients;
  gradients.emplace_back(network);
  const std::size_t before = allocations_of_this_thread();
  solver.step(network, gradients, 0, 1, workers);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST_P(SolverContract, NamesAllThatItKeeps) {
  const Steps steps(example_of(rule()), 1);
  const Solver& solver = steps.solver();
  ASSERT_LE(rule().states.size(), kMostSolverStates);
  EXPECT_EQ(solver.state_names().size(), rule().states.size());
  std::vector<std::string_view> names(rule().states.begin(), rule().states.end());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(std::count(names.begin(), names.end(), ""), 0);
  EXPECT_EQ(Solver::bytes(steps.network(), {.rule = &rule()}),
            names.size() * steps.network().values().size_bytes());
}

TEST_P(SolverContract, HasAnExampleOfAllItsKeysThatAConfigurationReads) {
  const SolverOptions expected = example_of(rule());
  const std::string training = "training:\n  solver: " + std::string(rule().name) + "\n";
  for (const std::string& key : keys_of(rule())) {
    EXPECT_NE(rule().example.find(key + ": "), std::string_view::npos) << key;
  }
  SolverOptions printed = expected;
  OptionPrinter printer;
  rule().options(printer, printed);
  const RunConfig config = parse_config(
      "example", "data: {dir: d}\nnetwork:\n  - fc: {count: 2}\n" + training + printer.block("  "));
  EXPECT_EQ(config.training.solver, expected);
}

TEST_P(SolverContract, IsDocumentedWithItsKeys) {
  std::ifstream file(CNN_SOURCE_DIR "/configs/README.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string readme = text.str();
  const std::size_t begin = readme.find("\n## `training`");
  ASSERT_NE(begin, std::string::npos);
  const std::string section = readme.substr(begin, readme.find("\n## ", begin + 1) - begin);
  EXPECT_NE(section.find("\n| `" + std::string(rule().name) + "` |"), std::string::npos);
  for (const std::string& key : keys_of(rule())) {
    EXPECT_NE(section.find("\n| `" + key + "` |"), std::string::npos) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, SolverContract,
                         testing::Range(std::size_t{0}, solver_rules().size()),
                         [](const auto& instance) {
                           return std::string(solver_rules()[instance.param].name);
                         });

TEST(SolverRules, AreFoundByTheirNames) {
  for (const SolverRule& rule : solver_rules()) EXPECT_EQ(find_solver_rule(rule.name), &rule);
  EXPECT_EQ(find_solver_rule("none"), nullptr);
  EXPECT_EQ(solver_names().size(), solver_rules().size());
  EXPECT_EQ(SolverOptions{}.rule->name, "sgd");
}

}  // namespace
}  // namespace cnn
