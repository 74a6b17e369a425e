// What every layer promises (layer.hpp), tested for each entry of the registry and for further
// options of each type.

#include <cmath>
#include <cstring>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/finite.hpp"
#include "kernels/blas.hpp"
#include "nn/registry.hpp"
#include "support/allocation_counter.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

constexpr Shape kInput{3, 7, 6};  // odd on purpose: nothing divides evenly

struct Case {
  std::string name;
  std::string type;
  std::string options;
  std::vector<Shape> inputs = {kInput};
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.type << " " << c.options;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const LayerEntry& entry : layer_entries()) {
    const std::string type(entry.type);
    cases.push_back(
        {type, type, std::string(entry.example), std::vector<Shape>(entry.example_inputs, kInput)});
  }
  const std::vector<Case> further = {
      {"conv_square", "conv", "{count: 2, kernel: 3}"},
      {"conv_pointwise", "conv", "{count: 4, kernel: 1}"},
      {"conv_pointwise_strided", "conv", "{count: 4, kernel: 1, stride: 2}"},
      {"conv_pointwise_padded", "conv", "{count: 2, kernel: 1, pad: 2}"},
      {"conv_no_bias", "conv", "{count: 3, kernel: [2, 3], bias: false}"},
      {"conv_pointwise_no_bias", "conv", "{count: 3, kernel: 1, bias: false}"},
      {"conv_stride_beyond_kernel", "conv", "{count: 2, kernel: 2, stride: [3, 4]}"},
      {"conv_pad_beyond_kernel", "conv", "{count: 2, kernel: [2, 1], pad: [3, 2], stride: 2}"},
      {"conv_whole_image", "conv", "{count: 2, kernel: [7, 6]}"},
      {"conv_grouped", "conv", "{count: 6, kernel: [2, 3], groups: 3, pad: 1}"},
      {"conv_depthwise", "conv", "{count: 3, kernel: 3, groups: 3, bias: false}"},
      {"conv_grouped_pointwise", "conv", "{count: 6, kernel: 1, groups: 3}"},
      {"conv_dilated", "conv", "{count: 2, kernel: [3, 2], dilation: [2, 3], stride: [1, 2]}"},
      {"conv_grouped_dilated", "conv", "{count: 3, kernel: 2, groups: 3, dilation: 2, pad: 1}"},
      {"pool_max_default_stride", "pool", "{type: max, kernel: 2}"},
      {"pool_max_stride_beyond_kernel", "pool", "{type: max, kernel: 2, stride: 3}"},
      {"pool_max_rectangular", "pool", "{type: max, kernel: [2, 3], stride: [2, 1], pad: [1, 2]}"},
      {"pool_avg", "pool", "{type: avg, kernel: 2}"},
      {"pool_avg_overlapping", "pool", "{type: avg, kernel: 3, stride: 1}"},
      {"pool_avg_rectangular", "pool", "{type: avg, kernel: [3, 2], stride: [1, 2], pad: [2, 1]}"},
      {"pool_avg_whole_image", "pool", "{type: avg, kernel: [7, 6]}"},
      {"pool_max_ceil", "pool", "{type: max, kernel: 2, round: ceil}"},
      {"pool_avg_ceil", "pool", "{type: avg, kernel: [3, 4], pad: 1, round: ceil}"},
      {"pool_max_global", "pool", "{type: max, global: true}"},
      {"pool_avg_global", "pool", "{type: avg, global: true}"},
      {"fc_no_bias", "fc", "{count: 3, bias: false}"},
      {"fc_one_output", "fc", "{count: 1}"},
      {"batch_norm_large", "batch_norm", "{}", {{17, 5, 7}}},
      {"batch_norm_frozen", "batch_norm", "{freeze: true}"},
      {"batch_norm_frozen_vector", "batch_norm", "{freeze: true}", {{20, 1, 1}}},
      {"dropout_nothing", "dropout", "{rate: 0}"},
      {"dropout_nearly_all", "dropout", "{rate: 0.9}"},
      {"add_three", "add", "{}", {kInput, kInput, kInput}},
      {"concat_three", "concat", "{}", {{2, 7, 6}, {1, 7, 6}, {3, 7, 6}}},
  };
  cases.insert(cases.end(), further.begin(), further.end());
  return cases;
}

// The bits of a view, NaNs included.
std::string bits(CView view) {
  return {reinterpret_cast<const char*>(view.data()), view.size_bytes()};
}

