#include "run/learning_check.hpp"

#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What a LearningCheck needs, of images of 8x8.
struct Scene {
  Scene(const std::string& layers, const std::string& training, Dataset images,
        std::size_t validation = 0, const std::string& more = "")
      : config(parse_config("a.yaml", "data: {dir: d}\nnetwork: [" + layers + "]\n" + more +
                                          "training: {" + training + "}\n")),
        data{std::move(images), {}},
        network(data.dataset.shape, config.network) {
    data.split = stratified_split(data.dataset.labels, validation, 1);
    info = make_model_info(config, network, data);
  }

  std::vector<std::string> warnings() const { return check_training_data(info, network, data); }
  LearningCheck check() const { return {info, network, data}; }

  RunConfig config;
  TrainingData data;
  Network network;
  ModelInfo info;
};

Dataset images_of(std::vector<std::uint16_t> labels) {
  Dataset images = make_dataset({1, 8, 8}, labels.size(), 4);
  images.origin = {"the-images", "the-labels"};
  images.labels = std::move(labels);
  return images;
}

Dataset sound_images(std::size_t count = 400) {
  return make_dataset({1, 8, 8}, count, 4);
}

// ---- Before the first step ----

TEST(CheckTrainingData, FindsNothingInASoundSet) {
  EXPECT_THAT(Scene("fc: {count: 4}", "batch: 64", sound_images(), 40).warnings(), IsEmpty());
}

TEST(CheckTrainingData, FindsASingleClass) {
  EXPECT_THAT(Scene("fc: {count: 4}", "", images_of({2, 2, 2, 2})).warnings(),
              ElementsAre("warning: all 4 training images are of one class, '2': there is nothing "
                          "to tell apart\n  look at the-labels"));
}

TEST(CheckTrainingData, FindsOutputsThatNeverOccur) {
  EXPECT_THAT(Scene("fc: {name: out, count: 5}", "", images_of({0, 1, 3, 1})).warnings(),
              ElementsAre("warning: 'out' gives 5 values, but no training image is of class '2', "
                          "'4'\n  end the network with as many values as there are classes, or "
                          "add images of these"));
  EXPECT_THAT(Scene("fc: {name: out, count: 4}", "", images_of({1, 2, 3, 1})).warnings(),
              ElementsAre("warning: 'out' gives 4 values, but no training image is of class '0'\n"
                          "  labels count from 0: subtract 1 if those of the-labels count from "
                          "1"));
  EXPECT_THAT(Scene("fc: {name: out, count: 40}", "", images_of({0, 1, 3, 1})).warnings(),
              ElementsAre(HasSubstr("'11', '12', … (37 classes)\n")));
}

TEST(CheckTrainingData, FindsBlankImages) {
  Dataset images = images_of({0, 1, 2, 3});
  std::ranges::fill(images.pixels, std::uint8_t{7});
  EXPECT_THAT(Scene("fc: {count: 4}", "", images).warnings(),
              ElementsAre("warning: all pixels of all 4 training images are 7: there is nothing to "
                          "learn from\n  look at the-images"));
  images.pixels[0] = 8;
  EXPECT_THAT(Scene("fc: {count: 4}", "", images).warnings(),
              ElementsAre(HasSubstr("3 of 4 training images are blank")));
  images.pixels[64] = images.pixels[128] = 8;
  EXPECT_THAT(Scene("fc: {count: 4}", "", images).warnings(), IsEmpty());
}

TEST(CheckTrainingData, FindsImagesThatAreAllAlike) {
  Dataset images = images_of({0, 1, 2, 3});
  for (std::size_t i = 64; i < images.pixels.size(); ++i) images.pixels[i] = images.pixels[i - 64];
  EXPECT_THAT(Scene("fc: {count: 4}", "", images).warnings(),
              ElementsAre(HasSubstr("all 4 training images are the same picture")));
  ++images.pixels.back();
  EXPECT_THAT(Scene("fc: {count: 4}", "", images).warnings(), IsEmpty());
}

