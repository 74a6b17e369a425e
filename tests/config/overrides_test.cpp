#include "config/overrides.hpp"

#include <gtest/gtest.h>

#include "cnn/error.hpp"

namespace cnn {
namespace {

constexpr const char* kText =
    "data: {dir: d}\n"
    "network:\n"
    "  - conv: {name: first, count: 20}\n"
    "  - relu\n"
    "  - conv:\n"
    "  - relu: {}\n"
    "training: {alpha: 0.1, schedule: constant, list: [1, 2]}\n";

struct Edited {
  ConfigDocument document;
  std::string errors;
};

Edited edit(const std::vector<std::string>& overrides, const std::string& text = kText) {
  Diagnostics diagnostics;
  Edited edited{parse_document("a.yaml", text, diagnostics), {}};
  for (const std::string& override : overrides)
    apply_override(edited.document, override, diagnostics);
  edited.errors = diagnostics.text(edited.document.sources);
  return edited;
}

TEST(LayerNames, AreExplicitOrTypeAndNumber) {
  EXPECT_EQ(layer_names(*edit({}).document.root.find("network")),
            (std::vector<std::string>{"first", "relu1", "conv2", "relu2"}));
}

TEST(LayerNames, AreEmptyForWhatIsNoLayer) {
  EXPECT_EQ(layer_names(edit({}, "[[a], {a: 1, b: 2}, ~, relu]").document.root),
            (std::vector<std::string>{"", "", "", "relu1"}));
}

TEST(ApplyOverride, ReplacesAndAddsValues) {
  const Edited edited = edit({"training.alpha=0.5", "training.beta=x", "output.dir=out"});
  EXPECT_EQ(edited.errors, "");
  const ConfigNode& root = edited.document.root;
  EXPECT_EQ(root.find("training")->find("alpha")->text, "0.5");
  EXPECT_EQ(root.find("training")->find("beta")->text, "x");
  EXPECT_EQ(root.find("output")->find("dir")->text, "out");
  EXPECT_EQ(root.find("data")->find("dir")->text, "d");
}

TEST(ApplyOverride, ReachesLayersByTheirNames) {
  const Edited edited =
      edit({"network.first.count=32", "network.relu1.name=act", "network.conv2.kernel=[3, 5]",
            "network.relu2.from=first", "network.act.x=1"});
  EXPECT_EQ(edited.errors, "");
  const std::vector<ConfigNode>& layers = edited.document.root.find("network")->children;
  EXPECT_EQ(layers[0].find("conv")->find("count")->text, "32");
  EXPECT_EQ(layers[1].find("relu")->find("name")->text, "act");
  EXPECT_EQ(layers[1].find("relu")->find("x")->text, "1");
  EXPECT_EQ(layers[2].find("conv")->find("kernel")->children[1].text, "5");
  EXPECT_EQ(layers[3].find("relu")->find("from")->text, "first");
}

TEST(ApplyOverride, TakesWholeSections) {
  const Edited edited =
      edit({"training.schedule={policy: exp, gamma: 0.9}", "network=[relu]", "data="});
  EXPECT_EQ(edited.errors, "");
  EXPECT_EQ(edited.document.root.find("training")->find("schedule")->find("gamma")->text, "0.9");
  EXPECT_EQ(edited.document.root.find("network")->children.size(), 1U);
  EXPECT_EQ(edited.document.root.find("data")->kind, ConfigNode::Kind::null);
}

TEST(ApplyOverride, KeepsThePlaceInTheArgument) {
  const Edited edited = edit({"training.alpha=abc"});
  const ConfigNode* alpha = edited.document.root.find("training")->find("alpha");
  EXPECT_EQ(alpha->key_place, (Place{1, 1, 10, 5}));
  EXPECT_EQ(alpha->place, (Place{1, 1, 16, 3}));
  EXPECT_EQ(edited.document.sources.at(1).name, "--set training.alpha=abc");
}

TEST(ApplyOverride, WorksOnAnEmptyConfiguration) {
  EXPECT_EQ(edit({"a.b.c=1"}, "").document.root.find("a")->find("b")->find("c")->text, "1");
}

TEST(ApplyOverride, ReportsLayersThatAreNotThere) {
  EXPECT_EQ(edit({"network.conv3.count=1"}).errors,
            "--set network.conv3.count=1: error: the network has no layer 'conv3'\n"
            "  network.conv3.count=1\n          ^~~~~\n"
            "  did you mean 'conv2'?  its layers: first relu1 conv2 relu2");
}

TEST(ApplyOverride, ReportsPathsThroughValues) {
  EXPECT_EQ(edit({"training.alpha.x=1"}).errors,
            "--set training.alpha.x=1: error: training.alpha is '0.1' and has no key 'x'\n"
            "  training.alpha.x=1\n                 ^\n  set the whole of training.alpha instead");
  EXPECT_NE(edit({"training.list.x=1"}).errors.find("training.list is a list of 2"),
            std::string::npos);
  EXPECT_NE(edit({"a=1"}, "text").errors.find("the configuration is 'text' and has no key 'a'"),
            std::string::npos);
}

TEST(ApplyOverride, RefusesBadSyntax) {
  for (const char* argument : {"", "training.alpha", "=1", ".a=1", "a.=1", "a..b=1"}) {
    EXPECT_NE(edit({argument}).errors.find("must be KEY=VALUE"), std::string::npos) << argument;
  }
  EXPECT_NE(edit({"a=[1,"}).errors.find("a '[' is not closed by ']'"), std::string::npos);
  EXPECT_NE(edit({"a=&x 1"}).errors.find("anchors"), std::string::npos);
  EXPECT_NE(edit({"a=\xFF"}).errors.find("not UTF-8"), std::string::npos);
}

TEST(ApplyOverride, SplitsAtTheFirstEqualsSign) {
  EXPECT_EQ(edit({"data.dir=a=b"}).document.root.find("data")->find("dir")->text, "a=b");
}

std::string show(const std::vector<ConfigDifference>& list) {
  std::string text;
  for (const ConfigDifference& d : list) text += d.path + ": " + d.here + " | " + d.there + "\n";
  return text;
}

TEST(Differences, AreEmptyForEqualConfigurations) {
  EXPECT_EQ(show(config_differences(kText, kText)), "");
  EXPECT_EQ(show(config_differences("a: {b: 1, c: 2}", "a:\n  c: 2\n  b: 1\n")), "");
}

TEST(Differences, NameThePathAndBothValues) {
  EXPECT_EQ(show(config_differences("name: x\ntraining: {alpha: 1, beta: 2, list: [1, 2]}",
                                    "name: x\ntraining: {alpha: 2, list: [1, 3], gamma: {a: 1}}")),
            "training.alpha: 1 | 2\n"
            "training.beta: 2 | not given\n"
            "training.list: [1, 2] | [1, 3]\n"
            "training.gamma: not given | {a: 1}\n");
}

TEST(Differences, GoByTheNamesOfLayers) {
  EXPECT_EQ(
      show(config_differences("network: [{conv: {name: a, count: 32}}, relu, fc: {count: 2}]",
                              "network: [{conv: {name: a, count: 20}}, relu: {}, fc: {count: 2}]")),
      "network.a.count: 32 | 20\n");
  EXPECT_EQ(show(config_differences("network: [{conv: {name: a}}, relu]",
                                    "network: [{fc: {name: a}}, relu]")),
            "network.a: conv | fc\n");
  EXPECT_EQ(
      show(config_differences("network: [relu, {fc: {count: 1}}]", "network: [{fc: {count: 2}}]")),
      "network: relu1 fc1 | fc1\nnetwork.fc1.count: 1 | 2\n");
}

TEST(Differences, NeedTwoConfigurations) {
  EXPECT_THROW(config_differences("a: 1", "a: {"), ConfigError);
}

}  // namespace
}  // namespace cnn
