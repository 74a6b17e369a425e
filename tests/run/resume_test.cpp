// Exact resume: a run that was stopped, however often, ends in the bytes of one that was not.

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "run/trainer.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/idx_writer.hpp"
#include "support/random_run.hpp"
#include "support/run_files.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

Trainer::Outcome train(TinyRun& run, Recorder& recorder) {
  return run.trainer.run(recorder, recorder.stop);
}

// A whole run that nothing disturbs; the steps it takes.
std::uint64_t train_whole(const RunConfig& config, const Dataset& images, const fs::path& path) {
  TinyRun run(config, path, 1, images);
  Recorder quiet;
  EXPECT_EQ(train(run, quiet), Trainer::Outcome::finished);
  return run.trainer.step();
}

void resume_from_last(TinyRun& run) {
  if (fs::exists(run.directory.last())) {
    run.resume(load_checkpoint(run.directory.last()));
  }
}

// The run, stopped after each of these steps and resumed with another number of threads each time.
void train_with_stops(const RunConfig& config, const Dataset& images, const fs::path& path,
                      const std::set<std::uint64_t>& stops) {
  int threads = 1;
  for (const std::uint64_t stop : stops) {
    TinyRun leg(config, path, threads, images);
    resume_from_last(leg);
    Recorder recorder;
    recorder.stop_after = stop;
    ASSERT_EQ(train(leg, recorder), Trainer::Outcome::stopped) << "after step " << stop;
    EXPECT_EQ(last_step(path), stop);
    threads = threads % 3 + 1;
  }
  TinyRun rest(config, path, threads, images);
  resume_from_last(rest);
  Recorder quiet;
  EXPECT_EQ(train(rest, quiet), Trainer::Outcome::finished);
}

std::string list_text(const std::set<std::uint64_t>& steps) {
  std::string text;
  for (const std::uint64_t step : steps) text += std::to_string(step) + " ";
  return text;
}

// `count` different steps of a run of `steps`, the last one excepted.
std::set<std::uint64_t> draw_stops(Draw& draw, std::size_t count, std::uint64_t steps) {
  std::set<std::uint64_t> stops;
  while (stops.size() < std::min<std::size_t>(count, steps - 1)) {
    stops.insert(static_cast<std::uint64_t>(draw.integer(1, static_cast<int>(steps) - 1)));
  }
  return stops;
}

void expect_same_with_stops(const RunConfig& config, const Dataset& images, Draw& draw,
                            std::size_t count) {
  const TempDir whole, stopped;
  const std::uint64_t steps = train_whole(config, images, whole.path());
  const std::set<std::uint64_t> stops = draw_stops(draw, count, steps);
  SCOPED_TRACE("stopped after " + list_text(stops));
  train_with_stops(config, images, stopped.path(), stops);
  EXPECT_EQ(run_difference(whole.path(), stopped.path()), "");
}

// Each of these together with all kinds of state that the tiny network has: momentum, dropout, a
// branch, warm-up, a best epoch, the sums of the present epoch. 40 images to train on in batches of
// 12: four steps an epoch, so that ten of 23 steps hit ends of epochs, their middles, and
// neighbours.
class ResumeSchedule : public testing::TestWithParam<const char*> {};

TEST_P(ResumeSchedule, AnyStopsEndInTheBytesOfTheWholeRun) {
  const std::string training =
      "  epochs: 6\n  batch: 12\n  alpha: 0.1\n  momentum: 0.9\n  lambda: 0.001\n  schedule: " +
      std::string(GetParam()) + "\n";
  Draw draw(static_cast<std::uint32_t>(training.size()));
  expect_same_with_stops(tiny_config(training, 10), tiny_images(), draw, 10);
}

INSTANTIATE_TEST_SUITE_P(All, ResumeSchedule,
                         testing::Values("{policy: cosine, warmup: 7}",
                                         "{policy: onecycle, peak_at: 0.3}",
                                         "{policy: plateau, factor: 0.5, patience: 1}",
                                         "{policy: step, gamma: 0.5, every: 1 epoch, warmup: 6}"));

