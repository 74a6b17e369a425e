// cnn-report: the page of a run.

#include <csignal>
#include <fstream>
#include <initializer_list>
#include <regex>

#include <gtest/gtest.h>

#include "base/directory.hpp"
#include "base/processor_name.hpp"
#include "support/cli.hpp"
#include "support/html.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_sets.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

// Runs cnn-report and returns the page.
std::string report(const fs::path& run, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {run.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const CommandResult result = run_command("cnn-report", arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  const std::string page = slurp(run / "report.html");
  EXPECT_EQ(html_mistake(page), "");
  EXPECT_LT(page.size(), 2'000'000U);
  return page;
}

// A run on `classes` classes of tiny images, which a network of one layer tells apart or not.
CommandResult train_tiny(const TempDir& temp, std::size_t classes,
                         const std::vector<std::string>& more = {}) {
  const Shape shape{1, 6, 6};
  for (const DataPart part : {DataPart::train, DataPart::test}) {
    const bool trains = part == DataPart::train;
    Dataset images = make_dataset(shape, classes + 30, classes, trains ? 1 : 2);
    if (classes <= 256) {
      write_dataset(temp.path(), part, images);
      continue;
    }
    for (std::size_t i = 0; i < images.count(); ++i) {
      const std::string name = "c" + std::to_string(images.labels[i]);
      write_picture(temp / (trains ? "train" : "test") / name / (std::to_string(i) + ".png"),
                    images, i);
    }
  }
  std::ofstream(temp / "tiny.yaml") << "data: {dir: .}\nnetwork:\n  - fc: {count: " << classes
                                    << "}\ntraining: {epochs: 1, batch: 16}\noutput: {dir: run}\n";
  std::vector<std::string> arguments = {"--config", (temp / "tiny.yaml").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command("cnn-train", arguments);
}

TEST(Report, HasTheNumbersOfEvalAndTheSameBytesAgain) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {}).code, 0);
  const std::string page = report(temp / "run");
  const std::string model = (temp / "run/model.safetensors").string();
  const std::string eval = run_command("cnn-eval", {"--model", model}).out;
  const auto word_after = [&](const std::string& what) {
    const std::size_t at = eval.find(what) + what.size();
    return eval.substr(at, eval.find_first_of(" )\n", at) - at);
  };
  EXPECT_THAT(page, HasSubstr("<dd>" + word_after("accuracy ") + " %</dd>"));
  EXPECT_THAT(page, HasSubstr(word_after("interval ") + " – " + word_after(" - ")));
  EXPECT_THAT(page, HasSubstr("<dd>" + word_after("loss ") + "</dd>"));
  EXPECT_THAT(page, HasSubstr("of 1,000 images"));
  EXPECT_THAT(page, HasSubstr("multiply-adds"));
  EXPECT_THAT(page, HasSubstr(" on " + processor_name() + ", "));
  EXPECT_EQ(report(temp / "run", {"--threads", "1"}), page);
  fs::remove(temp / "run/train.log");
  fs::create_directory(temp / "run/train.log");
  EXPECT_THAT(report(temp / "run"), Not(HasSubstr(" on " + processor_name())));
}

TEST(Report, ShowsTheTimesOfLayersThatTheRunStored) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  const fs::path file = temp / "run/layers.csv";
  fs::remove(file);
  const std::string header = "layer,forward_us,backward_us\n";
  EXPECT_THAT(report(temp / "run"), HasSubstr("Times are missing"));
  std::ofstream(file) << header << "fc1,12.34,5678\n";
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">12.3</td><td class=\"number\">5678.0</td>"));
  EXPECT_THAT(page, Not(HasSubstr("Times are missing")));
  std::ofstream(file) << header << "of_another_network,12.34,5678\n";
  EXPECT_THAT(report(temp / "run"), HasSubstr("Times are missing"));
  std::ofstream(file) << "dear\n";
  EXPECT_EQ(run_command("cnn-report", {(temp / "run").string()}).code, 3);
}

