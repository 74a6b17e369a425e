// cnn-eval --compare: two models on the same images.

#include "apps/comparison.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "infer/mcnemar.hpp"
#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_sets.hpp"

namespace cnn::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// By hand: 2·(1 + 10)/2^10 for 1 against 9; 2·1/2^5 for 0 against 5.
TEST(McNemar, IsTheExactBinomial) {
  EXPECT_NEAR(mcnemar_p(1, 9), 22.0 / 1024, 1e-12);
  EXPECT_NEAR(mcnemar_p(9, 1), 22.0 / 1024, 1e-12);
  EXPECT_NEAR(mcnemar_p(0, 5), 2.0 / 32, 1e-12);
  EXPECT_EQ(mcnemar_p(0, 0), 1);
  EXPECT_EQ(mcnemar_p(4, 4), 1);
  EXPECT_NEAR(mcnemar_p(30000, 30000), 1, 1e-9);
  EXPECT_LT(mcnemar_p(10000, 20000), 1e-300);
}

// Labels 0 to 3: both right, only the second, only the first, both wrong.
TEST(Comparison, CountsWhatEitherGetsRight) {
  const Evaluation first{{{0, 0, 1}, {1, 0, 1}, {0, 0, 1}, {1, 0, 1}}, 0, 2};
  const Evaluation second{{{0, 0, 1}, {1, 1, 1}, {0, 1, 1}, {1, 0, 1}}, 0, 2};
  const Selection selection = {10, 11, 12, 13};
  const Comparison comparison{"test set", {"a", "b"}, first, second, selection, {"cat", "dog"}};
  EXPECT_EQ(comparison_text(comparison),
            "test set\n"
            "first   50.00 %  a\n"
            "second  50.00 %  b\n"
            "both right 1, only the first 1, only the second 1, both wrong 1\n"
            "agreement 50.00 %\n"
            "McNemar's p = 1: these images do not tell which is better\n"
            "\nthey differ on 2 images\n  index  true, first, second\n"
            "     11  dog, cat, dog\n"
            "     12  cat, cat, dog\n");
  const json report = json::parse(comparison_json(comparison));
  EXPECT_EQ(report["only_second"], 1);
  EXPECT_EQ(report["agreement"], 0.5);
  EXPECT_EQ(report["differ"][1],
            json::parse(R"({"index": 12, "true": "cat", "first": "cat", "second": "dog"})"));
}

TEST(CompareCommand, ScoresEachModelAsAlone) {
  const TempDir temp;
  ASSERT_EQ(cnn::train(temp / "a", {}).code, 0);
  ASSERT_EQ(cnn::train(temp / "b", {"--set", "training.steps=60"}).code, 0);
  const std::string a = (temp / "a/model.safetensors").string();
  const std::string b = (temp / "b/model.safetensors").string();
  const CommandResult result =
      run_command("cnn-eval", {"--model", a, "--model", b, "--compare", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["images"], 1000);
  for (std::size_t i = 0; i < 2; ++i) {
    const CommandResult alone = run_command("cnn-eval", {"--model", i == 0 ? a : b, "--json"});
    EXPECT_EQ(report["models"][i]["correct"], json::parse(alone.out)["correct"]);
  }
  EXPECT_LT(report["p"], 1e-6);
  const CommandResult text = run_command("cnn-eval", {"--model", a, "--model", b, "--compare"});
  EXPECT_THAT(text.out, HasSubstr("the second is better"));

  const CommandResult one = run_command("cnn-eval", {"--model", a, "--compare"});
  EXPECT_EQ(one.code, 2);
  EXPECT_THAT(one.err, HasSubstr("--compare takes two models"));
  EXPECT_EQ(run_command("cnn-eval",
                        {"--model", a, "--model", b, "--compare", "--out", (temp / "out").string()})
                .code,
            2);
}

// Pictures of a test set are prepared for each model as its own training set wants them: dark
// digits on bright paper for one, bright ones on dark for the other.
TEST(CompareCommand, PreparesPicturesForEachModel) {
  const TempDir temp;
  const Dataset test = make_dataset({1, 28, 28}, 40, 2, 2);
  for (const bool dark : {false, true}) {
    Dataset images = make_dataset({1, 28, 28}, 200, 2, 1);
    for (std::uint8_t& pixel : images.pixels) {
      // A frame of paper tells which is which.
      pixel = static_cast<std::uint8_t>(dark ? 255 - pixel / 4 : pixel / 4);
    }
    const std::filesystem::path set = temp / (dark ? "dark" : "bright");
    std::filesystem::create_directories(set);
    write_dataset(set, DataPart::train, images);
    ASSERT_EQ(cnn::train(temp / (dark ? "b" : "a"),
                         {"--data", set.string(), "--set", "network.fc2.count=2"})
                  .code,
              0);
  }
  for (std::size_t i = 0; i < test.count(); ++i) {
    write_picture(
        temp / "pictures/test" / std::to_string(test.labels[i]) / (std::to_string(i) + ".png"),
        test, i);
  }
  const std::string a = (temp / "a/model.safetensors").string();
  const std::string b = (temp / "b/model.safetensors").string();
  const std::string pictures = (temp / "pictures").string();
  const CommandResult result = run_command(
      "cnn-eval", {"--model", a, "--model", b, "--data", pictures, "--compare", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  for (std::size_t i = 0; i < 2; ++i) {
    const CommandResult alone =
        run_command("cnn-eval", {"--model", i == 0 ? a : b, "--data", pictures, "--json"});
    EXPECT_EQ(report["models"][i]["correct"], json::parse(alone.out)["correct"]);
  }
}

}  // namespace
}  // namespace cnn::app