// Those held out are not trained on.
TEST(CheckTrainingData, LooksAtTheImagesTrainedOn) {
  Scene scene("fc: {count: 4}", "", sound_images(), 200);
  EXPECT_THAT(scene.warnings(), IsEmpty());
  for (const std::uint32_t i : scene.data.split.train) {
    std::fill_n(scene.data.dataset.pixels.begin() + i * 64, 64, std::uint8_t{0});
    scene.data.dataset.labels[i] = 1;
  }
  EXPECT_THAT(scene.warnings(),
              ElementsAre(HasSubstr("of one class, '1'"), HasSubstr("all pixels of all 200")));
}

TEST(CheckTrainingData, FindsBatchesThatLeaveOneImageToBatchNorm) {
  const auto warnings = [](int batch, std::size_t images,
                           const std::string& norm = "batch_norm: {name: bn}, ") {
    return Scene(norm + "fc: {count: 4}", "batch: " + std::to_string(batch), sound_images(images))
        .warnings();
  };
  EXPECT_THAT(warnings(1, 400),
              ElementsAre("warning: batches of 1 image: 'bn' (batch_norm) has nothing to compare "
                          "it with\n  choose a training.batch that is a multiple of 32, or leave "
                          "batch_norm out"));
  EXPECT_THAT(warnings(33, 400), ElementsAre(HasSubstr("batches of 33 images, cut into groups of "
                                                       "32, leave one image alone: 'bn'")));
  EXPECT_THAT(warnings(64, 33), ElementsAre(HasSubstr("batches of 33 images")));
  EXPECT_THAT(warnings(1, 400, ""), IsEmpty());
  for (const int batch : {2, 31, 32, 34, 64, 100, 400}) {
    EXPECT_THAT(warnings(batch, 400), IsEmpty()) << batch;
  }
  EXPECT_THAT(warnings(64, 64 * 10 + 1), IsEmpty()) << "one of 21 groups";
  EXPECT_THAT(warnings(32, 33), ElementsAre(HasSubstr("batches of 32"))) << "one of two";
}

// ---- Guessing ----

// Plain minimisation over the answers q.
double least_loss(const std::function<double(double)>& loss) {
  double least = 1e9;
  for (int i = 1; i < 100000; ++i) least = std::min(least, loss(i / 100000.0));
  return least;
}

TEST(GuessingLoss, IsThatOfTheBestAnswerThatIgnoresTheImage) {
  EXPECT_NEAR(guessing_loss(Loss::softmax_cross_entropy, {}, std::vector(10, 0.1)), std::log(10),
              1e-12);
  EXPECT_NEAR(guessing_loss(Loss::euclidean, {}, std::vector(10, 0.1)), 0.45, 1e-12);
  EXPECT_EQ(guessing_loss(Loss::softmax_cross_entropy, {}, {0, 1}), 0);
  const double p = 0.3, w0 = 2, w1 = 0.5, s = 0.2;
  const LossOptions options{s, {w0, w1}};
  EXPECT_NEAR(guessing_loss(Loss::softmax_cross_entropy, options, {p, 1 - p}),
              least_loss([&](double q) {
                return p * w0 * -((1 - s / 2) * std::log(q) + s / 2 * std::log(1 - q)) +
                       (1 - p) * w1 * -(s / 2 * std::log(q) + (1 - s / 2) * std::log(1 - q));
              }),
              1e-8);
  EXPECT_NEAR(guessing_loss(Loss::euclidean, {0, {w0, w1}}, {p, 1 - p}), least_loss([&](double h) {
                return p * w0 * (1 - h) * (1 - h) + (1 - p) * w1 * h * h;
              }),
              1e-8);
}

// ---- While it trains ----

// What a step shows: mean loss, and what is predicted for images of the classes 0, 1, 2, 3, 0, …
struct Step {
  double loss;
  std::vector<std::uint32_t> predicted;
};
const std::vector<std::uint32_t> kChance = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
const std::vector<std::uint32_t> kRight = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
const std::vector<std::uint32_t> kAllTwo(16, 2);