TEST(Report, ScoresTheValidationSetWhereThereIsNoTestSet) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3, {"--set", "data.validation=6"}).code, 0);
  EXPECT_THAT(report(temp / "run"), HasSubstr("test set"));
  fs::remove(temp / "t10k-images-idx3-ubyte");
  EXPECT_THAT(report(temp / "run"), HasSubstr("validation set"));
  EXPECT_THAT(report(temp / "run", {"--split", "train"}), HasSubstr("train set"));
}

TEST(Report, ShowsNamesAsTheyAreWhateverStandsInThem) {
  const TempDir temp;
  ASSERT_EQ(
      train_tiny(temp, 3, {"--set", R"(data.classes=["<i>&\"'", "\U0001F408", "\u05D0\u05D1"])"})
          .code,
      0);
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("<bdi>&lt;i&gt;&amp;&quot;&#39;</bdi>"));
  EXPECT_THAT(page, HasSubstr("<bdi>\xF0\x9F\x90\x88</bdi>"));
  EXPECT_THAT(page, HasSubstr("<bdi>\xD7\x90\xD7\x91</bdi>"));
  EXPECT_THAT(page, Not(HasSubstr("<i>")));
}

// Two such folders side by side would change places in a browser.
TEST(Report, IsolatesThePartsOfPaths) {
  const TempDir temp;
  const fs::path run = temp / "\u05D0\u05D1" / "\u05D2" / "run";
  fs::create_directories(run.parent_path());
  ASSERT_EQ(train_tiny(temp, 3, {"--out", run.string()}).code, 0);
  const std::string page = report(run);
  const std::string isolated = "/<bdi>\u05D0\u05D1</bdi>/<bdi>\u05D2</bdi>/run";
  EXPECT_THAT(page, HasSubstr(isolated + "</p>")) << "where it is";
  EXPECT_THAT(page, HasSubstr(isolated + "/config.yaml")) << "a command";
}

TEST(Report, SaysWhatIsMissingAndShowsTheRest) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  for (const char* file : {"t10k-images-idx3-ubyte", "train-images-idx3-ubyte"}) {
    fs::remove(temp / file);
  }
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("Scores and pictures are missing."));
  EXPECT_THAT(page, HasSubstr("<h2>Training</h2>"));
  EXPECT_THAT(page, HasSubstr("<h2>Network</h2>"));
  EXPECT_THAT(page, Not(HasSubstr("<h2>Mistakes</h2>")));
}

TEST(Report, OneEpochWithoutValidationHasNoLineForIt) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("training, epoch 1: "));
  EXPECT_THAT(page, Not(HasSubstr("validation, epoch")));
  EXPECT_THAT(page, Not(HasSubstr("Best validation")));
}

TEST(Report, ARunThatDivergedHasAPage) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3,
                       {"--set", "training.alpha=1e18", "--set", "loss=euclidean", "--set",
                        "training.epochs=50"})
                .code,
            4);
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("The training diverged: "));
}

TEST(Report, ARunThatGoesOnSaysSo) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  Directory held(temp / "run");
  ASSERT_TRUE(held.lock());
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("The run is going on; epoch 1 is done."));
  EXPECT_THAT(page, HasSubstr("last.safetensors"));
}

// A page while it runs, and one of its end, for which nobody waits.
// The final model is then still that of the shorter run.
TEST(Report, ARunThatWasMadeLongerAndStoppedHasNotEnded) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  EXPECT_THAT(report(temp / "run"), Not(HasSubstr("The run did not come to its end")));
  RunningCommand longer(
      "cnn-train",
      {"--config", (temp / "tiny.yaml").string(), "--resume", "--set", "training.epochs=1000000"},
      temp.path());
  longer.wait_until(
      [&] { return slurp(temp / "run/metrics.csv").find("\n3,") != std::string::npos; });
  longer.send(SIGTERM);
  ASSERT_EQ(longer.wait().code, 128 + SIGTERM);
  EXPECT_THAT(report(temp / "run"), HasSubstr("The run did not come to its end"));
}

