#include "run/trainer.hpp"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "infer/evaluate.hpp"
#include "support/files.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

const std::string kTraining =
    "  epochs: 4\n  batch: 12\n  alpha: 0.1\n  momentum: 0.9\n  lambda: 0.001\n"
    "  schedule: {policy: cosine, warmup: 7}\n";

// Without the columns that hold times.
std::string metrics_without_times(const std::filesystem::path& path) {
  std::istringstream lines(slurp(path));
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    for (int column = 0; column < 2; ++column) line.resize(line.rfind(','));
    result += line + "\n";
  }
  return result;
}

Trainer::Outcome train(TinyRun& run, Recorder& recorder) {
  return run.trainer.run(recorder, recorder.stop);
}

TEST(Trainer, LearnsTheTinyProblem) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 30\n  batch: 10\n  alpha: 0.1\n  momentum: 0.9\n", 10),
              directory.path(), 2);
  Recorder recorder;
  EXPECT_EQ(train(run, recorder), Trainer::Outcome::finished);
  EXPECT_EQ(recorder.epochs.size(), 30U);
  EXPECT_GT(recorder.epochs.back().metrics.validation_accuracy, 0.9);
  EXPECT_LT(recorder.epochs.back().metrics.train_loss,
            recorder.epochs.front().metrics.train_loss / 2);
}

TEST(Trainer, UsesTheShortLastBatchOfAnEpoch) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 2\n  batch: 12\n"), directory.path(), 1);
  Recorder recorder;
  train(run, recorder);
  ASSERT_EQ(recorder.steps.size(), 10U);  // 50 images: 12 + 12 + 12 + 12 + 2
  EXPECT_EQ(recorder.steps[4].images, 2U);
  EXPECT_EQ(recorder.steps[4].epoch, 1U);
  EXPECT_EQ(recorder.steps[5].epoch, 2U);
  EXPECT_EQ(recorder.steps[5].batch, 1U);
}

TEST(Trainer, StopsAfterTheGivenNumberOfSteps) {
  const TempDir directory;
  TinyRun run(tiny_config("  steps: 7\n  batch: 12\n"), directory.path(), 1);
  Recorder recorder;
  EXPECT_EQ(train(run, recorder), Trainer::Outcome::finished);
  EXPECT_EQ(recorder.steps.size(), 7U);
  ASSERT_EQ(recorder.epochs.size(), 2U);
  EXPECT_FALSE(recorder.epochs.back().finished);
  EXPECT_TRUE(std::filesystem::exists(run.directory.model()));
}

TEST(Trainer, TakesTheFirstStepWithTheFirstAlphaOfTheSchedule) {
  const auto after_one_step = [](const std::string& schedule) {
    const TempDir directory;
    TinyRun run(tiny_config("  steps: 1\n  batch: 12\n  alpha: 0.1\n" + schedule), directory.path(),
                1);
    Recorder recorder;
    train(run, recorder);
    return values(run.network.values());
  };
  EXPECT_EQ(after_one_step("  schedule: {policy: exp, gamma: 0.5}\n"), after_one_step(""));
}

// With alpha 0 and nothing random in the network the losses tell the order of the images.
std::vector<double> losses_of_two_epochs(const std::string& shuffle) {
  const TempDir directory;
  const RunConfig config = parse_config("tiny.yaml",
                                        "data: {dir: data}\nnetwork:\n  - fc: {count: 4}\n"
                                        "training: {epochs: 2, batch: 1, alpha: 0, shuffle: " +
                                            shuffle + "}\n");
  TinyRun run(config, directory.path(), 1);
  Recorder recorder;
  train(run, recorder);
  std::vector<double> losses;
  for (const StepReport& step : recorder.steps) losses.push_back(step.loss);
  return losses;
}

TEST(Trainer, ShufflesAnewEveryEpochOrNever) {
  for (const bool shuffle : {true, false}) {
    const std::vector<double> losses = losses_of_two_epochs(shuffle ? "true" : "false");
    ASSERT_EQ(losses.size(), 100U);
    EXPECT_EQ(std::equal(losses.begin(), losses.begin() + 50, losses.begin() + 50), !shuffle);
    EXPECT_NEAR(losses[49], losses[99], 1e-9);  // the same images, all of them
  }
}

