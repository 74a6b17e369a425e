// Configurations against networks and data, and configurations that are out to do harm.

#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "nn/network.hpp"
#include "support/config_text.hpp"

namespace cnn {
namespace {

TEST(BuildNetwork, BuildsTheGraph) {
  const TempDir temp;
  const LoadedConfig loaded =
      load_text(temp, std::string(kData) + "network: [relu, fc: {count: 3}]\n");
  EXPECT_EQ(build_network(loaded, {1, 4, 4}).output(), (Shape{3, 1, 1}));
}

TEST(BuildNetwork, PointsAtALayerThatAnOverrideBrought) {
  const TempDir temp;
  const LoadedConfig loaded =
      load_text(temp, std::string(kData) + kNetwork, {"network=[conv: {count: 1, kernel: 9}]"});
  EXPECT_EQ(error_of([&] {
              build_network(loaded, {1, 4, 4});
            }),
            "--set network=[conv: {count: 1, kernel: 9}]: error: layer 1 'conv1': kernel 9x9 (pad "
            "0) is larger than "
            "its input 1x4x4\n"
            "  network=[conv: {count: 1, kernel: 9}]\n"
            "           ^~~~\n"
            "  input 1x4x4 -> conv1 ?");
}

// What check_classes says of a network, for labels 0 … 9.
std::string class_hint(const std::string& data, const std::string& layers) {
  const TempDir temp;
  const LoadedConfig loaded =
      load_text(temp, "data: {dir: d" + data + "}\nnetwork: [" + layers + "]\n");
  Dataset dataset;
  dataset.origin.labels = "labels";
  dataset.labels = {0, 9, 3};
  const Network network = build_network(loaded, {1, 4, 4});
  const std::string error = error_of([&] { check_classes(loaded, network, dataset); });
  return error.substr(error.rfind("\n") + 1);
}

TEST(CheckClasses, AcceptsEnoughOutputs) {
  EXPECT_EQ(class_hint("", "fc: {count: 10}"), "");
  EXPECT_EQ(class_hint("", "fc: {count: 11}"), "");
  EXPECT_EQ(class_hint(", classes: [a, b, c, d, e, f, g, h, i, j]", "fc: {count: 10}"), "");
}

TEST(CheckClasses, SaysWhichLayerToChange) {
  EXPECT_EQ(class_hint("", "fc: {count: 9}"), "  set count: 10 in 'fc1'");
  EXPECT_EQ(class_hint("", "fc: {count: 9}, sigmoid, dropout"), "  set count: 10 in 'fc1'");
  EXPECT_EQ(class_hint("", "conv: {count: 9, kernel: 4}"), "  set count: 10 in 'conv1'");
  EXPECT_EQ(class_hint("", "conv: {count: 1, kernel: 2}"),
            "  end the network with fc: {count: 10}");
  EXPECT_EQ(class_hint(", classes: [a, b]", "fc: {count: 10}"),
            "  name all 10 classes in data.classes");
  EXPECT_EQ(class_hint(", classes: [a, b, c, d, e, f, g, h, i, j, k]", "fc: {count: 10}"),
            "  set count: 11 in 'fc1'");
}

// Broken configurations, however broken, end in a ConfigError.
TEST(RunConfigHostile, MutationsAreReadOrRefused) {
  const TempDir temp;
  std::string text =
      to_yaml(with_layers("  - conv: {count: 3, kernel: [3, 5]}\n  - relu\n  - fc: {count: 2}\n"),
              ConfigText::complete);
  std::mt19937 random(11);
  constexpr std::string_view kAlphabet = "{}[]:,-#&*!|>'\"%@~ \n\tax0.";
  int read = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string mutated = text;
    for (int k = 0; k < 3; ++k) {
      const std::size_t at = random() % mutated.size();
      if (random() % 2 == 0) {
        mutated[at] = kAlphabet[random() % kAlphabet.size()];
      } else {
        mutated.erase(at, random() % 9);
      }
    }
    const std::string error = error_of([&] { parse(mutated); });
    read += error.empty() ? 1 : 0;
    EXPECT_TRUE(error.empty() || error.starts_with("a.yaml")) << error;
  }
  EXPECT_GT(read, 0);
  EXPECT_LT(read, 3000);
}

TEST(RunConfigHostile, ManyLayersAreQuick) {
  std::string layers;
  for (int i = 0; i < 4000; ++i) layers += "  - relu: {a: b}\n";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_NE(error_of([&] { with_layers(layers); }), "");
  layers.clear();
  for (int i = 0; i < 9000; ++i) layers += "  - relu\n";
  EXPECT_EQ(with_layers(layers).network.size(), 9000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace cnn
