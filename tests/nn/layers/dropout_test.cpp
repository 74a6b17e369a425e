#include "nn/layers/dropout.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/example_options.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

// A dropout layer over `count` ones a sample.
LayerHarness ones(std::string_view options, int count, std::size_t n = 1) {
  LayerHarness layer(make_layer("dropout", options), {{count, 1, 1}}, n);
  assign(layer.input(), Values(layer.input().size(), 1.0));
  return layer;
}

Values outputs(LayerHarness& layer, const SampleRandom& random) {
  layer.forward(Phase::train, random);
  return values(layer.output());
}

constexpr SampleRandom kKeys{.seed = 1, .step = 2, .layer = 3, .first_sample = 4};

TEST(Dropout, DropsTheGivenShareOfValues) {
  constexpr int kCount = 100'000;
  LayerHarness layer = ones("{rate: 0.25}", kCount);
  int dropped = 0;
  for (const double y : outputs(layer, kKeys)) dropped += y == 0 ? 1 : 0;
  const double deviation = std::sqrt(kCount * 0.25 * 0.75);
  EXPECT_NEAR(dropped, kCount * 0.25, 5 * deviation);
}

TEST(Dropout, DividesWhatItKeepsByTheShareKept) {
  LayerHarness layer = ones("{rate: 0.75}", 1000);
  for (const double y : outputs(layer, kKeys)) EXPECT_TRUE(y == 0 || y == 4) << y;
}

TEST(Dropout, DropsAHalfByDefault) {
  LayerHarness layer = ones("{}", 1000);
  for (const double y : outputs(layer, kKeys)) EXPECT_TRUE(y == 0 || y == 2) << y;
}

TEST(Dropout, GradientsGoWhereValuesWent) {
  LayerHarness layer = ones("{rate: 0.5}", 1001);
  layer.forward(Phase::train, kKeys);
  assign(layer.doutput(), Values(1001, 1.0));
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), values(layer.output()));
}

TEST(Dropout, PassesEverythingThroughInEvaluation) {
  LayerHarness layer = ones("{rate: 0.9}", 1001);
  layer.forward(Phase::evaluate, kKeys);
  EXPECT_EQ(values(layer.output()), Values(1001, 1.0));
}

TEST(Dropout, OfRateZeroPassesEverythingThrough) {
  LayerHarness layer = ones("{rate: 0}", 1001);
  EXPECT_EQ(outputs(layer, kKeys), Values(1001, 1.0));
}

TEST(Dropout, DropsOtherValuesForEverySeedStepLayerAndSample) {
  LayerHarness layer = ones("{rate: 0.5}", 1000);
  const Values reference = outputs(layer, kKeys);
  const SampleRandom other_keys[] = {
      {.seed = 2, .step = 2, .layer = 3, .first_sample = 4},
      {.seed = 1, .step = 3, .layer = 3, .first_sample = 4},
      {.seed = 1, .step = 2, .layer = 4, .first_sample = 4},
      {.seed = 1, .step = 2, .layer = 3, .first_sample = 5},
  };
  for (const SampleRandom& keys : other_keys) {
    const Values other = outputs(layer, keys);
    int equal = 0;
    for (std::size_t i = 0; i < other.size(); ++i) equal += other[i] == reference[i] ? 1 : 0;
    // Two independent halves agree in a half of the places: 500 of 1,000, with deviation √250 = 16.
    EXPECT_NEAR(equal, 500, 5 * 16);
  }
}

TEST(Dropout, ASamplesValuesDependOnItsPlaceInTheBatchAlone) {
  constexpr int kCount = 103;  // not a multiple of the four values of a random block
  LayerHarness batch = ones("{rate: 0.5}", kCount, 3);
  LayerHarness alone = ones("{rate: 0.5}", kCount, 1);
  outputs(batch, kKeys);
  for (std::size_t i = 0; i < 3; ++i) {
    SampleRandom keys = kKeys;
    keys.first_sample += i;
    EXPECT_EQ(part(batch.output(), i, 3), outputs(alone, keys));
  }
}

}  // namespace
}  // namespace cnn