// Feeds `count` steps of a run of `all` from step `first` (from 1) on; the messages.
std::vector<std::string> feed(LearningCheck& check, std::uint64_t first, std::uint64_t count,
                              const Step& step, std::uint64_t all = 100000) {
  std::vector<std::string> messages;
  for (std::uint64_t t = first; t < first + count; ++t) {
    BatchResult result;
    result.loss = 16 * step.loss;
    for (std::size_t i = 0; i < 16; ++i) result.correct += step.predicted[i] == i % 4 ? 1 : 0;
    result.predicted = step.predicted;
    const auto message = check.after_step({t, all, 1, t, all, step.loss, 0, 0.01, 16, result});
    if (message) messages.push_back(*message);
  }
  return messages;
}

const double kGuessing = std::log(4);

Scene plain_scene(const std::string& training = "batch: 16, alpha: 0.01",
                  const std::string& network = "fc: {count: 4}", const std::string& more = "") {
  return Scene(network, training, sound_images(), 0, more);
}

TEST(LearningCheck, SaysOnceThatNothingIsLearnt) {
  LearningCheck check = plain_scene().check();
  EXPECT_THAT(feed(check, 1, 399, {kGuessing, kChance}), IsEmpty());
  EXPECT_THAT(feed(check, 400, 1, {kGuessing, kChance}),
              ElementsAre("warning: nothing learnt in 400 steps: the loss, 1.3863, is that of "
                          "guessing among 4 classes (ln 4 = 1.3863), accuracy 25.0 %\n  alpha may "
                          "be too small: try --set training.alpha=0.1; if that changes nothing, "
                          "the labels may be shuffled against the images"));
  EXPECT_THAT(feed(check, 401, 1000, {kGuessing, kChance}), IsEmpty());
}

TEST(LearningCheck, SaysNothingWhereSomethingIsLearnt) {
  for (const Step& step : {Step{0.97 * kGuessing, kChance}, Step{2 * kGuessing, kRight},
                           Step{0.01, kRight}, Step{0.5 * kGuessing, kChance}}) {
    LearningCheck check = plain_scene().check();
    EXPECT_THAT(feed(check, 1, 6000, step, 6000), IsEmpty());
  }
}

TEST(LearningCheck, WaitsForSigmoidUnitsAndTheEuclideanLoss) {
  LearningCheck sigmoid =
      plain_scene("batch: 16", "fc: {count: 9}, sigmoid, fc: {count: 4}").check();
  EXPECT_THAT(feed(sigmoid, 1, 2999, {kGuessing, kAllTwo}), IsEmpty());
  EXPECT_THAT(feed(sigmoid, 3000, 1, {kGuessing, kAllTwo}),
              ElementsAre(AllOf(HasSubstr("nothing learnt in 3000 steps"),
                                HasSubstr("and 100.0 % of the images are taken for class '2'"))));
  LearningCheck euclidean = plain_scene("batch: 16", "fc: {count: 4}", "loss: euclidean\n").check();
  EXPECT_THAT(feed(euclidean, 1, 2999, {0.375, kChance}), IsEmpty());
  EXPECT_THAT(feed(euclidean, 3000, 1, {0.375, kChance}),
              ElementsAre(HasSubstr("the loss, 0.3750, is that of guessing by the frequencies of "
                                    "the classes (0.3750)")));
}

TEST(LearningCheck, WaitsForTheWarmup) {
  LearningCheck check = plain_scene("batch: 16, schedule: {policy: constant, warmup: 500}").check();
  EXPECT_THAT(feed(check, 1, 899, {kGuessing, kChance}), IsEmpty());
  EXPECT_THAT(feed(check, 900, 1, {kGuessing, kChance}),
              ElementsAre(HasSubstr("nothing learnt in 400 steps")));
}

// A short run is judged at its end, one of a few steps never.
TEST(LearningCheck, JudgesAShortRunAtItsEnd) {
  for (const std::uint64_t steps : {1U, 12U, 99U, 100U, 101U, 130U, 199U}) {
    LearningCheck check = plain_scene().check();
    EXPECT_THAT(feed(check, 1, steps - 1, {kGuessing, kChance}, steps), IsEmpty());
    EXPECT_EQ(feed(check, steps, 1, {kGuessing, kChance}, steps).size(), steps < 100 ? 0U : 1U)
        << steps;
  }
}

