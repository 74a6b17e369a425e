#include "nn/layer.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/option_printer.hpp"
#include "nn/registry.hpp"
#include "support/example_options.hpp"

namespace cnn {
namespace {

// The options that a layer describes, as "key: value", those with their default in brackets.
class Words final : public OptionSink {
 public:
  void option(const OptionState& state) override {
    OptionPrinter printer;
    printer.option(state);
    const std::string text = printer.block("");
    const std::string entry = text.substr(0, text.size() - 1);
    all.push_back(state.is_default ? "[" + entry + "]" : entry);
  }

  std::vector<std::string> all;
};

std::vector<std::string> described(std::string_view type, std::string_view options = "{}") {
  const std::unique_ptr<const Layer> layer = make_layer(type, options);
  Words words;
  layer->describe(words);
  return words.all;
}

TEST(DescribeLayer, TellsEveryOptionAndWhetherItIsTheDefault) {
  EXPECT_EQ(described("conv", "{count: 4, kernel: [3, 2], pad: 1, groups: 2, bias: false}"),
            (std::vector<std::string>{"count: 4", "kernel: [3, 2]", "[stride: 1]", "pad: 1",
                                      "groups: 2", "[dilation: 1]", "bias: false"}));
  EXPECT_EQ(described("dropout", "{rate: 0.25}"), (std::vector<std::string>{"rate: 0.25"}));
  EXPECT_EQ(described("relu"), std::vector<std::string>{});
}

TEST(DescribeLayer, ADefaultGivenIsADefault) {
  EXPECT_EQ(described("dropout", "{rate: 0.5}"), described("dropout"));
  EXPECT_EQ(described("dropout"), (std::vector<std::string>{"[rate: 0.5]"}));
}

// The stride of a pool is its kernel unless it is given.
TEST(DescribeLayer, ADefaultMayDependOnOtherOptions) {
  EXPECT_EQ(described("pool", "{type: avg, kernel: [3, 2]}"),
            (std::vector<std::string>{"type: avg", "[global: false]", "kernel: [3, 2]",
                                      "[stride: [3, 2]]", "[pad: 0]", "[round: floor]"}));
  EXPECT_EQ(described("pool", "{type: max, kernel: 3, stride: 2, round: ceil}"),
            (std::vector<std::string>{"type: max", "[global: false]", "kernel: 3", "stride: 2",
                                      "[pad: 0]", "round: ceil"}));
}

TEST(DescribeLayer, TellsOnlyOptionsThatApply) {
  EXPECT_EQ(described("pool", "{type: max, global: true}"),
            (std::vector<std::string>{"type: max", "global: true"}));
}

// What reading, printing and describing know is one list.
TEST(DescribeLayer, TellsWhatItsOptionsPrint) {
  for (const LayerEntry& entry : layer_entries()) {
    const std::unique_ptr<Layer> layer = make_layer(entry.type, entry.example);
    OptionPrinter described;
    layer->describe(described);
    OptionPrinter visited;
    layer->options(visited);
    EXPECT_EQ(described.flow(), visited.flow()) << entry.type;
  }
}

}  // namespace
}  // namespace cnn
