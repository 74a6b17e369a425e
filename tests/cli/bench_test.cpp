// cnn-bench as users run it. What it measures is the machine's affair; that it measures, and what,
// is tested.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/random_training.hpp"
#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

// On the project's digits, for as short a time as the command allows.
CommandResult bench(const std::vector<std::string>& more,
                    const std::string& config = digits_config()) {
  std::vector<std::string> arguments = {"--config", config, "--seconds", "0.01"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command("cnn-bench", arguments);
}

json bench_json(std::vector<std::string> more) {
  more.push_back("--json");
  const CommandResult result = bench(more);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  return json::parse(result.out, nullptr, false);
}

std::vector<std::string> keys(const json& object) {
  std::vector<std::string> names;
  for (const auto& item : object.items()) names.push_back(item.key());
  return names;
}

TEST(Bench, JsonHoldsExactlyWhatIsPromised) {
  const json report = bench_json({});
  EXPECT_THAT(keys(report), testing::UnorderedElementsAre(
                                "train_images_per_second", "inference_images_per_second",
                                "gflops_per_second_train", "sgemm_peak_gflops", "fraction_of_peak",
                                "threads", "batch", "blas", "layers"));
  for (const char* rate : {"train_images_per_second", "inference_images_per_second",
                           "gflops_per_second_train", "sgemm_peak_gflops", "fraction_of_peak"}) {
    ASSERT_TRUE(report[rate].is_number()) << rate;
    EXPECT_GT(report[rate], 0.0) << rate;
  }
  EXPECT_THAT(report["blas"].get<std::string>(), HasSubstr("OpenBLAS"));
  for (const json& layer : report["layers"]) {
    EXPECT_THAT(keys(layer), testing::UnorderedElementsAre("name", "forward_ms", "backward_ms",
                                                           "forward_gflops", "backward_gflops"));
  }
}

// LeNet's multiply-adds of an image: 288,000 and 1,600,000 in the convolutions, 400,000 and 5,000
// in the fully connected layers. Backward has as many for the weights and, the images' gradient
// being nobody's business, as many but conv1's for the inputs.
TEST(Bench, FiguresAgreeWithOneAnother) {
  const json report = bench_json({});
  constexpr double kForward = 2 * (288000.0 + 1600000 + 400000 + 5000);
  constexpr double kTraining = 3 * kForward - 2 * 288000.0;
  const double rate = report["train_images_per_second"];
  const double gflops = report["gflops_per_second_train"];
  const double peak = report["sgemm_peak_gflops"];
  EXPECT_NEAR(gflops / (1e-9 * kTraining * rate), 1, 1e-9);
  EXPECT_NEAR(report["fraction_of_peak"].get<double>() / (gflops / peak), 1, 1e-9);
}

// The weights after two timed steps of a small network, and their average over the steps.
struct Trained {
  Values weights;
  Values average;
};
Trained trained(const std::string& training) {
  const RunConfig config = parse_config("a.yaml",
                                        "data: {dir: d}\nnetwork:\n  - fc: {count: 4}\ntraining: "
                                        "{epochs: 1, alpha: 0.1" +
                                            training + "}\n");
  Network network({1, 4, 4}, config.network);
  network.initialise(1);
  Workers workers(1);
  app::RandomTraining random(config, network, 7, workers);
  for (int step = 0; step < 2; ++step) random.step(1.0);
  return {values(network.values()), values(random.average())};
}

// What a configuration says of training costs time, and is what is timed.
TEST(Bench, TrainsAsTheFileSays) {
  const Trained plain = trained("");
  EXPECT_TRUE(plain.average.empty());
  for (const char* option :
       {", momentum: 0.9", ", lambda: 0.1", ", solver: adam", ", clip: 0.001",
        ", label_smoothing: 0.2", ", class_weights: balanced", ", class_weights: {2: 3}"}) {
    EXPECT_NE(trained(option).weights, plain.weights) << option;
  }
  EXPECT_NE(trained(", momentum: 0.9").weights,
            trained(", momentum: 0.9, solver: nesterov").weights);
  const Trained averaged = trained(", ema: 0.5");
  EXPECT_EQ(averaged.weights, plain.weights);
  EXPECT_EQ(averaged.average.size(), plain.weights.size());
  EXPECT_NE(averaged.average, plain.weights);
}

TEST(Bench, RefusesWeightsOfWhatIsNoClass) {
  const CommandResult result = bench({"--set", "training.class_weights={cat: 2}"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("'cat', which is no class"));
}

TEST(Bench, KnowsTheClassesOfASetOfPictures) {
  const CommandResult result = run_command(
      "cnn-bench", {"--config", std::string(CNN_SOURCE_DIR) + "/configs/shapes.yaml", "--seconds",
                    "0.01", "--batch", "8", "--set", "training.class_weights={arrow: 2}"});
  EXPECT_EQ(result.code, 0) << result.err;
}

TEST(Bench, EveryLayerHasItsRow) {
  const json report = bench_json({"--batch", "40"});
  std::vector<std::string> names;
  for (const json& layer : report["layers"]) {
    names.push_back(layer["name"]);
    EXPECT_GT(layer["forward_ms"], 0.0) << names.back();
    EXPECT_GT(layer["backward_ms"], 0.0) << names.back();
    const bool products = names.back().starts_with("conv") || names.back().starts_with("fc");
    EXPECT_EQ(layer["forward_gflops"] > 0.0, products) << names.back();
    EXPECT_EQ(layer["backward_gflops"] > 0.0, products) << names.back();
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"conv1", "pool1", "conv2", "pool2", "fc1", "relu1", "fc2"}));
  // GFLOP/s is that of the ms beside it.
  const json& conv2 = report["layers"][2];
  EXPECT_NEAR(conv2["forward_gflops"].get<double>() * conv2["forward_ms"].get<double>() /
                  (1e-6 * 40 * 2 * 1600000),
              1, 1e-9);
}

