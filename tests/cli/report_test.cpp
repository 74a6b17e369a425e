// What cnn-eval reports of many classes: beyond 1,000, the cells of the confusion matrix that are
// not zero instead of all.

#include "apps/report.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "run/model.hpp"
#include "support/files.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn::app {
namespace {

// Three images: the last class taken for itself twice, and for the first once.
Evaluation evaluation_of(std::size_t classes) {
  Evaluation evaluation;
  const std::size_t last = classes - 1;
  evaluation.predictions = {{last, last, 1}, {last, 0, 1}, {last, last, 1}};
  evaluation.correct = 2;
  return evaluation;
}

struct Reported {
  explicit Reported(std::size_t classes)
      : evaluation(evaluation_of(classes)), report{"title",   evaluation,
                                                   selection, class_names({}, classes),
                                                   files,     1} {}

  Evaluation evaluation;
  Selection selection = {0, 1, 2};
  std::vector<std::string> files;
  EvaluationReport report;
};

TEST(Report, OfAThousandClassesHasTheWholeMatrix) {
  const TempDir temp;
  const Reported made(1000);
  const auto json = nlohmann::json::parse(report_json(made.report));
  EXPECT_EQ(json["confusion"].size(), 1000U);
  EXPECT_EQ(json["confusion"][999][999], 2);
  EXPECT_EQ(json["confusion"][999][0], 1);
  EXPECT_EQ(json["confusion"][0][0], 0);
  EXPECT_FALSE(json.contains("confusion_sparse"));
  write_report_files(made.report, temp.path());
  EXPECT_TRUE(slurp(temp / "confusion.csv").starts_with("true\\predicted,0,1,2,"));
}

TEST(Report, OfMoreClassesListsTheCellsThatAreNotZero) {
  const TempDir temp;
  const Reported made(65'536);
  const auto json = nlohmann::json::parse(report_json(made.report));
  EXPECT_TRUE(json["confusion"].is_null());
  EXPECT_EQ(json["confusion_sparse"].dump(), "[[65535,0,1],[65535,65535,2]]");
  EXPECT_EQ(json["per_class"].size(), 65'536U);
  EXPECT_EQ(json["per_class"][65'535]["images"], 3);
  write_report_files(made.report, temp.path());
  EXPECT_EQ(slurp(temp / "confusion.csv"), "true,predicted,count\n65535,0,1\n65535,65535,2\n");
}

}  // namespace
}  // namespace cnn::app
