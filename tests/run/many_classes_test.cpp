// More classes than a byte can tell apart: read from memory, trained on, scored, and saved.

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "infer/evaluate.hpp"
#include "infer/vote.hpp"
#include "nn/registry.hpp"
#include "run/model.hpp"
#include "support/example_options.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

constexpr std::size_t kClasses = 300;

// Each class has a pattern of its own: the bits of its number, in rows.
Dataset bit_images() {
  Dataset dataset;
  dataset.shape = {1, 4, 9};
  for (std::size_t i = 0; i < kClasses; ++i) {
    dataset.labels.push_back(static_cast<std::uint16_t>(i));
    for (std::size_t at = 0; at < 36; ++at) {
      dataset.pixels.push_back((i >> (at % 9) & 1) != 0 ? 255 : 0);
    }
  }
  return dataset;
}

RunConfig bit_config(std::size_t classes = kClasses) {
  return parse_config("bits.yaml",
                      "data: {dir: d, scale: 0.01, mean: 127}\n"
                      "network:\n  - fc: {count: 40}\n  - tanh\n  - fc: {count: " +
                          std::to_string(classes) +
                          "}\n"
                          "training: {epochs: 60, batch: 20, alpha: 0.01, solver: adam}\n"
                          "output: {dir: run, checkpoint_every: never}\n");
}

Evaluation score(const TinyRun& run) {
  Workers workers(2);
  const PixelTable table(run.info.preprocessing, run.info.input);
  Inference inference(run.network, table, workers);
  return evaluate(inference, run.config.loss, run.data.dataset, everything(kClasses));
}

TEST(ManyClasses, AreLearntAndScored) {
  const TempDir temp;
  TinyRun run(bit_config(), temp.path(), 2, bit_images());
  Recorder recorder;
  ASSERT_EQ(run.trainer.run(recorder, recorder.stop), Trainer::Outcome::finished);
  const Evaluation evaluation = score(run);
  EXPECT_GE(evaluation.correct, kClasses * 9 / 10);
  std::size_t beyond = 0;
  for (std::size_t i = 256; i < kClasses; ++i) {
    EXPECT_EQ(evaluation.predictions[i].label, i);
    beyond += evaluation.predictions[i].predicted == i;
  }
  EXPECT_GE(beyond, 40U);
  // The training step counts as evaluation does.
  EXPECT_GT(recorder.epochs.back().metrics.train_accuracy, 0.9);

  const Model model = load_model(run.directory.model());
  EXPECT_EQ(model.info.classes.size(), kClasses);
  EXPECT_EQ(model.info.classes.back(), "299");

  const PixelTable table(run.info.preprocessing, run.info.input);
  Workers workers(1);
  Inference inference(run.network, table, workers);
  Vote vote(kClasses, run.info.classes);
  vote.add({inference, run.config.loss, run.info.classes}, run.data.dataset, everything(kClasses));
  EXPECT_EQ(vote.evaluation(run.data.dataset, everything(kClasses)).correct, evaluation.correct);
}

TEST(ManyClasses, TheNetworkNeedsAsManyOutputs) {
  const TempDir temp;
  const Dataset images = bit_images();
  EXPECT_THROW(TinyRun(bit_config(299), temp.path(), 1, images), ConfigError);
  ModelInfo info;
  info.input = images.shape;
  info.classes = class_names({}, 299);
  EXPECT_THROW(require_fit(images, info), FileError);
  info.classes = class_names({}, 300);
  EXPECT_NO_THROW(require_fit(images, info));
}

// What checkpoints of earlier versions hold, whose labels were bytes.
TEST(ManyClasses, TheFingerprintOfFewClassesIsThatOfBytes) {
  Dataset dataset = make_dataset({1, 8, 8}, 10, 4, 1);
  EXPECT_EQ(fingerprint(dataset), "10 images 1x8x8, crc de96d023");
  const std::string narrow = fingerprint(dataset);
  dataset.labels[3] = 256 + 3;
  const std::string wide = fingerprint(dataset);
  EXPECT_NE(wide, narrow);
  dataset.labels[3] = 512 + 3;
  EXPECT_NE(fingerprint(dataset), wide);
}

TEST(ManyClasses, ALayerMayTell65536Apart) {
  EXPECT_EQ(make_layer("fc", "{count: 65536}")->plan(std::vector<Shape>{{2, 3, 3}}).output,
            (Shape{65'536, 1, 1}));
  const Network network({1, 1, 1}, {layer_spec("fc", "a", "{count: 65536}"),
                                    layer_spec("conv", "b", "{count: 2, kernel: 1}")});
  EXPECT_EQ(network.output(), (Shape{2, 1, 1}));
}

TEST(ManyClasses, TheLastOf65536IsPredicted) {
  Network network({1, 1, 1}, {layer_spec("fc", "a", "{count: 65536}")});
  std::ranges::fill(network.values(), Real{0});
  network.value(network.parameters()[1]).back() = 1;  // the bias of the last class
  Dataset dataset;
  dataset.shape = {1, 1, 1};
  dataset.pixels = {0, 0};
  dataset.labels = {65'535, 0};
  const PixelTable table({{0.0}, {1.0}}, dataset.shape);
  Workers workers(1);
  Inference inference(network, table, workers);
  const Evaluation evaluation =
      evaluate(inference, Loss::softmax_cross_entropy, dataset, everything(2));
  EXPECT_EQ(evaluation.correct, 1U);
  EXPECT_EQ(evaluation.predictions[0].predicted, 65'535U);
}

}  // namespace
}  // namespace cnn