// Noise leaves no image as it is; with alpha 0 its loss tells.
TEST(Trainer, TrainsOnImagesAsTheyStandAfterUntil) {
  const auto losses = [](const AugmentOptions& augment) {
    const TempDir directory;
    RunConfig config = tiny_config("  steps: 70\n  batch: 1\n  alpha: 0\n");  // an epoch has 50
    config.data.augment = augment;
    TinyRun run(config, directory.path(), 1);
    Recorder recorder;
    train(run, recorder);
    std::vector<double> result;
    double before = 0;  // Σ of the epoch
    for (const StepReport& step : recorder.steps) {
      if (step.batch == 1) before = 0;
      const double sum = step.loss * static_cast<double>(step.batch);
      result.push_back(sum - before);
      before = sum;
    }
    return result;
  };
  const std::vector<double> plain = losses({});
  for (const std::size_t last : {35U, 63U}) {
    const std::vector<double> noisy =
        losses({.noise = 20, .until = (static_cast<double>(last) - 0.5) / 70});
    for (std::size_t t = 0; t < plain.size(); ++t) {
      EXPECT_EQ(std::abs(noisy[t] - plain[t]) < 1e-9, t >= last) << "step " << t;
    }
  }
}

TEST(Trainer, KeepsTheModelOfTheBestValidation) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 12\n  batch: 10\n  alpha: 0.1\n  momentum: 0.9\n", 20),
              directory.path(), 2);
  Recorder recorder;
  train(run, recorder);
  double best = -1;
  for (const EpochReport& epoch : recorder.epochs) {
    EXPECT_EQ(epoch.best, epoch.metrics.validation_accuracy > best)
        << "epoch " << epoch.metrics.epoch;
    best = std::max(best, epoch.metrics.validation_accuracy);
  }
  EXPECT_GT(best, recorder.epochs.front().metrics.validation_accuracy);

  const Model kept = load_model(run.directory.best());
  const PixelTable table(kept.info.preprocessing, kept.info.input);
  Inference inference(kept.network, table, run.workers);
  const Evaluation again =
      evaluate(inference, run.config.loss, run.data.dataset, run.data.split.validation);
  EXPECT_EQ(again.accuracy(), best);
}

TEST(Trainer, GivesTheSameBytesForAnyNumberOfThreads) {
  const TempDir one, three;
  const RunConfig config = tiny_config(kTraining, 10);
  Recorder recorder;
  TinyRun a(config, one.path(), 1);
  TinyRun b(config, three.path(), 3);
  train(a, recorder);
  train(b, recorder);
  EXPECT_TRUE(same_bytes(a.directory.model(), b.directory.model()));
  EXPECT_TRUE(same_bytes(a.directory.best(), b.directory.best()));
  EXPECT_TRUE(same_bytes(a.directory.last(), b.directory.last()));
  EXPECT_EQ(metrics_without_times(a.directory.metrics()),
            metrics_without_times(b.directory.metrics()));
}

TEST(Trainer, GivesOtherWeightsForAnotherSeed) {
  const TempDir one, two;
  Recorder recorder;
  TinyRun a(tiny_config(kTraining + "  seed: 1\n"), one.path(), 1);
  TinyRun b(tiny_config(kTraining + "  seed: 2\n"), two.path(), 1);
  train(a, recorder);
  train(b, recorder);
  EXPECT_FALSE(same_bytes(a.directory.model(), b.directory.model()));
}

class TrainerResume : public testing::TestWithParam<std::uint64_t> {};

TEST_P(TrainerResume, EndsInTheSameBytesAsTheUninterruptedRun) {
  const RunConfig config = tiny_config(kTraining, 10);
  const TempDir whole_directory, directory;
  TinyRun whole(config, whole_directory.path(), 1);
  Recorder quiet;
  train(whole, quiet);

  Recorder stopper;
  stopper.stop_after = GetParam();
  TinyRun first(config, directory.path(), 2);
  ASSERT_EQ(train(first, stopper), Trainer::Outcome::stopped);
  ASSERT_EQ(stopper.steps.size(), GetParam());

  // A second interruption, two steps later.
  stopper.stop.stop.store(false);
  stopper.stop_after = GetParam() + 2;
  TinyRun second(config, directory.path(), 1);
  second.resume(load_checkpoint(second.directory.last()));
  ASSERT_EQ(train(second, stopper), Trainer::Outcome::stopped);

  TinyRun third(config, directory.path(), 3);
  third.resume(load_checkpoint(third.directory.last()));
  ASSERT_EQ(train(third, quiet), Trainer::Outcome::finished);
  EXPECT_TRUE(same_bytes(third.directory.model(), whole.directory.model()));
  EXPECT_TRUE(same_bytes(third.directory.best(), whole.directory.best()));
  EXPECT_TRUE(same_bytes(third.directory.last(), whole.directory.last()));
  EXPECT_EQ(metrics_without_times(third.directory.metrics()),
            metrics_without_times(whole.directory.metrics()));
}

// 40 images in batches of 12: four steps an epoch, sixteen in all. Within the warm-up, at the end
// of an epoch, …
INSTANTIATE_TEST_SUITE_P(AnyStep, TrainerResume, testing::Values(1, 3, 4, 5, 8, 11, 13));