class LayerContract : public testing::TestWithParam<Case> {
 protected:
  // The layer with n samples of drawn inputs, parameters and output gradients.
  static LayerHarness drawn(std::size_t n) {
    return drawn(n, make_layer(GetParam().type, GetParam().options));
  }
  static LayerHarness drawn(std::size_t n, std::unique_ptr<Layer> layer) {
    const Case& c = GetParam();
    LayerHarness harness(std::move(layer), c.inputs, n);
    Draw draw(1701);
    // First, so that they are the same for any n.
    for (std::size_t k = 0; k < harness.plan().parameters.size(); ++k) {
      draw.integers(harness.parameter(k), 2);
      if (is_learnt(harness, k)) continue;
      for (Real& value : harness.parameter(k)) value = std::abs(value);  // as variances are
    }
    for (std::size_t k = 0; k < harness.input_count(); ++k) {
      if (harness.plan().is_linear) {
        draw.integers(harness.input(k), 3);
      } else {
        draw.grid(harness.input(k), kGrid);
      }
    }
    draw.integers(harness.doutput(), 3);
    return harness;
  }

  static bool is_learnt(const LayerHarness& harness, std::size_t k) {
    return harness.plan().parameters[k].kind != ParameterKind::statistic;
  }

  static SampleRandom keys() { return {.seed = 5, .step = 7, .layer = 2, .first_sample = 0}; }
};

TEST_P(LayerContract, RefusesToPlanWithoutAnInput) {
  EXPECT_THROW(make_layer(GetParam().type, GetParam().options)->plan({}), ShapeError);
}

TEST_P(LayerContract, ForwardAssignsAllOfThePlannedOutput) {
  for (const Phase phase : {Phase::train, Phase::evaluate}) {
    LayerHarness harness = drawn(2);
    harness.forward(phase, keys());
    EXPECT_GT(harness.plan().output.size(), 0U);
    EXPECT_TRUE(all_finite(harness.output()));
  }
}

TEST_P(LayerContract, BackwardAssignsAllOfEveryInputGradient) {
  LayerHarness harness = drawn(2);
  harness.forward(Phase::train, keys());
  harness.backward();
  for (std::size_t k = 0; k < harness.input_count(); ++k) {
    EXPECT_TRUE(all_finite(harness.dinput(k))) << "input " << k;
  }
}

TEST_P(LayerContract, TouchesNothingAroundItsViews) {
  LayerHarness harness = drawn(2);
  harness.forward(Phase::evaluate, keys());
  harness.forward(Phase::train, keys());
  harness.backward();
  EXPECT_TRUE(harness.canaries_intact());
}

TEST_P(LayerContract, LeavesWhatItOnlyReadsAsItWas) {
  LayerHarness harness = drawn(2);
  const auto read_only = [&] {
    std::string all = bits(harness.doutput());
    for (std::size_t k = 0; k < harness.input_count(); ++k) all += bits(harness.input(k));
    for (std::size_t k = 0; k < harness.plan().parameters.size(); ++k) {
      all += bits(harness.parameter(k));
    }
    return all;
  };
  const std::string before = read_only();
  harness.forward(Phase::train, keys());
  const std::string output = bits(harness.output());
  const std::vector<std::byte> saved(harness.saved().begin(), harness.saved().end());
  harness.backward();
  EXPECT_TRUE(read_only() == before);
  EXPECT_TRUE(bits(harness.output()) == output);
  EXPECT_TRUE(std::ranges::equal(harness.saved(), saved));
}

TEST_P(LayerContract, AddsIntoParameterGradients) {
  LayerHarness from_zero = drawn(2);
  from_zero.forward(Phase::train, keys());
  from_zero.backward();

  LayerHarness harness = drawn(2);
  Draw draw(3);
  std::vector<Values> expected;
  for (std::size_t k = 0; k < harness.plan().parameters.size(); ++k) {
    draw.integers(harness.dparameter(k), 100);
    expected.push_back(values(harness.dparameter(k)));
    for (std::size_t i = 0; i < expected[k].size(); ++i) {
      expected[k][i] += from_zero.dparameter(k)[i];
    }
  }
  harness.forward(Phase::train, keys());
  harness.backward();
  for (std::size_t k = 0; k < expected.size(); ++k) {
    EXPECT_LE(element_wise_error(values(harness.dparameter(k)), expected[k]),
              linear_differences().tolerance)
        << harness.plan().parameters[k].name;
  }
}