class ResumeRandom : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ResumeRandom, AnyStopsEndInTheBytesOfTheWholeRun) {
  const RandomRun run = draw_run(GetParam(), 20);
  SCOPED_TRACE(run.config);
  Draw draw(GetParam());
  expect_same_with_stops(parse_config("random.yaml", run.config), run.train, draw, 7);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ResumeRandom, testing::Values(1, 2, 3, 4));

TEST(Resume, AStopBeforeTheFirstStepTrainsNothingAndLosesNothing) {
  const RunConfig config = tiny_config("  epochs: 2\n  batch: 12\n  momentum: 0.9\n");
  const TempDir whole, stopped;
  train_whole(config, tiny_images(), whole.path());
  TinyRun run(config, stopped.path(), 1);
  Recorder recorder;
  recorder.stop.stop.store(true);
  EXPECT_EQ(train(run, recorder), Trainer::Outcome::stopped);
  EXPECT_TRUE(recorder.steps.empty());
  EXPECT_EQ(last_step(stopped.path()), 0U);
  train_with_stops(config, tiny_images(), stopped.path(), {});
  EXPECT_EQ(run_difference(whole.path(), stopped.path()), "");
}

// All that a step keeps beside the weights: two moments and an average.
TEST(Resume, AnyStopsEndInTheBytesOfTheWholeRunWithMomentsAndAnAverage) {
  Draw draw(3);
  expect_same_with_stops(
      tiny_config("  epochs: 5\n  batch: 12\n  alpha: 0.01\n  lambda: 0.01\n  solver: adamw\n"
                  "  clip: 0.5\n  ema: 0.95\n  label_smoothing: 0.1\n  class_weights: balanced\n",
                  10),
      tiny_images(), draw, 8);
}

// What an epoch makes of an image does not depend on the step at which it was begun.
TEST(Resume, AnyStopsEndInTheBytesOfTheWholeRunWithAugmentation) {
  RunConfig config = tiny_config("  epochs: 5\n  batch: 12\n  alpha: 0.1\n", 10);
  config.data.augment = {.crop = {.area = {0.5, 1}},
                         .shift = 1,
                         .rotate = 20,
                         .elastic = {.sigma = 1, .alpha = 3},
                         .flip = {.horizontal = 0.5, .vertical = 0.5},
                         .fill = Fill::edge,
                         .thickness = 1,
                         .brightness = 0.3,
                         .contrast = 0.3,
                         .noise = 5,
                         .erase = {.size = 2},
                         .until = 0.6};
  Draw draw(7);
  expect_same_with_stops(config, tiny_images(), draw, 8);
}

TEST(Resume, AnyStopsEndInTheBytesOfTheWholeRunThatPatienceEnds) {
  const RunConfig config =
      tiny_config("  epochs: 40\n  batch: 12\n  alpha: 0.1\n  patience: 2\n", 10);
  const TempDir directory;
  EXPECT_LT(train_whole(config, tiny_images(), directory.path()), 160U);
  Draw draw(5);
  expect_same_with_stops(config, tiny_images(), draw, 8);
}

// A stop at an epoch's end leaves its validation to the run that resumes; it is reported once.
TEST(Resume, EveryEpochIsReportedOnceWhereverTheRunStops) {
  const RunConfig config = tiny_config("  epochs: 3\n  batch: 20\n", 10);  // two steps an epoch
  for (const std::uint64_t stop : {1U, 2U, 3U, 4U, 5U}) {
    const TempDir directory;
    Recorder recorder;
    recorder.stop_after = stop;
    TinyRun first(config, directory.path(), 1);
    ASSERT_EQ(train(first, recorder), Trainer::Outcome::stopped);
    recorder.stop.stop.store(false);
    recorder.stop_after = 0;
    TinyRun second(config, directory.path(), 1);
    resume_from_last(second);
    ASSERT_EQ(train(second, recorder), Trainer::Outcome::finished);
    std::vector<std::uint64_t> epochs;
    for (const EpochReport& report : recorder.epochs) epochs.push_back(report.metrics.epoch);
    EXPECT_EQ(epochs, (std::vector<std::uint64_t>{1, 2, 3})) << "stopped after step " << stop;
  }
}