TEST(LiveReport, ReloadsItselfUntilTheRunEnds) {
  const TempDir temp;
  RunningCommand run("cnn-train",
                     train_arguments(temp / "run", {"--report", "--set", "training.steps=100000"}),
                     temp.path());
  const fs::path file = temp / "run/report.html";
  ASSERT_TRUE(run.wait_until([&] { return fs::exists(file); }));
  const std::string live = slurp(file);
  EXPECT_EQ(html_mistake(live), "");
  EXPECT_THAT(live, HasSubstr("http-equiv=\"refresh\""));
  EXPECT_THAT(live, HasSubstr("while the run was going on."));
  EXPECT_THAT(live, HasSubstr("<h2>Network</h2>"));
  EXPECT_THAT(live, HasSubstr("training, epoch 1: "));
  run.send(SIGTERM);
  EXPECT_EQ(run.wait().code, 128 + SIGTERM);
  const std::string last = slurp(file);
  EXPECT_EQ(html_mistake(last), "");
  EXPECT_THAT(last, Not(HasSubstr("refresh")));
  EXPECT_THAT(last, HasSubstr("The run did not come to its end"));
  EXPECT_THAT(last, HasSubstr(" adds them."));
  EXPECT_THAT(report(temp / "run"), HasSubstr("<h2>Mistakes</h2>"));
}

// By kill -9 nobody can write a last page. The one that is left does not say that the run goes on.
TEST(LiveReport, OfAKilledRunSaysWhenAndIsWrittenAnewByAResume) {
  const TempDir temp;
  const std::vector<std::string> steps = {"--set", "training.steps=100000", "--set",
                                          "output.checkpoint_every=1 epoch"};
  std::vector<std::string> reported = steps;
  reported.push_back("--report");
  RunningCommand run("cnn-train", train_arguments(temp / "run", reported), temp.path());
  const fs::path file = temp / "run/report.html";
  ASSERT_TRUE(run.wait_until(
      [&] { return fs::exists(file) && fs::exists(temp / "run/last.safetensors"); }));
  run.send(SIGKILL);
  run.wait();
  const std::string left = slurp(file);
  EXPECT_TRUE(std::regex_search(
      left, std::regex("Written on 20[0-9-]{8} [0-9:]{8} [+-][0-9]{4}, while the run was")));
  EXPECT_THAT(left, HasSubstr("run/config.yaml --resume</code> continues it"));
  EXPECT_THAT(left, HasSubstr("run</code> writes its last page"));

  // The resumed run is not told to write one.
  const std::string epochs = std::to_string(last_step(temp / "run").value() + 1);
  const CommandResult resumed =
      run_command("cnn-train",
                  train_arguments(temp / "run", {"--resume", "--set", "training.steps=" + epochs}));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  const std::string last = slurp(file);
  EXPECT_THAT(last, Not(HasSubstr("while the run was going on")));
  EXPECT_THAT(last, HasSubstr("<h2>Mistakes</h2>"));
}

TEST(LiveReport, EndsWithThePageOfTheCommand) {
  const TempDir temp;
  const CommandResult result = train_tiny(temp, 3, {"--report"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("cnn-report "));
  const std::string page = slurp(temp / "run/report.html");
  EXPECT_EQ(report(temp / "run"), page);
}

TEST(LiveReport, OfARunThatDivergedSaysSo) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3,
                       {"--report", "--set", "training.alpha=1e18", "--set", "loss=euclidean",
                        "--set", "training.epochs=50"})
                .code,
            4);
  const std::string page = slurp(temp / "run/report.html");
  EXPECT_THAT(page, HasSubstr("The training diverged: "));
  EXPECT_THAT(page, Not(HasSubstr("refresh")));
}

TEST(LiveReport, APageOfAnotherRunGoesWithIt) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3, {"--report"}).code, 0);
  ASSERT_EQ(train_tiny(temp, 3, {"--overwrite", "--set", "training.alpha=0.02"}).code, 0);
  EXPECT_FALSE(fs::exists(temp / "run/report.html"));
}

TEST(LiveReport, WhereNoPageCanBeIsFoundBeforeTheFirstStep) {
  const TempDir temp;
  fs::create_directories(temp / "run/report.html");
  const CommandResult result = train_tiny(temp, 3, {"--report"});
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("report.html"));
}

