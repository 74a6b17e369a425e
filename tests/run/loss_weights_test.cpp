#include "run/loss_weights.hpp"

#include <gtest/gtest.h>

#include "cnn/error.hpp"

namespace cnn {
namespace {

// Six images of class 0, three of 1, none of 2, of which the last is held out.
LossOptions loss_options(const std::string& training, const std::string& classes = "") {
  const RunConfig config =
      parse_config("a.yaml", "data: {dir: d" + classes +
                                 "}\nnetwork: [fc: {count: 3}]\ntraining: {" + training + "}\n");
  const std::vector<std::string> names =
      classes.empty() ? std::vector<std::string>{"0", "1", "2"} : config.data.classes;
  Dataset dataset;
  dataset.labels = {0, 0, 1, 0, 1, 0, 0, 0, 1};
  return make_loss_options(config.training, names, dataset, everything(8));
}

TEST(LossOptions, AreThoseOfTheConfiguration) {
  EXPECT_TRUE(loss_options("").class_weights.empty());
  EXPECT_EQ(loss_options("label_smoothing: 0.1").label_smoothing, 0.1);
}

TEST(LossOptions, BalancedWeightsAreOneInTheMeanOfTheImages) {
  EXPECT_EQ(loss_options("class_weights: balanced").class_weights,
            (std::vector<double>{8.0 / (2 * 6), 8.0 / (2 * 2), 1}));
}

TEST(LossOptions, GivenWeightsGoByNameOrLabel) {
  EXPECT_EQ(loss_options("class_weights: {1: 2.5}").class_weights,
            (std::vector<double>{1, 2.5, 1}));
  EXPECT_EQ(
      loss_options("class_weights: {cat: 0, 0: 3}", ", classes: [dog, cat, \"7\"]").class_weights,
      (std::vector<double>{3, 0, 1}));
  // A name goes before a label.
  EXPECT_EQ(loss_options("class_weights: {1: 2}", ", classes: [\"1\", \"0\", x]").class_weights,
            (std::vector<double>{2, 1, 1}));
}

TEST(LossOptions, RefuseWeightsOfWhatIsNoClass) {
  const auto message = [](const std::string& training, const std::string& classes = "") {
    try {
      loss_options(training, classes);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message("class_weights: {3: 1}"),
            "error: training.class_weights gives a weight to '3', which is no class; the 3 classes "
            "are 0, 1, 2");
  EXPECT_EQ(message("class_weights: {cat: 1, 1: 2}", ", classes: [dog, cat, cow]"),
            "error: training.class_weights gives class 'cat' two weights, by name and by label; "
            "keep one of them");
}

}  // namespace
}  // namespace cnn
