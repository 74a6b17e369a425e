// What a caller of the library may get wrong ends in a typed error, in every build, before anything
// is written where it does not belong.

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"
#include "cnn/metrics.hpp"

#include "data/selection.hpp"
#include "formats/safetensors.hpp"
#include "infer/evaluate.hpp"
#include "infer/vote.hpp"
#include "nn/gradient_check.hpp"
#include "optim/solver.hpp"
#include "run/train_step.hpp"
#include "support/example_options.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

constexpr Loss kLoss = Loss::softmax_cross_entropy;
constexpr Shape kImage{1, 6, 6};

Network small_network(const Shape& input = kImage, const char* count = "{count: 3}") {
  Network network(input, {layer_spec("fc", "fc", count)});
  network.initialise(1);
  return network;
}

// Everything that scores or trains 20 images of three classes.
struct Rig {
  Network network = small_network();
  PixelTable table = PixelTable({{0.0}, {0.01}}, kImage);
  Workers workers = Workers(2);
  Dataset dataset = make_dataset(kImage, 20, 3);
  Inference inference = Inference(network, table, workers);
  Solver solver = Solver(network, {.alpha = 0.1});
  TrainStep step = TrainStep(network, solver, kLoss, table, 8, 1, workers);
};

template <typename Error, typename Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// A picture that was not prepared: larger than the network's input, smaller, or none at all.
TEST(Misuse, AnImageOfAnotherSizeIsNotRun) {
  Rig rig;
  for (const std::size_t bytes : {0U, 1U, 35U, 37U, 40'000U}) {
    const std::vector<std::uint8_t> pixels(bytes);
    const std::string message = message_of<ShapeError>([&] {
      rig.inference.run(
          3, [&](std::size_t) { return std::span(pixels); }, [](std::size_t, CView) {});
    });
    EXPECT_NE(message.find(std::to_string(bytes) + " values"), std::string::npos) << message;
    EXPECT_NE(message.find("expected 36 (1x6x6)"), std::string::npos) << message;
  }
  EXPECT_THROW(rig.inference.run(1, {}, [](std::size_t, CView) {}), ArgumentError);
  EXPECT_THROW(rig.inference.run(1, [&](std::size_t i) { return rig.dataset.image(i); }, {}),
               ArgumentError);
}

TEST(Misuse, InferenceNeedsATableForItsNetworkAndAGroup) {
  Rig rig;
  const PixelTable other({{0.0}, {1.0}}, {1, 4, 9});
  EXPECT_THROW(Inference(rig.network, other, rig.workers), ShapeError);
  EXPECT_THROW(Inference(rig.network, rig.table, rig.workers, 0), ArgumentError);
}

TEST(Misuse, APixelTableTakesImagesOfItsShape) {
  EXPECT_THROW(PixelTable({{0.0}, {1.0}}, {3, 6, 6}), ShapeError);
  EXPECT_THROW(PixelTable({{0.0}, {}}, {1, 6, 6}), ShapeError);
  EXPECT_THROW(PixelTable({{}, {}}, {0, 6, 6}), ShapeError);
  EXPECT_THROW(PixelTable({{0.0}, {1.0}}, {1, 0, 6}), ShapeError);
  const PixelTable table({{0.0}, {1.0}}, kImage);
  std::vector<Real> x(37);
  EXPECT_THROW(table.apply(std::vector<std::uint8_t>(37), x), ShapeError);
  EXPECT_THROW(table.apply(std::vector<std::uint8_t>(36), x), ShapeError);
  EXPECT_THROW(table.apply(std::vector<std::uint8_t>(37), View(x).first(36)), ShapeError);
  EXPECT_THROW(table.apply(x), ShapeError);
}

TEST(Misuse, ImagesThatAreNotThereAreNotSelected) {
  Rig rig;
  EXPECT_THROW(rig.dataset.image(20), ArgumentError);
  EXPECT_THROW(rig.dataset.image(std::numeric_limits<std::size_t>::max()), ArgumentError);
  EXPECT_THROW(Dataset().image(0), ArgumentError);
  EXPECT_THROW(measure_preprocessing(rig.dataset, {3, 20}), ArgumentError);
  EXPECT_THROW(measure_preprocessing(rig.dataset, {}), ArgumentError);
  EXPECT_THROW(evaluate(rig.inference, kLoss, rig.dataset, {3, 20}), ArgumentError);
  EXPECT_THROW(stratified_split(rig.dataset.labels, 20, 1), ArgumentError);
  Dataset unlabelled = rig.dataset;
  unlabelled.labels.pop_back();
  EXPECT_THROW(evaluate(rig.inference, kLoss, unlabelled, everything(20)), ArgumentError);
}

TEST(Misuse, EvaluateTakesTheNetworksImagesAndClasses) {
  Rig rig;
  EXPECT_THROW(evaluate(rig.inference, kLoss, make_dataset({1, 9, 4}, 5, 3), {0}), ShapeError);
  const Dataset more_classes = make_dataset(kImage, 20, 4);
  const std::string message = message_of<ArgumentError>(
      [&] { evaluate(rig.inference, kLoss, more_classes, everything(20)); });
  EXPECT_EQ(message, "data set: image 3 has the label 3, there are 3 classes, counted from 0");
}

TEST(Misuse, ATrainStepTakesBatchesThatFit) {
  Rig rig;
  const Values before = values(rig.network.values());
  const auto run = [&](const Dataset& dataset, const Selection& places) {
    return [&rig, &dataset, places] { rig.step.run(dataset, places, 0, 1.0, 0); };
  };
  EXPECT_THROW(run(rig.dataset, {})(), ArgumentError);
  EXPECT_EQ(message_of<ArgumentError>(run(rig.dataset, everything(9))),
            "training step: a batch of 9 images, expected 1 to 8");
  EXPECT_THROW(run(rig.dataset, {0, 20})(), ArgumentError);
  EXPECT_THROW(run(make_dataset({1, 4, 9}, 5, 3), {0})(), ShapeError);
  EXPECT_THROW(run(make_dataset(kImage, 20, 4), {0, 3})(), ArgumentError);
  EXPECT_EQ(values(rig.network.values()), before);
  EXPECT_NO_THROW(run(rig.dataset, everything(8))());
}

TEST(Misuse, ATrainStepIsMadeForItsNetwork) {
  Rig rig;
  const PixelTable other({{0.0}, {1.0}}, {1, 4, 9});
  EXPECT_THROW(TrainStep(rig.network, rig.solver, kLoss, rig.table, 0, 1, rig.workers),
               ArgumentError);
  EXPECT_THROW(TrainStep(rig.network, rig.solver, kLoss, other, 8, 1, rig.workers), ShapeError);
  EXPECT_THROW(TrainStep(rig.network, rig.solver, kLoss, rig.table, 8, 1, rig.workers,
                         {.label_smoothing = 0, .class_weights = {1, 2}}),
               ShapeError);
  Network larger = small_network(kImage, "{count: 5}");
  TrainStep step(larger, rig.solver, kLoss, rig.table, 8, 1, rig.workers);
  EXPECT_THROW(step.run(rig.dataset, everything(8), 0, 1.0, 0), ArgumentError);
}

// A caller may go on with a smaller α: what the failed step has added up is gone.
TEST(Misuse, AStepAfterADivergedOneIsAsIfThatHadNotBeen) {
  Rig diverged, whole;
  // Two groups of images; those of the first are black and do not diverge.
  constexpr std::size_t kBatch = 64;
  Dataset dataset = make_dataset(kImage, kBatch, 3);
  std::fill_n(dataset.pixels.begin(), kBatch / 2 * kImage.size(), std::uint8_t{0});
  const auto run = [&](Rig& rig, TrainStep& step) {
    step.run(dataset, everything(kBatch), 0, 1.0, 0);
    return values(rig.network.values());
  };
  const auto step_of = [](Rig& rig) {
    return TrainStep(rig.network, rig.solver, kLoss, rig.table, kBatch, 1, rig.workers);
  };
  TrainStep step = step_of(diverged), other_step = step_of(whole);
  const Values before = values(diverged.network.values());
  // Of the weights of two classes one becomes infinite: 3e38 · Σ x.
  std::ranges::fill(diverged.network.values().first(36), Real{3e38F});
  EXPECT_THROW(run(diverged, step), DivergedError);
  assign(diverged.network.values(), before);
  EXPECT_EQ(run(diverged, step), run(whole, other_step));
}

TEST(Misuse, ALossTakesSizesAndLabelsThatFit) {
  const std::vector<Real> outputs = {1, 2, 3, 4, 5, 6};
  std::vector<double> losses(2);
  std::vector<Real> doutputs(6);
  const auto compute = [&](const std::vector<std::uint16_t>& labels, std::size_t n,
                           std::size_t gradients, const LossOptions& options = {}) {
    compute_loss(kLoss, outputs, labels, 1, std::span(losses).first(n),
                 View(doutputs).first(gradients), options);
  };
  EXPECT_NO_THROW(compute({0, 2}, 2, 6));
  EXPECT_THROW(compute({0, 3}, 2, 6), ArgumentError);
  EXPECT_THROW(compute({0, 255}, 2, 0), ArgumentError);
  EXPECT_THROW(compute({0, 1}, 1, 6), ShapeError);
  EXPECT_THROW(compute({0, 1}, 2, 5), ShapeError);
  EXPECT_THROW(compute({}, 0, 6), ShapeError);
  EXPECT_THROW(compute({0, 1, 0, 1}, 2, 6), ShapeError);
  EXPECT_THROW(compute({0, 1}, 2, 6, {.label_smoothing = 0, .class_weights = {1, 2}}), ShapeError);
  EXPECT_NO_THROW(compute_loss(kLoss, {}, {}, 1, {}, {}));
  EXPECT_THROW(class_probabilities(kLoss, outputs, losses), ShapeError);
  EXPECT_THROW(class_probabilities(kLoss, {}, {}), ShapeError);
}

TEST(Misuse, AVoteIsOnItsImagesAndClasses) {
  Rig rig;
  const std::vector<std::string> two = {"a", "b"}, three = {"a", "b", "c"};
  const Voter voter{rig.inference, kLoss, three};
  Vote vote(20, three), of_two(20, two);
  const Selection all = everything(20);
  EXPECT_THROW(vote.evaluation(rig.dataset, all), ArgumentError);
  EXPECT_THROW(vote.add(voter, rig.dataset, everything(19)), ArgumentError);
  EXPECT_THROW(vote.add(voter, rig.dataset, Selection(20, 20)), ArgumentError);
  EXPECT_THROW(vote.add(voter, make_dataset({1, 4, 9}, 20, 3), all), ShapeError);
  EXPECT_THROW(of_two.add(voter, rig.dataset, all), ArgumentError);
  EXPECT_THROW(of_two.add({rig.inference, kLoss, two}, rig.dataset, all), ShapeError);
  vote.add(voter, rig.dataset, all);
  EXPECT_THROW(vote.evaluation(rig.dataset, everything(21)), ArgumentError);
  EXPECT_THROW(vote.evaluation(make_dataset(kImage, 20, 4), all), ArgumentError);
  EXPECT_EQ(vote.evaluation(rig.dataset, all).predictions.size(), 20U);
  const int far = std::numeric_limits<int>::max();
  for (const PixelShift shift : {PixelShift{far, 0}, PixelShift{0, -far - 1}}) {
    EXPECT_EQ(std::ranges::count(shifted(rig.dataset, shift).pixels, 0), 20 * 36);
  }
}

TEST(Misuse, ANetworkNeedsImagesLayersAndNames) {
  EXPECT_THROW(small_network({1, 0, 6}), NetworkError);
  EXPECT_THROW(small_network({-1, 6, 6}), NetworkError);
  EXPECT_THROW(Network(kImage, {LayerSpec{}}), NetworkError);
  EXPECT_THROW(Network(kImage, {layer_spec("relu", "a"), layer_spec("fc", "a", "{count: 3}")}),
               NetworkError);
}

TEST(Misuse, APassNeedsMemoryOfItsNetwork) {
  const Network network = small_network();
  const Network other = small_network(kImage, "{count: 4}");
  Workspace workspace(network, 4, Phase::train);
  Workspace evaluation(network, 4, Phase::evaluate);
  Workspace others(other, 4, Phase::train);
  Gradients gradients(network);
  Gradients of_other(other);
  EXPECT_THROW(network.forward(workspace, 5, {}), ArgumentError);
  EXPECT_THROW(network.forward(others, 4, {}), ArgumentError);
  EXPECT_THROW(network.first_non_finite(workspace, 5), ArgumentError);
  EXPECT_THROW(network.forward_layer(1, workspace, {0, 4}, {}), ArgumentError);
  EXPECT_THROW(network.forward_layer(0, workspace, {1, 4}, {}), ArgumentError);
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  EXPECT_THROW(network.forward_layer(0, workspace, {kMost, 2}, {}), ArgumentError);
  network.forward(workspace, 4, {});
  network.forward(evaluation, 4, {});
  EXPECT_THROW(network.first_non_finite(evaluation, 4), ArgumentError);
  EXPECT_THROW(network.backward(workspace, 5, gradients), ArgumentError);
  EXPECT_THROW(network.backward(evaluation, 4, gradients), ArgumentError);
  EXPECT_THROW(network.backward(others, 4, gradients), ArgumentError);
  EXPECT_THROW(network.backward(workspace, 4, of_other), ArgumentError);
  EXPECT_THROW(network.backward_layer(1, workspace, {0, 4}, gradients), ArgumentError);
  EXPECT_THROW(network.backward_layer(0, workspace, {0, 5}, gradients), ArgumentError);
  EXPECT_EQ(gradients.take_samples(), 0U);
  EXPECT_NO_THROW(network.backward(workspace, 4, gradients));
  EXPECT_THROW(network.value(other.parameters().back()), ArgumentError);
}

// A network of the same shapes may lend its memory, as a run's average does.
TEST(Misuse, MemoryOfANetworkOfTheSameLayoutWillDo) {
  const Network network = small_network(), same = small_network();
  Workspace workspace(same, 4, Phase::train);
  EXPECT_NO_THROW(network.forward(workspace, 4, {}));
}

TEST(Misuse, AWorkspaceShowsTheSamplesItHolds) {
  const Network network = small_network();
  Workspace workspace(network, 4, Phase::evaluate);
  EXPECT_EQ(workspace.input(4).size(), 4 * 36U);
  EXPECT_THROW(workspace.input(5), ArgumentError);
  EXPECT_THROW(workspace.output(5), ArgumentError);
  EXPECT_THROW(workspace.doutput(1), ArgumentError);
  EXPECT_THROW(Workspace(network, std::numeric_limits<std::size_t>::max(), Phase::evaluate),
               ArgumentError);
}

TEST(Misuse, ASolverServesItsNetwork) {
  Rig rig;
  Network other = small_network(kImage, "{count: 5}");
  std::vector<Gradients> gradients;
  EXPECT_THROW(rig.solver.step(rig.network, gradients, 0, 1, rig.workers), ArgumentError);
  gradients.emplace_back(other);
  EXPECT_THROW(rig.solver.step(rig.network, gradients, 0, 1, rig.workers), ArgumentError);
  EXPECT_THROW(rig.solver.step(other, gradients, 0, 1, rig.workers), ArgumentError);
  EXPECT_THROW(rig.solver.reduce(gradients, rig.workers), ArgumentError);
  EXPECT_THROW(rig.solver.reduce({}, rig.workers), ArgumentError);
  EXPECT_THROW(rig.solver.apply(rig.network, gradients[0], 0, 1, rig.workers), ArgumentError);
  EXPECT_THROW(Solver(rig.network, {.ema = 0.9}, other.values()), ShapeError);
  EXPECT_THROW(rig.solver.state(1, rig.network.parameters()[0]), ArgumentError);
  EXPECT_THROW(rig.solver.state(0, other.parameters()[1]), ArgumentError);
}

TEST(Misuse, WorkersAreAtLeastOne) {
  EXPECT_THROW(Workers(0), ArgumentError);
  EXPECT_THROW(Workers(-3), ArgumentError);
}

TEST(Misuse, AConfusionMatrixCountsItsClasses) {
  EXPECT_THROW(Confusion(3, {{3, 0, 1.0}}), ArgumentError);
  EXPECT_THROW(Confusion(3, {{0, 3, 1.0}}), ArgumentError);
}

// The network is what it was, although the check moves its values.
TEST(Misuse, AGradientCheckTakesImagesAndLabelsThatFit) {
  Network network = small_network();
  const Values before = values(network.values());
  const std::vector<Real> images(2 * 36);
  const auto check = [&](std::size_t count, const std::vector<std::uint16_t>& labels) {
    GradientChecker({.network = network,
                     .loss = kLoss,
                     .images = CView(images).first(count),
                     .labels = labels});
  };
  EXPECT_THROW(check(0, {}), ArgumentError);
  EXPECT_THROW(check(72, {0}), ShapeError);
  EXPECT_THROW(check(72, {0, 3}), ArgumentError);
  EXPECT_NO_THROW(check(72, {0, 2}));
  EXPECT_EQ(values(network.values()), before);
}

TEST(Misuse, ARunNeedsImagesThatFit) {
  const TempDir temp;
  const RunConfig config = tiny_config("  epochs: 1\n");
  EXPECT_THROW(TinyRun(config, temp.path(), 1, make_dataset({1, 8, 8}, 50, 5)), ConfigError);
  TinyRun run(config, temp.path(), 1);
  RunWriter keeper(RunDirectory(temp.path()), 1);
  const auto trainer = [&](const Dataset& dataset, const Split& split) {
    Trainer({run.info, run.network, dataset, split, run.workers, keeper});
  };
  EXPECT_THROW(trainer(run.data.dataset, {{}, {1, 2}}), ArgumentError);
  EXPECT_THROW(trainer(run.data.dataset, {{50}, {}}), ArgumentError);
  EXPECT_THROW(trainer(run.data.dataset, {{1}, {50}}), ArgumentError);
  EXPECT_THROW(trainer(make_dataset({1, 4, 16}, 50, 4), {{1}, {}}), ShapeError);
}

TEST(Misuse, ATensorToWriteHasTheValuesOfItsShape) {
  const TempDir temp;
  const std::vector<float> five(5);
  EXPECT_THROW(write_safetensors(temp / "a", std::vector<NamedTensor>{{"t", {2, 3}, five}}, {}),
               ShapeError);
}

}  // namespace
}  // namespace cnn