TEST(Resume, WhatIsWrittenOnTheWayDoesNotMatter) {
  const std::string training = "  epochs: 3\n  batch: 12\n  momentum: 0.9\n";
  const TempDir whole;
  train_whole(tiny_config(training, 10), tiny_images(), whole.path());
  const std::vector<Interval> intervals = {{Interval::Unit::steps, 1},
                                           {Interval::Unit::steps, 5},
                                           {Interval::Unit::epochs, 2},
                                           {Interval::Unit::seconds, 1}};
  for (const Interval& interval : intervals) {
    for (const std::int64_t keep : {1, 3}) {
      RunConfig config = tiny_config(training, 10);
      config.output.checkpoint_every = interval;
      config.output.keep = keep;
      const TempDir stopped;
      train_with_stops(config, tiny_images(), stopped.path(), {3, 4, 10});
      EXPECT_EQ(run_difference(whole.path(), stopped.path()), "")
          << interval.count << " of unit " << static_cast<int>(interval.unit) << ", keep " << keep;
      EXPECT_LE(RunDirectory(stopped.path()).checkpoints().size(), static_cast<std::size_t>(keep));
    }
  }
}

TEST(Resume, ACheckpointOnRequestIsAsGoodAsAnyOther) {
  const RunConfig config = tiny_config("  epochs: 3\n  batch: 12\n  momentum: 0.9\n", 10);
  const TempDir whole, killed;
  train_whole(config, tiny_images(), whole.path());
  {
    // Asked for a checkpoint in its sixth step, and ended without one more.
    struct : Recorder {
      void on_step(const StepReport& report) override {
        if (report.step == 6) stop.checkpoint.store(true);
        if (report.step == 9) throw Error("killed");
      }
    } recorder;
    TinyRun run(config, killed.path(), 1);
    EXPECT_THROW(train(run, recorder), Error);
  }
  EXPECT_EQ(last_step(killed.path()), 6U);
  train_with_stops(config, tiny_images(), killed.path(), {});
  EXPECT_EQ(run_difference(whole.path(), killed.path()), "");
}

class ResumeOlder : public testing::TestWithParam<std::uint64_t> {};

// From a step-N.safetensors of the past, over the files of the run that went on; and stopped again.
TEST_P(ResumeOlder, EndsInTheSameBytes) {
  RunConfig config = tiny_config("  epochs: 4\n  batch: 12\n  momentum: 0.9\n", 10);
  config.output.checkpoint_every = {Interval::Unit::steps, 3};
  config.output.keep = 10;
  const TempDir whole, again;
  train_whole(config, tiny_images(), whole.path());
  train_whole(config, tiny_images(), again.path());
  const fs::path older = again / ("step-" + std::to_string(GetParam()) + ".safetensors");
  {
    TinyRun run(config, again.path(), 2);
    run.resume(load_checkpoint(older));
    Recorder recorder;
    recorder.stop_after = GetParam() + 1;
    ASSERT_EQ(train(run, recorder), Trainer::Outcome::stopped);
  }
  EXPECT_EQ(load_checkpoint(older).progress.step, GetParam());
  train_with_stops(config, tiny_images(), again.path(), {});
  EXPECT_EQ(run_difference(whole.path(), again.path()), "");
}

INSTANTIATE_TEST_SUITE_P(Steps, ResumeOlder, testing::Values(0, 3, 9, 15));