TEST(Trainer, RefusesToResumeAnotherNetwork) {
  const TempDir directory;
  Recorder recorder;
  TinyRun run(tiny_config(kTraining), directory.path(), 1);
  train(run, recorder);
  TinyRun other(tiny_config(kTraining + "  seed: 5\n"), directory.path(), 1);
  try {
    other.resume(load_checkpoint(run.directory.last()));
    FAIL() << "a checkpoint of another seed was accepted";
  } catch (const FileError& error) {
    EXPECT_NE(std::string(error.what()).find("training.seed is 5, the checkpoint has 1"),
              std::string::npos)
        << error.what();
  }
}

TEST(Trainer, ResumesForMoreEpochs) {
  const TempDir directory;
  Recorder recorder;
  TinyRun run(tiny_config("  epochs: 2\n  batch: 12\n"), directory.path(), 1);
  train(run, recorder);
  TinyRun longer(tiny_config("  epochs: 3\n  batch: 12\n"), directory.path(), 1);
  longer.resume(load_checkpoint(run.directory.last()));
  EXPECT_EQ(train(longer, recorder), Trainer::Outcome::finished);
  EXPECT_EQ(recorder.epochs.size(), 3U);
}

TEST(Trainer, RefusesAModelAsCheckpoint) {
  const TempDir directory;
  Recorder recorder;
  TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  train(run, recorder);
  EXPECT_THROW(load_checkpoint(run.directory.model()), FileError);
}

TEST(Trainer, WritesACheckpointWhenAskedAndGoesOn) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 2\n  batch: 12\n"), directory.path(), 1);
  Recorder recorder;
  recorder.stop.checkpoint.store(true);
  EXPECT_EQ(train(run, recorder), Trainer::Outcome::finished);
  EXPECT_EQ(recorder.checkpoints, (std::vector<std::uint64_t>{0, 1, 10}));
}

TEST(Trainer, KeepsAsManyCheckpointsAsToldAndTheNewestLast) {
  const TempDir directory;
  RunConfig config = tiny_config("  epochs: 2\n  batch: 12\n");
  config.output.checkpoint_every = {Interval::Unit::steps, 3};
  config.output.keep = 2;
  TinyRun run(config, directory.path(), 1);
  Recorder recorder;
  train(run, recorder);
  EXPECT_EQ(recorder.checkpoints, (std::vector<std::uint64_t>{0, 3, 6, 9, 10}));
  const auto kept = run.directory.checkpoints();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(load_checkpoint(kept[0]).progress.step, 10U);
  EXPECT_EQ(load_checkpoint(kept[1]).progress.step, 9U);
}

// The broken file must not take the name of the one that replaces it.
TEST(Trainer, ResumedFromAnOlderCheckpointKeepsIt) {
  const TempDir directory;
  RunConfig config = tiny_config("  epochs: 2\n  batch: 12\n");
  config.output.checkpoint_every = {Interval::Unit::steps, 3};
  TinyRun run(config, directory.path(), 1);
  Recorder recorder;
  train(run, recorder);
  const std::filesystem::path older = directory / "step-9.safetensors";
  std::filesystem::resize_file(run.directory.last(), 1000);

  TinyRun resumed(config, directory.path(), 1);
  resumed.resume(load_checkpoint(older));
  Recorder second;
  EXPECT_EQ(train(resumed, second), Trainer::Outcome::finished);
  EXPECT_EQ(second.checkpoints, (std::vector<std::uint64_t>{9, 10}));
  EXPECT_EQ(load_checkpoint(older).progress.step, 9U);
  EXPECT_EQ(load_checkpoint(run.directory.last()).progress.step, 10U);
}

// The epoch stays due, and the run that resumes makes its validation up.
TEST(Trainer, AStopSkipsTheValidation) {
  const TempDir directory;
  const RunConfig config = tiny_config("  epochs: 1\n  batch: 12\n", 10);
  TinyRun run(config, directory.path(), 1);
  Recorder recorder;
  recorder.stop_after = 4;  // the last step of all
  EXPECT_EQ(train(run, recorder), Trainer::Outcome::stopped);
  EXPECT_TRUE(recorder.epochs.empty());
  EXPECT_FALSE(std::filesystem::exists(run.directory.best()));

  TinyRun resumed(config, directory.path(), 1);
  resumed.resume(load_checkpoint(run.directory.last()));
  Recorder second;
  EXPECT_EQ(train(resumed, second), Trainer::Outcome::finished);
  EXPECT_TRUE(second.steps.empty());
  ASSERT_EQ(second.epochs.size(), 1U);
  EXPECT_TRUE(second.epochs.front().metrics.validated);
  EXPECT_TRUE(std::filesystem::exists(run.directory.best()));
}