TEST_P(LayerContract, GradientsAgreeWithCentralDifferences) {
  LayerHarness harness = drawn(2);
  harness.forward(Phase::train, keys());
  harness.backward();
  const auto objective = [&] {
    harness.forward(Phase::train, keys());
    return inner_product(values(harness.output()), values(harness.doutput()));
  };
  const auto [step, tolerance] =
      harness.plan().is_linear ? linear_differences() : curved_differences();
  for (std::size_t k = 0; k < harness.input_count(); ++k) {
    const Values numeric = numeric_gradient(harness.input(k), step, objective);
    EXPECT_LE(element_wise_error(numeric, values(harness.dinput(k))), tolerance) << "input " << k;
  }
  for (std::size_t k = 0; k < harness.plan().parameters.size(); ++k) {
    if (!is_learnt(harness, k)) continue;
    const Values numeric = numeric_gradient(harness.parameter(k), step, objective);
    EXPECT_LE(element_wise_error(numeric, values(harness.dparameter(k))), tolerance)
        << harness.plan().parameters[k].name;
  }
}

TEST_P(LayerContract, ABatchGivesWhatItsPartsGive) {
  constexpr std::size_t kFirst = 2;
  constexpr std::size_t kSecond = 3;
  LayerHarness whole = drawn(kFirst + kSecond);
  if (whole.plan().couples_samples) GTEST_SKIP() << "what it gives depends on the whole batch";
  LayerHarness first = drawn(kFirst);
  LayerHarness second = drawn(kSecond);
  const auto first_part = [](View view) { return view.first(view.size() / 5 * kFirst); };
  const auto second_part = [](View view) { return view.last(view.size() / 5 * kSecond); };
  for (std::size_t k = 0; k < whole.input_count(); ++k) {
    std::ranges::copy(first_part(whole.input(k)), first.input(k).begin());
    std::ranges::copy(second_part(whole.input(k)), second.input(k).begin());
  }
  std::ranges::copy(first_part(whole.doutput()), first.doutput().begin());
  std::ranges::copy(second_part(whole.doutput()), second.doutput().begin());

  whole.forward(Phase::train, keys());
  whole.backward();
  first.forward(Phase::train, keys());
  first.backward();
  SampleRandom later = keys();
  later.first_sample = kFirst;
  second.forward(Phase::train, later);
  // The second part adds its parameter gradients to those of the first.
  for (std::size_t k = 0; k < whole.plan().parameters.size(); ++k) {
    std::ranges::copy(first.dparameter(k), second.dparameter(k).begin());
  }
  second.backward();

  const auto expect_same = [](View actual, View expected) {
    EXPECT_LE(element_wise_error(values(actual), values(expected)), linear_differences().tolerance);
  };
  expect_same(first.output(), first_part(whole.output()));
  expect_same(second.output(), second_part(whole.output()));
  for (std::size_t k = 0; k < whole.input_count(); ++k) {
    expect_same(first.dinput(k), first_part(whole.dinput(k)));
    expect_same(second.dinput(k), second_part(whole.dinput(k)));
  }
  for (std::size_t k = 0; k < whole.plan().parameters.size(); ++k) {
    expect_same(second.dparameter(k), whole.dparameter(k));
  }
}

TEST_P(LayerContract, AnUnwantedInputGradientChangesNoOther) {
  LayerHarness wanted = drawn(2);
  wanted.forward(Phase::train, keys());
  wanted.backward();
  for (std::size_t left_out = 0; left_out < wanted.input_count(); ++left_out) {
    LayerHarness unwanted = drawn(2);
    unwanted.leave_out(left_out);
    unwanted.forward(Phase::train, keys());
    unwanted.backward();
    for (std::size_t k = 0; k < wanted.input_count(); ++k) {
      if (k == left_out) continue;
      EXPECT_EQ(values(unwanted.dinput(k)), values(wanted.dinput(k)));
    }
    for (std::size_t k = 0; k < wanted.plan().parameters.size(); ++k) {
      EXPECT_EQ(values(unwanted.dparameter(k)), values(wanted.dparameter(k)));
    }
  }
}