// A damaged last.safetensors must not cost the older one that the run resumes from.
TEST(Resume, TheCheckpointResumedFromOutlivesABrokenLast) {
  RunConfig config = tiny_config("  epochs: 4\n  batch: 12\n");
  config.output.checkpoint_every = {Interval::Unit::steps, 4};
  const TempDir directory;
  train_with_stops(config, tiny_images(), directory.path(), {});
  const fs::path good = directory / "step-16.safetensors";
  ASSERT_TRUE(fs::exists(good));
  fs::resize_file(directory / "last.safetensors", 1000);
  TinyRun run(config, directory.path(), 1);
  run.resume(load_checkpoint(good));
  Recorder recorder;
  recorder.stop_after = 17;
  ASSERT_EQ(train(run, recorder), Trainer::Outcome::stopped);
  EXPECT_EQ(load_checkpoint(good).progress.step, 16U);
  EXPECT_EQ(last_step(directory.path()), 17U);
}

// Something of a run that its resumption must not change.
struct Change {
  std::string name;  // of the test
  std::function<void(RunConfig&, Dataset&)> make;
  std::string difference;  // as the refusal names it
};
void PrintTo(const Change& change, std::ostream* out) {
  *out << change.name;
}

class ResumeChanged : public testing::TestWithParam<Change> {};

TEST_P(ResumeChanged, IsRefusedAndTheDifferenceNamed) {
  const TempDir directory;
  RunConfig config = tiny_config("  epochs: 1\n  batch: 12\n", 10);
  Dataset images = tiny_images();
  train_whole(config, images, directory.path());
  GetParam().make(config, images);
  TinyRun changed(config, directory.path(), 1, images);
  const Checkpoint checkpoint = load_checkpoint(directory / "last.safetensors");
  try {
    changed.resume(checkpoint);
    FAIL() << "accepted";
  } catch (const FileError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("cannot resume: the run differs"), std::string::npos) << message;
    EXPECT_NE(message.find("\n  " + GetParam().difference), std::string::npos) << message;
  }
}

