#include "nn/registry.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/example_options.hpp"

namespace cnn {
namespace {

TEST(Registry, HoldsTheLayersOfTheConfiguration) {
  std::set<std::string_view> types;
  for (const LayerEntry& entry : layer_entries()) types.insert(entry.type);
  for (const std::string_view type : {"conv", "pool", "fc", "relu", "relu6", "sigmoid", "tanh",
                                      "leaky_relu", "batch_norm", "dropout", "add", "concat"}) {
    EXPECT_TRUE(types.contains(type)) << type;
  }
}

TEST(Registry, NamesEveryTypeOnce) {
  std::set<std::string_view> types;
  for (const LayerEntry& entry : layer_entries()) {
    EXPECT_TRUE(types.insert(entry.type).second) << entry.type;
  }
}

TEST(Registry, FindsEveryEntryByItsType) {
  for (const LayerEntry& entry : layer_entries()) {
    EXPECT_EQ(find_layer_entry(entry.type), &entry);
  }
}

TEST(Registry, FindsNothingUnderAnotherName) {
  EXPECT_EQ(find_layer_entry("convolution"), nullptr);
  EXPECT_EQ(find_layer_entry("con"), nullptr);
  EXPECT_EQ(find_layer_entry(""), nullptr);
}

TEST(Registry, SaysWhatLayersLearn) {
  for (const LayerEntry& entry : layer_entries()) {
    const std::vector<Shape> inputs(entry.example_inputs, Shape{3, 7, 6});
    const LayerPlan plan = make_layer(entry.type, entry.example)->plan(inputs);
    const bool has_weights = std::ranges::any_of(
        plan.parameters,
        [](const ParameterSpec& parameter) { return parameter.kind == ParameterKind::weight; });
    EXPECT_EQ(entry.learns, has_weights               ? Learns::weights
                            : plan.parameters.empty() ? Learns::nothing
                                                      : Learns::gains)
        << entry.type;
  }
}

// The tests' own reader of options, on which the contract test relies.
TEST(ExampleOptions, AreReadStrictly) {
  EXPECT_NO_THROW(make_layer("conv", "{count: 4, kernel: [3, 2], bias: false}"));
  EXPECT_THROW(make_layer("conv", "{count: 4}"), std::invalid_argument);          // missing
  EXPECT_THROW(make_layer("fc", "{count: 4, size: 1}"), std::invalid_argument);   // unknown
  EXPECT_THROW(make_layer("fc", "{count: 4, count: 5}"), std::invalid_argument);  // repeated
  EXPECT_THROW(make_layer("fc", "{count: four}"), std::invalid_argument);         // type
  EXPECT_THROW(make_layer("fc", "{count: 0}"), std::invalid_argument);            // bounds
  EXPECT_THROW(make_layer("fc", "count: 4"), std::invalid_argument);              // no braces
  EXPECT_THROW(make_layer("conv", "{count: 4, kernel: [3]}"), std::invalid_argument);
  EXPECT_THROW(make_layer("pool", "{type: mean, kernel: 2}"), std::invalid_argument);
}

}  // namespace
}  // namespace cnn