TEST_P(LayerContract, TheSameKeysGiveTheSameBits) {
  LayerHarness first = drawn(3);
  LayerHarness second = drawn(3);
  for (LayerHarness* harness : {&first, &second}) {
    harness->forward(Phase::train, keys());
    harness->backward();
  }
  EXPECT_EQ(first.results(), second.results());
}

TEST_P(LayerContract, EvaluationIsNotRandomAndSavesNothing) {
  LayerHarness harness = drawn(2);
  harness.forward(Phase::evaluate, keys());
  const Values output = values(harness.output());
  harness.forward(Phase::evaluate, {.seed = 6, .step = 8, .layer = 3, .first_sample = 4});
  EXPECT_EQ(values(harness.output()), output);
}

TEST_P(LayerContract, GivesInPlaceWhatItGivesElsewhere) {
  LayerHarness apart = drawn(2);
  LayerHarness in_place = drawn(2);
  in_place.work_in_place();
  for (LayerHarness* harness : {&apart, &in_place}) harness->forward(Phase::train, keys());
  EXPECT_EQ(values(in_place.output()), values(apart.output()));
  for (LayerHarness* harness : {&apart, &in_place}) harness->backward();
  for (std::size_t k = 0; k < apart.input_count(); ++k) {
    EXPECT_EQ(values(in_place.dinput(k)), values(apart.dinput(k))) << "input " << k;
  }
}

// A layer that takes up an activation in training gives what both give one after the other; in
// evaluation it is what it was.
TEST_P(LayerContract, HoldsInTrainingAsALayerBehindItDoes) {
  for (const OutputRange range : {OutputRange{.low = 0}, OutputRange{-1, Real{0.5}}}) {
    std::unique_ptr<Layer> told = make_layer(GetParam().type, GetParam().options);
    if (!told->hold_in_training(range)) return;
    LayerHarness apart = drawn(2);
    LayerHarness holding = drawn(2, std::move(told));
    for (LayerHarness* harness : {&apart, &holding}) harness->forward(Phase::train, keys());
    for (std::size_t i = 0; i < apart.output().size(); ++i) {
      const Real y = apart.output()[i];
      EXPECT_EQ(holding.output()[i], std::clamp(y, range.low, range.high));
      if (y <= range.low || y >= range.high) apart.doutput()[i] = 0;
    }
    for (LayerHarness* harness : {&apart, &holding}) harness->backward();
    for (std::size_t k = 0; k < apart.input_count(); ++k) {
      EXPECT_EQ(values(holding.dinput(k)), values(apart.dinput(k))) << "input " << k;
    }
    for (std::size_t k = 0; k < apart.plan().parameters.size(); ++k) {
      EXPECT_EQ(values(holding.dparameter(k)), values(apart.dparameter(k))) << "parameter " << k;
    }
    for (LayerHarness* harness : {&apart, &holding}) harness->forward(Phase::evaluate, keys());
    EXPECT_EQ(values(holding.output()), values(apart.output()));
  }
}

TEST_P(LayerContract, BackwardReadsNoOutputUnlessItSaysSo) {
  LayerHarness sighted = drawn(2);
  if (sighted.plan().backward_reads_output) return;
  LayerHarness blind = drawn(2);
  for (LayerHarness* harness : {&sighted, &blind}) harness->forward(Phase::train, keys());
  blind.poison_output();
  for (LayerHarness* harness : {&sighted, &blind}) harness->backward();
  for (std::size_t k = 0; k < sighted.input_count(); ++k) {
    EXPECT_EQ(values(blind.dinput(k)), values(sighted.dinput(k))) << "input " << k;
  }
  for (std::size_t k = 0; k < sighted.plan().parameters.size(); ++k) {
    EXPECT_EQ(values(blind.dparameter(k)), values(sighted.dparameter(k)));
  }
}

// A plan that says so by mistake would make the tests above skip what they should see.
TEST_P(LayerContract, CouplesSamplesIfItSaysSo) {
  LayerHarness both = drawn(2);
  if (!both.plan().couples_samples) return;
  LayerHarness one = drawn(1);
  both.forward(Phase::train, keys());
  one.forward(Phase::train, keys());
  EXPECT_NE(values(both.output().first(one.output().size())), values(one.output()));
}