// It knows nothing of the steps before, and waits as long as a run that begins.
TEST(LearningCheck, OfAResumedRunCountsWhatItSees) {
  LearningCheck check = plain_scene().check();
  EXPECT_THAT(feed(check, 7351, 399, {kGuessing, kChance}), IsEmpty());
  EXPECT_THAT(feed(check, 7750, 1, {kGuessing, kChance}),
              ElementsAre(HasSubstr("nothing learnt in 400 steps")));
  LearningCheck finished = plain_scene().check();
  EXPECT_THAT(feed(finished, 9990, 11, {kGuessing, kChance}, 10000), IsEmpty());
}

TEST(LearningCheck, SaysThatWhatWasLearntIsLost) {
  LearningCheck check = plain_scene().check();
  EXPECT_THAT(feed(check, 1, 1000, {0.2, kRight}), IsEmpty());
  EXPECT_THAT(feed(check, 1001, 100, {kGuessing, kAllTwo}), IsEmpty()) << "it may come back";
  EXPECT_THAT(feed(check, 1101, 1000, {kGuessing, kAllTwo}),
              ElementsAre(AllOf(HasSubstr("warning: what was learnt is lost at step 1200: "),
                                HasSubstr("alpha may be too large: try --set "
                                          "training.alpha=0.001"))));
}

TEST(LearningCheck, NamesTheLikeliestReason) {
  const auto reason = [](const Scene& scene, const std::vector<Step>& hundreds) {
    LearningCheck check = scene.check();
    std::string all;
    for (std::size_t i = 0; i < hundreds.size(); ++i) {
      for (const std::string& message : feed(check, 100 * i + 1, 100, hundreds[i])) all += message;
    }
    return all;
  };
  const Step still{kGuessing, kChance}, dead{kGuessing, kAllTwo};
  EXPECT_THAT(reason(plain_scene(), {{9, kChance}, still, still, still}),
              HasSubstr("alpha may be too large, the loss was 9 at times: try --set "
                        "training.alpha=0.001;"));
  EXPECT_THAT(reason(plain_scene(), {{1.6, kChance}, dead, dead, dead}),
              HasSubstr("its units may be dead, "));
  EXPECT_THAT(reason(plain_scene(), {{1.45, kRight}, still, still, still}),
              HasSubstr("the labels may be shuffled against the images, or "));
  const Scene sigmoid =
      plain_scene("batch: 16, alpha: 10", "fc: {count: 9}, sigmoid, fc: {count: 4}");
  const auto after = [&](const Step& step) {
    std::vector<Step> hundreds(30, step);
    hundreds.front() = {1.6, kChance};
    return reason(sigmoid, hundreds);
  };
  EXPECT_THAT(after({1.2 * kGuessing, kAllTwo}),
              HasSubstr("stuck at 0 and 1, from an alpha that is too large: try --set "
                        "training.alpha=1; "));
  EXPECT_THAT(after(dead), HasSubstr("sigmoid units begin slowly"));
  EXPECT_THAT(reason(plain_scene("batch: 16, alpha: 0"), {still, still, still, still}),
              HasSubstr("alpha is 0: set training.alpha"));
  Scene wide = plain_scene();
  wide.info.preprocessing = {{0}, {1}};
  EXPECT_THAT(reason(wide, {{9, kChance}, still, still, still}),
              HasSubstr("the network sees pixels as 0 to 255: try --set data.scale=0.00390625"));
}