// The network of tiny_config has, from 0: conv1, act, conv2, add1, pool1, dropout1, fc1.
const std::vector<Change> kChanges = {
    {"LayerOption",
     [](RunConfig& c, Dataset&) {
       c.network[0] = layer_spec("conv", "conv1", "{count: 3, kernel: 5, pad: 2}");
     },
     "network.conv1.kernel"},
    {"LayerBias",
     [](RunConfig& c, Dataset&) {
       c.network[2] =
           layer_spec("conv", "conv2", "{count: 3, kernel: 3, pad: 1, bias: false}", {"act"});
     },
     "network.conv2.bias is false, the checkpoint has true"},
    {"LayerType", [](RunConfig& c, Dataset&) { c.network[1] = layer_spec("sigmoid", "act"); },
     "network"},
    {"LayerOrder", [](RunConfig& c, Dataset&) { std::swap(c.network[4], c.network[5]); },
     "network"},
    {"LayerMissing", [](RunConfig& c, Dataset&) { c.network.erase(c.network.begin() + 5); },
     "network"},
    {"LayerInputs",
     [](RunConfig& c, Dataset&) {
       c.network[3].from = {"conv2", "act"};
     },
     "network.add1.from"},
    {"LayerInit", [](RunConfig& c, Dataset&) { c.network[6].init.type = Init::Type::he; },
     "network.fc1.init"},
    {"LayerAlpha", [](RunConfig& c, Dataset&) { c.network[6].alpha = 0.5; },
     "network.fc1.alpha is 0.5"},
    {"Loss", [](RunConfig& c, Dataset&) { c.loss = Loss::euclidean; },
     "loss is euclidean, the checkpoint has softmax_cross_entropy"},
    {"Seed", [](RunConfig& c, Dataset&) { c.training.seed = 9; },
     "training.seed is 9, the checkpoint has 1"},
    {"Batch", [](RunConfig& c, Dataset&) { c.training.batch = 13; },
     "training.batch is 13, the checkpoint has 12"},
    {"Alpha", [](RunConfig& c, Dataset&) { c.training.solver.alpha = 0.5; },
     "training.alpha is 0.5"},
    {"Momentum", [](RunConfig& c, Dataset&) { c.training.solver.momentum = 0.5; },
     "training.momentum is 0.5"},
    {"Ema", [](RunConfig& c, Dataset&) { c.training.solver.ema = 0.9; },
     "training.ema is 0.9, the checkpoint has 0"},
    {"Augment", [](RunConfig& c, Dataset&) { c.data.augment.shift = 2; }, "data.augment"},
    {"Shuffle", [](RunConfig& c, Dataset&) { c.training.shuffle = false; },
     "training.shuffle is false, the checkpoint has true"},
    {"Schedule",
     [](RunConfig& c, Dataset&) { c.training.schedule.policy = Schedule::Policy::cosine; },
     "training.schedule"},
    {"Warmup",
     [](RunConfig& c, Dataset&) {
       c.training.schedule.warmup = {Interval::Unit::steps, 3};
     },
     "training.schedule.warmup is 3 steps"},
    {"Validation", [](RunConfig& c, Dataset&) { c.data.validation = 11; },
     "data.validation is 11, the checkpoint has 10"},
    {"Classes",
     [](RunConfig& c, Dataset&) {
       c.data.classes = {"a", "b", "c", "d"};
     },
     "data.classes"},
    {"Scale", [](RunConfig& c, Dataset&) { c.data.scale = 0.5; }, "data.scale is 0.5"},
    {"OnePixel", [](RunConfig&, Dataset& d) { d.pixels[77] ^= 1; }, "the training set is 50"},
    {"OneLabel", [](RunConfig&, Dataset& d) { d.labels[7] ^= 1; }, "the training set is 50"},
    {"MoreImages",
     [](RunConfig&, Dataset& d) {
       d = make_dataset({1, 8, 8}, 51, 4, 7);
     },
     "the training set is 51 images 1x8x8"},
    {"TwoChanges",
     [](RunConfig& c, Dataset& d) {
       c.training.batch = 13;
       d.pixels[0] ^= 1;
     },
     "training.batch is 13, the checkpoint has 12\n  the training set is"},
};

INSTANTIATE_TEST_SUITE_P(All, ResumeChanged, testing::ValuesIn(kChanges),
                         [](const auto& change) { return change.param.name; });

// α of every step of a run.
std::vector<double> alphas(const Recorder& recorder) {
  std::vector<double> result;
  for (const StepReport& report : recorder.steps) result.push_back(report.alpha);
  return result;
}

// Without a schedule that looks at the whole length, more epochs give the bytes of the longer run.
TEST(Resume, MoreEpochsEndInTheBytesOfTheLongerRun) {
  const std::string training =
      "  batch: 12\n  momentum: 0.9\n  schedule: {policy: exp, gamma: 0.9}\n";
  const RunConfig longer = tiny_config(training + "  epochs: 5\n", 10);
  const TempDir whole, extended;
  train_whole(longer, tiny_images(), whole.path());
  train_whole(tiny_config(training + "  epochs: 2\n", 10), tiny_images(), extended.path());
  train_with_stops(longer, tiny_images(), extended.path(), {11});
  EXPECT_EQ(run_difference(whole.path(), extended.path()), "");
}