// x → f(x) is linear if f(2x) − f(0) = 2·(f(x) − f(0)); all values are small integers.
TEST_P(LayerContract, IsLinearInItsInputsIfItSaysSo) {
  LayerHarness harness = drawn(2);
  if (!harness.plan().is_linear) return;
  const auto output_of = [&](Real factor) {
    LayerHarness scaled = drawn(2);
    for (std::size_t k = 0; k < scaled.input_count(); ++k) {
      for (Real& x : scaled.input(k)) x *= factor;
    }
    scaled.forward(Phase::train, keys());
    return values(scaled.output());
  };
  const Values zero = output_of(0);
  const Values once = output_of(1);
  const Values twice = output_of(2);
  Values expected = zero;
  for (std::size_t i = 0; i < zero.size(); ++i) expected[i] += 2 * (once[i] - zero[i]);
  EXPECT_LE(element_wise_error(twice, expected), linear_differences().tolerance);
}

TEST_P(LayerContract, IsTheAffineMapThatItSaysItIs) {
  LayerHarness harness = drawn(2);
  std::vector<CView> parameters;
  for (std::size_t k = 0; k < harness.plan().parameters.size(); ++k) {
    parameters.push_back(harness.parameter(k));
  }
  const Layer& layer = harness.layer();
  if (!layer.as_affine(parameters, 0)) return;
  harness.forward(Phase::evaluate, keys());
  const Shape shape = harness.plan().output;
  const std::size_t plane = shape.size() / static_cast<std::size_t>(shape.channels);
  Values expected;
  for (std::size_t i = 0; i < harness.input().size(); ++i) {
    const std::size_t channel = i / plane % static_cast<std::size_t>(shape.channels);
    const ChannelAffine map = layer.as_affine(parameters, channel).value();
    expected.push_back((harness.input()[i] - map.mean) * map.scale + map.shift);
  }
  EXPECT_LE(element_wise_error(values(harness.output()), expected), linear_differences().tolerance);
}

TEST_P(LayerContract, WithABiasOfZeroIsTheSameFunction) {
  LayerHarness harness = drawn(2);
  std::unique_ptr<Layer> other = harness.layer().with_bias();
  if (other == nullptr) return;
  LayerHarness biased = drawn(2, std::move(other));
  ASSERT_EQ(biased.plan().parameters.size(), 2U);
  EXPECT_EQ(biased.plan().parameters[0].name, "weight");
  EXPECT_EQ(biased.plan().parameters[1].name, "bias");
  const auto channels = static_cast<std::size_t>(biased.plan().output.channels);
  ASSERT_EQ(biased.parameter(1).size(), channels);
  EXPECT_EQ(biased.parameter(0).size() % channels, 0U);
  for (LayerHarness* each : {&harness, &biased}) {
    for (std::size_t k = 1; k < each->plan().parameters.size(); ++k) {
      std::ranges::fill(each->parameter(k), Real{0});
    }
    std::ranges::copy(harness.parameter(0), each->parameter(0).begin());
    std::ranges::copy(harness.input(), each->input().begin());
    each->forward(Phase::evaluate, keys());
  }
  EXPECT_EQ(values(biased.output()), values(harness.output()));
}

// Its clone may be planned for other images: two networks of one description.
TEST_P(LayerContract, AClonesPlanChangesNothingOfTheOriginal) {
  std::unique_ptr<Layer> layer = make_layer(GetParam().type, GetParam().options);
  const Layer& original = *layer;
  LayerHarness harness = drawn(2, std::move(layer));
  LayerHarness expected = drawn(2);
  std::vector<Shape> larger = GetParam().inputs;
  for (Shape& shape : larger) shape = {shape.channels, shape.height + 3, shape.width + 5};
  // Some cases fit their image alone.
  try {
    original.clone()->plan(larger);
  } catch (const ShapeError&) {
  }
  for (LayerHarness* each : {&harness, &expected}) {
    each->forward(Phase::train, keys());
    each->backward();
  }
  EXPECT_EQ(harness.results(), expected.results());
}

TEST_P(LayerContract, AllocatesNothing) {
  reserve_blas_memory(1);  // the first product of a process would load OpenBLAS
  LayerHarness harness = drawn(2);
  const std::size_t before = allocations_of_this_thread();
  harness.forward(Phase::train, keys());
  harness.backward();
  harness.forward(Phase::evaluate, keys());
  EXPECT_EQ(allocations_of_this_thread(), before);
}

INSTANTIATE_TEST_SUITE_P(Layers, LayerContract, testing::ValuesIn(all_cases()),
                         [](const auto& case_info) { return case_info.param.name; });

}  // namespace
}  // namespace cnn