TEST(LearningCheck, SaysThatOneClassIsPredictedForAll) {
  // 95 of 100 images are of class 0.
  std::vector<std::uint16_t> labels(400);
  for (std::size_t i = 0; i < labels.size(); i += 20) labels[i] = 1;
  const Scene scene("fc: {count: 2}", "batch: 16", images_of(labels));
  const std::vector<std::uint32_t> all_zero(16, 0);
  LearningCheck check = scene.check();
  EXPECT_THAT(
      feed(check, 1, 2000, {0.15, all_zero}),
      ElementsAre("warning: 100.0 % of the images of the last 100 steps are taken for class "
                  "'0', which 95.0 % of the training images are\n  the classes are too "
                  "unequal to be told apart by the mean loss: try --set "
                  "training.class_weights=balanced"));
  std::vector<std::uint32_t> some_one = all_zero;
  some_one[0] = 1;
  LearningCheck healthy = scene.check();
  EXPECT_THAT(feed(healthy, 1, 2000, {0.15, some_one}), IsEmpty());
}

EpochReport epoch_report(double loss, double accuracy) {
  EpochReport report{};
  report.metrics.validated = true;
  report.metrics.validation_loss = loss;
  report.metrics.validation_accuracy = accuracy;
  return report;
}

TEST(LearningCheck, SaysThatImagesHeldOutAreGuessed) {
  const auto after = [](std::uint64_t steps, const EpochReport& report, std::size_t held_out = 200,
                        const std::string& training = "batch: 16") {
    LearningCheck check = Scene("fc: {count: 4}", training, sound_images(), held_out).check();
    EXPECT_THAT(feed(check, 1, steps, {0.2, kRight}), IsEmpty());
    const bool first = check.after_epoch(report).has_value();
    EXPECT_FALSE(check.after_epoch(report).has_value()) << "a second time";
    return first;
  };
  EXPECT_TRUE(after(400, epoch_report(3, 0.27)));
  EXPECT_FALSE(after(399, epoch_report(3, 0.27)));
  EXPECT_FALSE(after(400, epoch_report(3, 0.6)));
  EXPECT_FALSE(after(400, epoch_report(1.3, 0.27)));
  EXPECT_FALSE(after(400, epoch_report(3, 0.27), 40)) << "too few to tell";
  EXPECT_FALSE(after(400, EpochReport{}));
  EXPECT_FALSE(after(400, epoch_report(3, 0.27), 200, "batch: 16, ema: 0.999"));
  EXPECT_TRUE(after(5100, epoch_report(3, 0.27), 200, "batch: 16, ema: 0.999"));
}

// Of one class check_training_data speaks.
TEST(LearningCheck, IsSilentAboutASingleClass) {
  LearningCheck check = Scene("fc: {count: 4}", "batch: 16", images_of({2, 2, 2, 2})).check();
  EXPECT_THAT(feed(check, 1, 5000, {0, kAllTwo}, 5000), IsEmpty());
}

// The same through a Trainer, whatever the number of threads.
struct Warned : Recorder {
  explicit Warned(TinyRun& run) : check(run.info, run.network, run.data) {}
  void on_step(const StepReport& report) override {
    EXPECT_EQ(report.result.predicted.size(), report.images);
    if (const auto message = check.after_step(report)) messages.push_back(*message);
  }
  LearningCheck check;
  std::vector<std::string> messages;
};

std::vector<std::string> warnings_of_training(const Dataset& images, int threads) {
  const TempDir directory;
  TinyRun run(tiny_config("  steps: 450\n  batch: 40\n  alpha: 0.05\n"), directory.path(), threads,
              images);
  Warned observer(run);
  run.trainer.run(observer, observer.stop);
  return observer.messages;
}

TEST(LearningCheck, WatchesATrainer) {
  Dataset images = make_dataset({1, 8, 8}, 4000, 4, 7);
  EXPECT_THAT(warnings_of_training(images, 2), IsEmpty());
  for (std::size_t i = 0; i < images.labels.size(); ++i) {
    images.labels[i] = static_cast<std::uint16_t>(i / 4 % 4);  // nothing to do with the image
  }
  const std::vector<std::string> warnings = warnings_of_training(images, 1);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("nothing learnt in 400 steps")));
  EXPECT_EQ(warnings_of_training(images, 3), warnings);
}

}  // namespace
}  // namespace cnn