// What a report costs does not make it another run.
TEST(LiveReport, MayBeAskedForWhenARunGoesOn) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  ASSERT_EQ(train_tiny(temp, 3, {"--resume", "--report", "--set", "training.epochs=2"}).code, 0);
  EXPECT_THAT(slurp(temp / "run/report.html"), HasSubstr("training, epoch 2: "));
}

TEST(Report, FollowsPicturesThroughTheNetworkAndBack) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {}).code, 0);
  const fs::path picture = temp / "seven.png";
  const Dataset images = make_dataset({1, 28, 28}, 1, 1);
  write_picture(picture, images, 0);
  const std::string page = report(temp / "run", {"--image", picture.string()});
  EXPECT_THAT(page, HasSubstr("<h2>What the network sees</h2>"));
  EXPECT_THAT(page, HasSubstr("seven.png"));
  EXPECT_THAT(page, HasSubstr("nobody says what it is"));
  EXPECT_THAT(page, HasSubstr("In numbers: pool1, map "));
  EXPECT_THAT(page, HasSubstr("handed down: δ to the maximum alone"));
  EXPECT_THAT(page, HasSubstr("alt=\"rot180(W) of conv1\""));
  EXPECT_THAT(page, HasSubstr("alt=\"∂J/∂W of conv2\""));
  EXPECT_THAT(page, HasSubstr("Gradient × input"));
  EXPECT_EQ(report(temp / "run", {"--image", picture.string()}), page);
}

TEST(Report, APictureThatCannotBeReadIsAMistake) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  std::ofstream(temp / "letter.png") << "dear";
  const CommandResult result = run_command(
      "cnn-report", {(temp / "run").string(), "--image", (temp / "letter.png").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("letter.png"));
  EXPECT_FALSE(fs::exists(temp / "run/report.html"));
}

TEST(Report, ShowsImagesAndWhatAugmentMakesOfThem) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  const std::string plain = report(temp / "run");
  EXPECT_THAT(plain, HasSubstr("the mean of all images"));
  EXPECT_THAT(plain, Not(HasSubstr("<code>augment</code>")));
  ASSERT_EQ(train_tiny(temp, 3, {"--overwrite", "--set", "data.augment.shift=2"}).code, 0);
  EXPECT_THAT(report(temp / "run"), HasSubstr("What <code>augment</code> makes of them"));
}

TEST(Report, IsOfAnyNumberOfClasses) {
  for (const std::size_t classes : std::initializer_list<std::size_t>{1, 2, 51, 256, 1000}) {
    SCOPED_TRACE(classes);
    const TempDir temp;
    ASSERT_EQ(train_tiny(temp, classes).code, 0);
    const std::string page = report(temp / "run");
    EXPECT_EQ(page.find("class=\"matrix") != std::string::npos, classes <= 50);
    EXPECT_EQ(page.find("No mistakes: all ") != std::string::npos, classes == 1);
    // Forty pictures with 100.0 % each show nothing.
    EXPECT_EQ(page.find("None: the most probable class of each") != std::string::npos,
              classes == 1);
    EXPECT_EQ(page.find("<div class=\"columns\">") != std::string::npos, classes > 50);
  }
}

TEST(ReportOfSeveral, ShowsTheKeysThatDifferAndWhatTheyChange) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "a", {}).code, 0);
  ASSERT_EQ(train(temp / "b", {"--set", "training.alpha=0.001"}).code, 0);
  const std::vector<std::string> both = {(temp / "a").string(), (temp / "b").string()};
  EXPECT_EQ(run_command("cnn-report", both).code, 2);  // where to?
  const fs::path out = temp / "both.html";
  const CommandResult result = run_command("cnn-report", {both[0], both[1], "--out", out.string()});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string page = slurp(out);
  EXPECT_EQ(html_mistake(page), "");
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">training.alpha</th>"));
  EXPECT_THAT(page, Not(HasSubstr("<th scope=\"col\">training.momentum</th>")));
  EXPECT_THAT(page, HasSubstr("<td>0.001</td>"));
  const std::string compared =
      run_command("cnn-eval", {"--model", both[0] + "/model.safetensors", "--model",
                               both[1] + "/model.safetensors", "--compare"})
          .out;
  const std::size_t at = compared.find("p = ") + 4;
  EXPECT_THAT(page, HasSubstr(">" + compared.substr(at, compared.find(':', at) - at) + "</td>"));
}

