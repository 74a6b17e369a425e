// Training on several ranks: the bytes of one.

#include "support/ranks.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "run/train_step.hpp"
#include "support/example_options.hpp"
#include "support/idx_writer.hpp"
#include "support/tiny.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

// More than one chunk of the solver in one layer, and one layer of every kind that minds
// neighbours.
std::vector<LayerSpec> layers() {
  return {layer_spec("conv", "conv", "{count: 8, kernel: 3, pad: 1}"),
          layer_spec("batch_norm", "bn", "{momentum: 0.25}"),
          layer_spec("relu", "relu"),
          layer_spec("fc", "fc1", "{count: 96}"),
          layer_spec("dropout", "dropout", "{rate: 0.25}"),
          layer_spec("tanh", "tanh"),
          layer_spec("fc", "fc2", "{count: 4}")};
}

struct Trained {
  std::vector<double> losses;
  std::vector<std::size_t> hits;
  std::vector<std::uint32_t> predicted;
  Values values, average, states;

  bool operator==(const Trained&) const = default;
};

struct Job {
  const SolverRule* rule;
  double clip;
  double ema;
  std::size_t batch;
};

// Ranks that send whatever can be sent while they compute.
void overlap(Collective& collective) {
  collective.set_worth_beside(1);
}

std::size_t section_count(Collective& collective) {
  const Network network({1, 8, 8}, layers());
  return Solver(network, {}, {}, collective).sections().size();
}

// A few steps of batches of several sizes, the last of them too small for all ranks.
Trained train(const Job& job, int threads, Collective& collective) {
  const Dataset dataset = make_dataset({1, 8, 8}, job.batch, 4, 5);
  Network network({1, 8, 8}, layers());
  network.initialise(1);
  Network averaged({1, 8, 8}, layers());
  averaged.initialise(1);
  SolverOptions options{.alpha = 0.01, .lambda = 0.001, .momentum = 0.9};
  options.rule = job.rule;
  options.clip = job.clip;
  options.ema = job.ema;
  const PixelTable table({{0.0}, {0.004}}, {1, 8, 8});
  Workers workers(threads);
  Solver solver(network, options, job.ema > 0 ? averaged.values() : View(), collective);
  AugmentOptions augment;
  augment.shift = 2;
  TrainStep step(network, solver, Loss::softmax_cross_entropy, table, job.batch, 1, workers, {},
                 augment, collective);
  Trained result;
  std::uint64_t t = 0;
  for (const std::size_t size : {job.batch, job.batch - 1, job.batch / 2 + 1, std::size_t{40}}) {
    const Selection places = everything(size);
    const BatchResult batch = step.run(dataset, places, t, 1.0, 0);
    result.losses.push_back(batch.loss);
    result.hits.push_back(batch.correct);
    result.predicted.insert(result.predicted.end(), batch.predicted.begin(), batch.predicted.end());
    ++t;
  }
  solver.gather_average();
  solver.gather_states();
  result.values = values(network.values());
  result.average = values(averaged.values());
  for (std::size_t i = 0; i < solver.state_names().size(); ++i) {
    for (const Parameter& p : network.parameters()) {
      if (!collective.is_first() || !p.is_learnt()) continue;
      const Values part = values(solver.state(i, p));
      result.states.insert(result.states.end(), part.begin(), part.end());
    }
  }
  return result;
}

// Fewer, as many and more than a rank has slots.
int threads_of(const Collective& collective) {
  return std::array{1, 3, 8, 2}[static_cast<std::size_t>(collective.rank()) % 4];
}

const SolverRule* rule(const std::string& name) {
  for (const SolverRule& each : solver_rules()) {
    if (each.name == name) return &each;
  }
  throw std::invalid_argument(name);
}

TEST(Ranks, SameBitsForAnyNumberOfRanksAndThreads) {
  for (const Job& job : {Job{rule("sgd"), 0, 0, 512}, Job{rule("adamw"), 0.1, 0.9, 530},
                         Job{rule("sgd"), 0.1, 0, 200}, Job{rule("sgd"), 0, 0, 1030}}) {
    const Trained expected = train(job, 1, alone());
    for (const int ranks : {1, 2, 3, 4, 5, 7, 8, 16}) {
      if (ranks > TrainStep::most_ranks(job.batch)) continue;
      run_ranks(ranks, [&](Collective& collective) {
        Trained trained = train(job, threads_of(collective), collective);
        // States are rank 0's business.
        if (!collective.is_first()) trained.states = expected.states;
        EXPECT_TRUE(trained == expected)
            << "rank " << collective.rank() << " of " << ranks << ", batch " << job.batch;
      });
    }
  }
}

TEST(Ranks, SameBitsWhereSectionsAreSentWhileOthersAreComputed) {
  for (const Job& job : {Job{rule("sgd"), 0, 0, 512}, Job{rule("adamw"), 0.1, 0.9, 530},
                         Job{rule("sgd"), 0.1, 0, 200}}) {
    const Trained expected = train(job, 1, alone());
    for (const int ranks : {2, 3, 5, 8, 16}) {
      if (ranks > TrainStep::most_ranks(job.batch)) continue;
      run_ranks(ranks, [&](Collective& collective) {
        overlap(collective);
        EXPECT_GT(section_count(collective), 2U);
        Trained trained = train(job, threads_of(collective), collective);
        // States are rank 0's business.
        if (!collective.is_first()) trained.states = expected.states;
        EXPECT_TRUE(trained == expected)
            << "rank " << collective.rank() << " of " << ranks << ", batch " << job.batch;
      });
    }
  }
}