TEST(Bench, TakesBatchThreadsAndOverrides) {
  json report = bench_json({"--batch", "3", "--threads", "3"});
  EXPECT_EQ(report["batch"], 3);
  EXPECT_EQ(report["threads"], 3);
  report = bench_json({"--set", "training.batch=1", "--set", "training.threads=1", "--set",
                       "network=[fc: {name: last, count: 10}]"});
  EXPECT_EQ(report["batch"], 1);
  EXPECT_EQ(report["threads"], 1);
  ASSERT_EQ(report["layers"].size(), 1U);
  EXPECT_EQ(report["layers"][0]["name"], "last");
  report = bench_json({"--set", "training.batch=1", "--batch", "33"});
  EXPECT_EQ(report["batch"], 33);
}

// A pooling of the images themselves has no gradient to hand on, and is not timed on the way back.
TEST(Bench, KnowsWhatIsNotComputed) {
  const json report =
      bench_json({"--set",
                  "network=[pool: {type: avg, kernel: 2}, conv: {count: 8, kernel: 3}, "
                  "conv: {name: a, count: 8, kernel: 3, pad: 1}, add: {from: [conv1, a]}, "
                  "dropout: {}, tanh: {}, fc: {count: 10}]"});
  EXPECT_GT(report["layers"][0]["forward_ms"], 0.0);
  EXPECT_EQ(report["layers"][0]["backward_ms"], 0.0);
  EXPECT_GT(report["layers"][3]["backward_ms"], 0.0);
}

TEST(Bench, TextNamesLayersRatesAndBlas) {
  const CommandResult result = bench({"--threads", "2", "--batch", "16"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("digits   1x28x28   batch 16   2 threads   OpenBLAS "),
                    HasSubstr("\nconv1 "), HasSubstr(" 50x4x4 "), HasSubstr("\ntraining "),
                    HasSubstr("\ninference "), HasSubstr("\nsgemm "), HasSubstr("of peak")));
}

// Only the shape comes from the data: the file's where it is there, else MNIST's.
TEST(Bench, NeedsNoData) {
  const TempDir temp;
  write_file(temp / "net.yaml", "data: {dir: nowhere}\nnetwork: [fc: {count: 3}]\n");
  const CommandResult result = bench({}, (temp / "net.yaml").string());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(" 1x28x28 "));
  EXPECT_THAT(result.err, HasSubstr("1x28x28"));
}

TEST(Bench, TakesTheShapeOfTheData) {
  const TempDir temp;
  std::filesystem::create_directory(temp / "small");
  write_dataset(temp / "small", DataPart::train, make_dataset({2, 6, 5}, 10, 3));
  write_file(temp / "net.yaml", "data: {dir: small}\nnetwork: [fc: {count: 3}]\n");
  const CommandResult result = bench({}, (temp / "net.yaml").string());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr(" 2x6x5 "));
}

TEST(Bench, NamesWhatIsWrong) {
  const auto expect = [](const CommandResult& result, int code, const std::string& culprit) {
    EXPECT_EQ(result.code, code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(culprit));
    EXPECT_EQ(result.out, "");
  };
  expect(run_command("cnn-bench", {}), 2, "--config");
  expect(bench({}, "none.yaml"), 2, "none.yaml");
  expect(bench({"--batch", "0"}), 2, "training.batch");
  expect(bench({"--batch", "many"}), 2, "training.batch");
  expect(bench({"--threads", "0"}), 2, "training.threads");
  expect(bench({"--seconds", "0"}), 2, "--seconds");
  expect(bench({"--seconds", "nan"}), 2, "--seconds");
  expect(bench({"--set", "network.conv1.strid=1"}), 2, "'strid'");
  expect(bench({"--set", "network.conv2.kernel=50"}), 2, "'conv2'");
}

// Data that are there and broken are an error, not an excuse for other images.
TEST(Bench, RefusesBrokenData) {
  const TempDir temp;
  write_file(temp / "train-images-idx3-ubyte", "not an IDX file");
  write_file(temp / "train-labels-idx1-ubyte", "nor this");
  write_file(temp / "net.yaml", "data: {dir: .}\nnetwork: [fc: {count: 3}]\n");
  const CommandResult result = bench({}, (temp / "net.yaml").string());
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("train-labels-idx1-ubyte: error: no IDX file"));
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace cnn