TEST(Trainer, StopsAtOnceWhenTheLossIsNoLongerFinite) {
  const TempDir directory;
  RunConfig config =
      tiny_config("  epochs: 50\n  batch: 12\n  alpha: 100000000\n  momentum: 0.9\n");
  TinyRun run(config, directory.path(), 2);
  Recorder recorder;
  try {
    train(run, recorder);
    FAIL() << "training went on without finite numbers";
  } catch (const DivergedError& error) {
    EXPECT_NE(std::string(error.what()).find("first non-finite value: output of '"),
              std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("at epoch "), std::string::npos) << error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(run.directory.model()));
}

// Nothing learns: the first epoch remains the best.
RunConfig frozen_config(const std::string& training) {
  RunConfig config = tiny_config("  batch: 12\n  alpha: 0.5\n" + training, 10);
  for (LayerSpec& layer : config.network) layer.alpha = 0.0;
  return config;
}

TEST(Trainer, EndsWhenPatienceDoes) {
  const TempDir directory;
  TinyRun run(frozen_config("  epochs: 9\n  patience: 3\n"), directory.path(), 1);
  Recorder recorder;
  EXPECT_EQ(train(run, recorder), Trainer::Outcome::finished);
  EXPECT_EQ(recorder.epochs.size(), 4U);
  EXPECT_TRUE(run.trainer.is_out_of_patience());
  EXPECT_TRUE(std::filesystem::exists(run.directory.model()));
  EXPECT_TRUE(std::filesystem::exists(run.directory.best()));

  // More of it, and the run goes on.
  TinyRun longer(frozen_config("  epochs: 9\n  patience: 5\n"), directory.path(), 1);
  longer.resume(load_checkpoint(longer.directory.last()));
  EXPECT_FALSE(longer.trainer.is_finished());
  EXPECT_EQ(train(longer, recorder), Trainer::Outcome::finished);
  EXPECT_EQ(recorder.epochs.size(), 6U);
}

TEST(Trainer, WithoutPatienceTrainsToTheEnd) {
  const TempDir directory;
  TinyRun run(frozen_config("  epochs: 9\n"), directory.path(), 1);
  Recorder recorder;
  train(run, recorder);
  EXPECT_EQ(recorder.epochs.size(), 9U);
  EXPECT_FALSE(run.trainer.is_out_of_patience());
}

TEST(Trainer, AlphaFallsOnAPlateau) {
  const TempDir directory;
  TinyRun run(
      frozen_config("  epochs: 6\n  schedule: {policy: plateau, factor: 0.5, patience: 2}\n"),
      directory.path(), 1);
  Recorder recorder;
  train(run, recorder);
  std::vector<double> alphas;
  for (const EpochReport& epoch : recorder.epochs) alphas.push_back(epoch.metrics.alpha);
  EXPECT_EQ(alphas, (std::vector<double>{0.5, 0.5, 0.5, 0.25, 0.25, 0.125}));
}

// Averaged weights are what a run leaves behind, what chooses the best, and what is scored.
TEST(Trainer, LeavesAndScoresTheAverageOfTheWeights) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 3\n  batch: 10\n  alpha: 0.1\n  ema: 0.9\n", 20),
              directory.path(), 2);
  Recorder recorder;
  train(run, recorder);
  const Model model = load_model(run.directory.model());
  const PixelTable table(model.info.preprocessing, model.info.input);
  const auto loss_of = [&](const Network& network) {
    Inference inference(network, table, run.workers);
    return evaluate(inference, run.config.loss, run.data.dataset, run.data.split.validation).loss;
  };
  EXPECT_EQ(loss_of(model.network), recorder.epochs.back().metrics.validation_loss);
  EXPECT_NE(loss_of(run.network), recorder.epochs.back().metrics.validation_loss);
  // The checkpoint is a model, too: the same one.
  const Model last = load_model(run.directory.last());
  EXPECT_TRUE(std::ranges::equal(last.network.values(), model.network.values()));
}

TEST(Trainer, AFrozenLayerStaysAsItWas) {
  const TempDir directory;
  RunConfig config = tiny_config("  epochs: 1\n  batch: 12\n  lambda: 0.1\n");
  config.network[0].alpha = 0.0;
  TinyRun run(config, directory.path(), 1);
  const Parameter& frozen = run.network.parameters()[0];
  const Parameter& moving = run.network.parameters()[2];
  const std::vector<Real> before(run.network.value(frozen).begin(),
                                 run.network.value(frozen).end());
  const std::vector<Real> other(run.network.value(moving).begin(), run.network.value(moving).end());
  Recorder recorder;
  train(run, recorder);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), run.network.value(frozen).begin()));
  EXPECT_FALSE(std::equal(other.begin(), other.end(), run.network.value(moving).begin()));
}

}  // namespace
}  // namespace cnn