// Which exchanges were made beside computation.
class Watched final : public Collective {
 public:
  explicit Watched(Collective& inner) : inner_(inner) { set_worth_beside(1); }

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  void exchange(std::span<const Send> sends, std::span<const Receive> receives) override {
    inner_.exchange(sends, receives);
  }
  void exchange_beside(std::span<const Send> sends, std::span<const Receive> receives) override {
    if (fails_) throw FileError("the link is cut");
    ++beside_;
    inner_.exchange(sends, receives);
  }
  void end(int code) noexcept override { inner_.end(code); }

  int take_beside() { return std::exchange(beside_, 0); }
  void fail() { fails_ = true; }

 private:
  Collective& inner_;
  int beside_ = 0;
  bool fails_ = false;
};

struct Training {
  Training(Collective& collective, int threads)
      : network({1, 8, 8}, layers()),
        workers(threads),
        solver(network, {}, {}, collective),
        dataset(make_dataset({1, 8, 8}, 128, 4, 5)),
        table({{0.0}, {0.004}}, {1, 8, 8}),
        step(network, solver, Loss::softmax_cross_entropy, table, 128, 1, workers, {}, {},
             collective) {
    network.initialise(1);
  }

  double run(std::size_t images) { return step.run(dataset, everything(images), 0, 1, 0).loss; }

  Network network;
  Workers workers;
  Solver solver;
  Dataset dataset;
  PixelTable table;
  TrainStep step;
};

// One group of each rank, which its workers share; whole ones; and one rank without any.
TEST(Ranks, SendBesideComputationWhatEachHas) {
  for (const int threads : {1, 2, 3}) {
    run_ranks(2, [&](Collective& collective) {
      Watched watched(collective);
      Training training(watched, threads);
      const int early = static_cast<int>(training.solver.sections().size()) - 1;
      EXPECT_EQ(early, 3);
      for (const std::size_t images : {std::size_t{128}, std::size_t{100}, std::size_t{64}}) {
        training.run(images);
        EXPECT_EQ(watched.take_beside(), early) << images << " images, " << threads << " threads";
      }
      training.run(20);
      EXPECT_EQ(watched.take_beside(), collective.is_first() ? 0 : early);
    });
  }
}

TEST(Ranks, ThrowWhatWasMetBesideComputation) {
  run_ranks(2, [](Collective& collective) {
    Watched watched(collective);
    Training training(watched, 2);
    training.run(128);
    if (collective.is_first()) {
      watched.fail();
      EXPECT_THROW(training.run(128), FileError);
      collective.end(3);
      return;
    }
    try {
      training.run(128);
      FAIL();
    } catch (const RankEnded& ended) {
      EXPECT_EQ(ended.code, 3);
    }
  });
}

TEST(Ranks, MoreThanHaveWorkAreRefused) {
  EXPECT_EQ(TrainStep::most_ranks(32), 1);
  EXPECT_EQ(TrainStep::most_ranks(33), 2);
  EXPECT_EQ(TrainStep::most_ranks(5000), 16);
  run_ranks(3, [](Collective& collective) {
    EXPECT_THROW(train({rule("sgd"), 0, 0, 64}, 1, collective), ArgumentError);
  });
}

// All say the same, and the step after it is as if nothing had been.
void expect_divergence(std::size_t worth_beside, int threads) {
  const Dataset dataset = make_dataset({1, 8, 8}, 128, 4, 5);
  const PixelTable table({{0.0}, {0.004}}, {1, 8, 8});
  run_ranks(4, [&](Collective& collective) {
    collective.set_worth_beside(worth_beside);
    Network network({1, 8, 8}, layers());
    network.initialise(1);
    const Real before = network.values()[0];
    Workers workers(threads);
    Solver solver(network, {}, {}, collective);
    TrainStep step(network, solver, Loss::softmax_cross_entropy, table, 128, 1, workers, {}, {},
                   collective);
    // Of all, or of two ranks: the others have gradients to send.
    const bool is_sound = worth_beside != Collective::kNever && collective.rank() % 2 == 1;
    if (!is_sound) network.values()[0] = std::numeric_limits<Real>::quiet_NaN();
    try {
      step.run(dataset, everything(128), 0, 1, 0);
      FAIL();
    } catch (const DivergedError& error) {
      EXPECT_STREQ(error.what(), "loss is nan (first non-finite value: output of 'conv')");
    }
    network.values()[0] = before;
    EXPECT_GT(step.run(dataset, everything(128), 0, 1, 0).loss, 0);
  });
}

TEST(Ranks, DivergeTogether) {
  expect_divergence(Collective::kNever, 1);
}

TEST(Ranks, DivergeTogetherWhereSomeHaveSentGradients) {
  expect_divergence(1, 1);
  expect_divergence(1, 2);
}

}  // namespace
}  // namespace cnn