// The epoch that the shorter run's end cut short may have been its best one, and the best model
// says how long its run was to be. Neither is the longer run's.
TEST(Resume, MoreStepsThanWithinAnEpochEndInTheBytesOfTheLongerRun) {
  const std::string training = "  batch: 12\n  momentum: 0.9\n  alpha: 0.2\n";
  int undone = 0;
  for (const std::int64_t seed : {3, 8}) {
    SCOPED_TRACE(seed);
    RunConfig longer = tiny_config(training + "  epochs: 4\n", 10);
    longer.training.seed = seed;
    const TempDir whole;
    const std::uint64_t steps = train_whole(longer, tiny_images(), whole.path());
    for (std::uint64_t first = 5; first < steps; ++first) {
      SCOPED_TRACE(first);
      RunConfig shorter = longer;
      shorter.training.epochs = 0;
      shorter.training.steps = static_cast<std::int64_t>(first);
      const TempDir extended;
      train_whole(shorter, tiny_images(), extended.path());
      const Checkpoint last = load_checkpoint(extended / "last.safetensors");
      undone += last.progress.best_before_cut ? 1 : 0;
      if (first + 1 < steps) {
        shorter.training.steps = static_cast<std::int64_t>(first + 1);
        train_with_stops(shorter, tiny_images(), extended.path(), {});
      }
      train_with_stops(longer, tiny_images(), extended.path(), {});
      EXPECT_EQ(run_difference(whole.path(), extended.path()), "");
      EXPECT_FALSE(fs::exists(extended / "best-whole-epoch.safetensors"));
    }
  }
  EXPECT_GT(undone, 0);
}

// One that does (poly, cosine, onecycle) goes on as if the run had always been that long: the steps
// done are as the shorter run had them, those to come have the longer run's α.
TEST(Resume, MoreEpochsUnderACosineTakeTheLongerRunsAlphaFromThere) {
  const std::string training = "  batch: 12\n  schedule: {policy: cosine}\n";
  const RunConfig shorter = tiny_config(training + "  epochs: 2\n");
  const RunConfig longer = tiny_config(training + "  epochs: 4\n");
  const TempDir whole, extended;
  Recorder whole_steps, first_steps, more_steps;
  TinyRun a(longer, whole.path(), 1), b(shorter, extended.path(), 1), c(longer, extended.path(), 1);
  train(a, whole_steps);
  train(b, first_steps);
  resume_from_last(c);
  train(c, more_steps);
  const std::vector<double> all = alphas(whole_steps);
  ASSERT_EQ(all.size(), 20U);
  EXPECT_LT(alphas(first_steps).back(), all[9]);
  EXPECT_EQ(alphas(more_steps), std::vector(all.begin() + 10, all.end()));
}

// The same bytes in another place are the same data.
TEST(Resume, DataThatWereMovedAreNoObstacle) {
  const TempDir directory;
  RunConfig config = tiny_config("  epochs: 2\n  batch: 12\n");
  train_whole(config, tiny_images(), directory.path());
  config.data.source.set_dir("/elsewhere");
  TinyRun moved(config, directory.path(), 1);
  EXPECT_NO_THROW(resume_from_last(moved));
}

// Nothing is labelled as a run that it is not.
TEST(Resume, FewerEpochsThanAreDoneAreRefused) {
  const TempDir directory;
  train_whole(tiny_config("  epochs: 3\n  batch: 12\n", 10), tiny_images(), directory.path());
  TinyRun shorter(tiny_config("  epochs: 2\n  batch: 12\n", 10), directory.path(), 1);
  try {
    resume_from_last(shorter);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("would end at step 8, and "), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("is at step 12"), std::string::npos);
  }
}

// The newer one is what most of the time went into.
TEST(Resume, FromAnOlderCheckpointKeepsTheNewerOne) {
  RunConfig config = tiny_config("  epochs: 4\n  batch: 12\n", 10);
  config.output.checkpoint_every = {Interval::Unit::steps, 4};
  const TempDir directory;
  train_whole(config, tiny_images(), directory.path());
  ASSERT_TRUE(fs::exists(directory / "step-12.safetensors"));
  config.output.keep = 1;
  TinyRun run(config, directory.path(), 1);
  run.resume(load_checkpoint(directory / "step-12.safetensors"));
  Recorder recorder;
  recorder.stop_after = 13;
  ASSERT_EQ(train(run, recorder), Trainer::Outcome::stopped);
  EXPECT_EQ(last_step(directory.path()), 13U);
  EXPECT_EQ(load_checkpoint(directory / "step-16.safetensors").progress.step, 16U);
}

}  // namespace
}  // namespace cnn
