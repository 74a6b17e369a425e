// cnn-train --check-gradients.

#include <filesystem>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "apps/gradient_report.hpp"
#include "nn/registry.hpp"
#include "support/cli.hpp"
#include "support/example_options.hpp"
#include "support/faulty_layer.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;
using testing::Not;

CommandResult check_gradients(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--config", digits_config(), "--check-gradients"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command("cnn-train", arguments);
}

TEST(CheckGradients, PrintsARowForEveryGradientAndWritesNothing) {
  const TempDir temp;
  const CommandResult result = check_gradients({"--quiet", "--out", (temp / "run").string()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr(" conv2        conv       weight"));
  EXPECT_THAT(result.out, HasSubstr(" pool2        pool       dx"));
  EXPECT_THAT(result.out, HasSubstr("J of the whole network"));
  EXPECT_THAT(result.out, HasSubstr("agree"));
  EXPECT_THAT(result.out, Not(HasSubstr("OFF")));
  EXPECT_FALSE(std::filesystem::exists(temp / "run"));
}

TEST(CheckGradients, DoesNotMindARunDirectoryThatHoldsARun) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {}).code, 0);
  const auto before = std::filesystem::last_write_time(temp / "run" / "last.safetensors");
  const CommandResult result = check_gradients({"--out", (temp / "run").string(), "--weights",
                                                (temp / "run" / "model.safetensors").string()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::filesystem::last_write_time(temp / "run" / "last.safetensors"), before);
}

TEST(CheckGradients, KnowsEveryTypeOfLayer) {
  std::string layers =
      "conv: {name: a, count: 4, kernel: 5, stride: 2, bias: false}, batch_norm: {}, tanh: {}, "
      "pool: {type: avg, kernel: 2}, sigmoid: {name: s}, "
      "conv: {name: b, count: 4, kernel: 3, pad: 1, alpha: 0}, "
      "add: {name: sum, from: [s, b]}, concat: {name: both, from: [sum, b]}, relu: {}, "
      "pool: {type: max, kernel: 2}, dropout: {rate: 0.3}, ";
  const std::string last = "fc: {name: c, count: 10, bias: false}";
  for (const LayerEntry& entry : layer_entries()) {
    const std::string key = " " + std::string(entry.type) + ": ";
    if ((" " + layers + last).find(key) == std::string::npos) {
      layers += key.substr(1) + std::string(entry.example) + ", ";
    }
  }
  layers += last;
  const CommandResult result = check_gradients(
      {"--set", "network=[" + layers + "]", "--set", "loss=euclidean", "--seed", "5"});
  EXPECT_EQ(result.code, 0) << result.err;
  for (const LayerEntry& entry : layer_entries()) {
    EXPECT_THAT(result.out, HasSubstr(" " + std::string(entry.type) + " "));
  }
  EXPECT_THAT(result.out, Not(HasSubstr("running_")));  // statistics have no gradient
  EXPECT_THAT(result.out, HasSubstr(" sum          add        dx 2"));
  EXPECT_THAT(result.out, HasSubstr("agree"));
}

TEST(CheckGradients, TakesTheLossOfTheFile) {
  const auto loss = [](const std::string& setting) {
    const CommandResult result = check_gradients({"--set", setting});
    EXPECT_EQ(result.code, 0) << result.err;
    const std::string label = "training set: ";
    const std::size_t at = result.out.find(label);
    EXPECT_NE(at, std::string::npos) << result.out;
    return at == std::string::npos ? 0 : std::stod(result.out.substr(at + label.size()));
  };
  const double plain = loss("training.label_smoothing=0");
  EXPECT_GT(plain, 0);
  EXPECT_NE(loss("training.label_smoothing=0.5"), plain);
  std::string doubled = "training.class_weights={";
  for (int k = 0; k < 10; ++k) doubled += (k > 0 ? ", " : "") + std::to_string(k) + ": 2";
  EXPECT_NEAR(loss(doubled + "}"), 2 * plain, 1e-5);
}

TEST(CheckGradients, HelpTellsOfIt) {
  EXPECT_THAT(run_command("cnn-train", {"--help"}).out, HasSubstr("--check-gradients"));
}

TEST(CheckGradients, RefusesWhatItWouldIgnore) {
  for (const char* option : {"--resume", "--overwrite", "--dry-run", "--print-config"}) {
    const CommandResult result = check_gradients({option});
    EXPECT_EQ(result.code, 2) << option;
    EXPECT_THAT(result.err, HasSubstr(option));
    EXPECT_EQ(result.out, "");
  }
}

TEST(CheckGradients, SaysWhereTheLossIsNotFinite) {
  const CommandResult result = check_gradients(
      {"--set", "data.scale=1e18", "--set", "network.conv1.init={type: constant, value: 1e18}",
       "--set", "network.fc1.init={type: constant, value: 1e18}"});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("error: "));
  EXPECT_THAT(result.err, HasSubstr("output of '"));
}

// In this process: no command has a layer that is wrong.
TEST(CheckGradients, EndsInOneAndNamesTheLayerIfBackpropagationIsWrong) {
  std::vector<LayerSpec> layers = {layer_spec("fc", "fc1", "{count: 6}"),
                                   layer_spec("tanh", "tanh1"),
                                   layer_spec("fc", "fc2", "{count: 3}")};
  layers[2].layer = std::make_shared<FaultyLayer>(*layers[2].layer, [](const BackwardArgs& args) {
    for (Real& value : args.dparameters[1]) value = 0;
  });
  Network network({4, 2, 2}, layers);
  network.initialise(1);
  const std::vector<Real> images(2 * 16, Real{0.5});
  const std::vector<std::uint16_t> labels = {2, 0};
  GradientChecker checker({.network = network,
                           .loss = Loss::softmax_cross_entropy,
                           .images = images,
                           .labels = labels});
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = app::report_gradients(checker, StopSwitch());
  const std::string out = testing::internal::GetCapturedStdout();
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, 1);
  EXPECT_THAT(out, HasSubstr("OFF"));
  EXPECT_THAT(out, Not(HasSubstr("agree")));
  EXPECT_THAT(err, HasSubstr("error: backpropagation is wrong in\n  fc 'fc2': bias 1.0e+00\n"));
}

}  // namespace
}  // namespace cnn