// A map that one run has and the other has not differs by what is no default of it.
TEST(ReportOfSeveral, WhatIsLeftOutHasItsDefault) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "a", {"--set", "training.steps=5"}).code, 0);
  ASSERT_EQ(train(temp / "b", {"--set", "training.steps=5", "--set", "data.augment.shift=2"}).code,
            0);
  const fs::path out = temp / "both.html";
  ASSERT_EQ(run_command("cnn-report",
                        {(temp / "a").string(), (temp / "b").string(), "--out", out.string()})
                .code,
            0);
  const std::string page = slurp(out);
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">data.augment.shift</th>"));
  EXPECT_THAT(page, Not(HasSubstr("<th scope=\"col\">data.augment.rotate</th>")));
}

// Runs that have nothing in common: what they came to stands beside their names.
TEST(ReportOfSeveral, FiguresComeBeforeManyKeys) {
  const TempDir temp, other;
  ASSERT_EQ(train_tiny(temp, 3, {"--seeds", "1-2"}).code, 0);
  ASSERT_EQ(train(other / "run", {"--set", "training.steps=20"}).code, 0);
  const fs::path out = temp / "all.html";
  ASSERT_EQ(run_command("cnn-report",
                        {(temp / "run").string(), (other / "run").string(), "--out", out.string()})
                .code,
            0);
  const std::string page = slurp(out);
  EXPECT_EQ(html_mistake(page), "");
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\" class=\"number\">time</th><th scope=\"col\">"));
  EXPECT_THAT(page, HasSubstr("seed-1 and 1 more: accuracy "));
  EXPECT_THAT(page, Not(HasSubstr("<h2>Accuracy by value</h2>")));
}

TEST(ReportOfSeveral, DrawsSeedsAsMeanAndBand) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3, {"--seeds", "1-3", "--set", "training.epochs=2"}).code, 0);
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("<h1>3 runs</h1>"));
  EXPECT_THAT(page, HasSubstr("class=\"band r0\""));
  EXPECT_THAT(page, HasSubstr("all runs: accuracy "));
}

TEST(Report, NamesTheCommandThatWritesItAgain) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3).code, 0);
  const fs::path out = temp / "page.html";
  ASSERT_EQ(run_command("cnn-report",
                        {(temp / "run").string(), "--split", "train", "--out", out.string()})
                .code,
            0);
  EXPECT_THAT(slurp(out), HasSubstr(" --split train --out "));
}

TEST(ReportOfSeveral, DrawsFoldsLikeSeedsAndScoresWhatTheyHoldOut) {
  const TempDir temp;
  ASSERT_EQ(train_tiny(temp, 3, {"--folds", "2"}).code, 0);
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("all runs: accuracy "));
}

TEST(ReportOfSeveral, DrawsASweepByValue) {
  const TempDir temp;
  ASSERT_EQ(
      train_tiny(temp, 3, {"--sweep", "training.alpha=0.5,0.01,1e-9", "--set", "data.validation=9"})
          .code,
      0);
  const std::string page = report(temp / "run");
  EXPECT_THAT(page, HasSubstr("<h2>Accuracy by value</h2>"));
  EXPECT_THAT(page, HasSubstr("aria-label=\"training.alpha, by training.alpha\""));
  EXPECT_THAT(page, HasSubstr("by its validation accuracy.</p>"));
}

TEST(Report, RefusesWhatIsNoRunAndNoPage) {
  const TempDir temp;
  EXPECT_EQ(run_command("cnn-report", {temp.path().string()}).code, 3);
  ASSERT_EQ(train_tiny(temp, 2).code, 0);
  std::ofstream(temp / "letter.txt") << "dear";
  const CommandResult result =
      run_command("cnn-report", {(temp / "run").string(), "--out", (temp / "letter.txt").string()});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(slurp(temp / "letter.txt"), "dear");
}

}  // namespace
}  // namespace cnn
