// cnn-eval as users run it, and what cnn-predict says of the images it scores.

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/dataset.hpp"
#include "cnn/image.hpp"

#include "support/cli.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// One trained model for all tests of this file.
class Scoring : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    temp_ = new TempDir;
    ASSERT_EQ(
        train(*temp_ / "run", {"--set", "training.steps=120", "--set", "data.validation=200"}).code,
        0);
  }
  static void TearDownTestSuite() { delete temp_; }

  static std::filesystem::path file(const std::string& name) { return *temp_ / name; }
  static std::string model() { return (*temp_ / "run" / "model.safetensors").string(); }

  static TempDir* temp_;
};
TempDir* Scoring::temp_ = nullptr;

// The fields of a line of a CSV file without quotes.
std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> result;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) result.push_back(field);
  return result;
}

Image image_of(const Dataset& dataset, std::size_t i) {
  const auto pixels = dataset.image(i);
  return {dataset.shape, {pixels.begin(), pixels.end()}};
}

TEST_F(Scoring, JsonHoldsWhatIsPromisedAndAddsUp) {
  const CommandResult result = run_command("cnn-eval", {"--model", model(), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["images"], 1000);
  EXPECT_GT(report["accuracy"], 0.8);
  EXPECT_GT(report["loss"], 0.0);
  EXPECT_EQ(report["classes"].size(), 10U);
  std::size_t total = 0, correct = 0;
  for (std::size_t row = 0; row < 10; ++row) {
    for (std::size_t column = 0; column < 10; ++column) {
      total += report["confusion"][row][column].get<std::size_t>();
    }
    correct += report["confusion"][row][row].get<std::size_t>();
  }
  EXPECT_EQ(total, 1000U);
  EXPECT_EQ(report["correct"], correct);
  EXPECT_DOUBLE_EQ(report["accuracy"], static_cast<double>(correct) / 1000);
  for (const char* key : {"class", "precision", "recall", "f1", "images"}) {
    EXPECT_TRUE(report["per_class"][3].contains(key)) << key;
  }
  EXPECT_GT(report["images_per_second"], 0.0);
  EXPECT_TRUE(report.contains("seconds"));
}

TEST_F(Scoring, TextShowsAccuracyIntervalAndMatrix) {
  const CommandResult result = run_command("cnn-eval", {"--model", model()});
  ASSERT_EQ(result.code, 0) << result.err;
  for (const char* part : {"1000 images", "accuracy", "95 % interval", "precision", "most confused",
                           "confusion matrix"}) {
    EXPECT_THAT(result.out, HasSubstr(part));
  }
}

TEST_F(Scoring, EveryPartOfTheDataCanBeScored) {
  for (const auto& [split, images] :
       {std::pair{"test", 1000}, std::pair{"validation", 200}, std::pair{"train", 5800}}) {
    const CommandResult result =
        run_command("cnn-eval", {"--model", model(), "--split", split, "--json"});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(json::parse(result.out)["images"], images) << split;
  }
}

TEST_F(Scoring, ThreadsDoNotChangeTheResult) {
  json one =
      json::parse(run_command("cnn-eval", {"--model", model(), "--json", "--threads", "1"}).out);
  json three =
      json::parse(run_command("cnn-eval", {"--model", model(), "--json", "--threads", "3"}).out);
  for (json* report : {&one, &three}) {
    report->erase("seconds");
    report->erase("images_per_second");
  }
  EXPECT_EQ(one, three);
}

// The lines of predictions.csv that cnn-eval writes with `arguments`, the header first.
std::vector<std::vector<std::string>> prediction_rows(const std::filesystem::path& out,
                                                      std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--out", out.string()});
  const CommandResult result = run_command("cnn-eval", arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  std::istringstream lines(slurp(out / "predictions.csv"));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(fields(line));
  return rows;
}

// Promise: predicting test image i, saved as a picture, gives cnn-eval's row i to the last digit.
TEST_F(Scoring, PredictionOfATestImageIsItsRowOfTheEvaluation) {
  const auto rows = prediction_rows(file("test"), {"--model", model()});
  ASSERT_EQ(rows.size(), 1001U);
  EXPECT_EQ(rows[0],
            (std::vector<std::string>{"index", "file", "true", "predicted", "probability"}));

  const Dataset dataset = read_dataset(CNN_DIGITS_DIR, DataPart::test);
  std::vector<std::string> arguments = {"--model", model(), "--json", "--prepare", "auto"};
  std::vector<std::size_t> places = {0, 1, 31, 32, 500, 991, 992, 999};
  for (const std::size_t i : places) {
    const std::string path = file(std::to_string(i) + ".png").string();
    write_png(path, image_of(dataset, i));
    arguments.push_back(path);
  }
  for (const char* prepare : {"auto", "no"}) {
    arguments[4] = prepare;
    const CommandResult result = run_command("cnn-predict", arguments);
    ASSERT_EQ(result.code, 0) << result.err;
    const json predictions = json::parse(result.out);
    for (std::size_t k = 0; k < places.size(); ++k) {
      const std::vector<std::string>& row = rows[places[k] + 1];
      EXPECT_EQ(row[0], std::to_string(places[k]));
      EXPECT_EQ(row[1], "");  // an array has no files
      EXPECT_EQ(row[2], std::to_string(dataset.labels[places[k]]));
      EXPECT_EQ(predictions[k]["class"], row[3]);
      EXPECT_EQ(predictions[k]["probability"].get<double>(), std::stod(row[4])) << places[k];
      EXPECT_EQ(predictions[k]["inverted"], false);
      EXPECT_TRUE(predictions[k]["resized_from"].is_null());
    }
  }
}

// Arrays are taken as they are, whatever they show, and so are pictures with --prepare no.
TEST_F(Scoring, PredictionWithoutPreparationIsTheRowOfAnArrayUnlikeTheSet) {
  const Dataset digits = read_dataset(CNN_DIGITS_DIR, DataPart::test);
  Dataset unlike = make_dataset({1, 28, 28}, 10, 10);
  for (std::size_t i = 0; i < unlike.count(); ++i) {
    Image image = image_of(digits, i);
    unlike.labels[i] = digits.labels[i];
    if (i % 2 == 0) {
      for (std::uint8_t& level : image.pixels) level = static_cast<std::uint8_t>(255 - level);
    } else {  // six rows up
      std::rotate(image.pixels.begin(), image.pixels.begin() + 6 * 28, image.pixels.end());
    }
    std::copy(image.pixels.begin(), image.pixels.end(),
              unlike.pixels.begin() + static_cast<std::ptrdiff_t>(i * 784));
  }
  std::filesystem::create_directory(file("unlike"));
  write_dataset(file("unlike"), DataPart::test, unlike);
  const auto rows = prediction_rows(file("unlike-scores"),
                                    {"--model", model(), "--data", file("unlike").string()});
  ASSERT_EQ(rows.size(), 11U);

  std::vector<std::string> arguments = {"--model", model(), "--json", "--prepare", "no"};
  for (std::size_t i = 0; i < unlike.count(); ++i) {
    arguments.push_back(file("unlike-" + std::to_string(i) + ".png").string());
    write_png(arguments.back(), image_of(unlike, i));
  }
  const json as_they_stand = json::parse(run_command("cnn-predict", arguments).out);
  arguments[4] = "auto";
  const json prepared = json::parse(run_command("cnn-predict", arguments).out);
  for (std::size_t i = 0; i < unlike.count(); ++i) {
    EXPECT_EQ(as_they_stand[i]["class"], rows[i + 1][3]);
    EXPECT_EQ(as_they_stand[i]["probability"].get<double>(), std::stod(rows[i + 1][4])) << i;
    EXPECT_NE(prepared[i]["probability"], as_they_stand[i]["probability"]) << i;
  }
}

// A set whose images have dark borders, and test images that are bright there: what an automatic
// choice takes for a negative. With one channel and with three.
TEST_F(Scoring, PredictionWithoutPreparationIsTheRowOfABrightBorder) {
  for (const int channels : {1, 3}) {
    const std::string name = "bright" + std::to_string(channels);
    std::filesystem::create_directories(file(name) / "data");
    const auto framed = [&](std::size_t count, std::uint8_t level, std::uint32_t seed) {
      Dataset images = make_dataset({channels, 12, 12}, count, 4, seed);
      for (std::size_t i = 0; i < images.pixels.size(); ++i) {
        const std::size_t y = i / 12 % 12, x = i % 12;
        if (y == 0 || y == 11 || x == 0 || x == 11) images.pixels[i] = level;
      }
      return images;
    };
    write_dataset(file(name) / "data", DataPart::train, framed(200, 0, 1));
    const Dataset test = framed(20, 255, 2);
    write_dataset(file(name) / "data", DataPart::test, test);
    write_file(file(name) / "run.yaml",
               "data: {dir: data}\nnetwork: [{fc: {count: 4}}]\ntraining: {steps: 10}\n"
               "output: {dir: run}\n");
    ASSERT_EQ(run_command("cnn-train", {"--config", (file(name) / "run.yaml").string()}).code, 0);
    const std::string trained = (file(name) / "run/model.safetensors").string();
    const auto rows = prediction_rows(file(name) / "scores", {"--model", trained});
    ASSERT_EQ(rows.size(), 21U);

    std::vector<std::string> arguments = {"--model", trained, "--json", "--prepare", "no"};
    for (std::size_t i = 0; i < test.count(); ++i) {
      arguments.push_back((file(name) / (std::to_string(i) + ".png")).string());
      write_png(arguments.back(), image_of(test, i));
    }
    const json predictions = json::parse(run_command("cnn-predict", arguments).out);
    arguments[4] = "auto";
    const json prepared = json::parse(run_command("cnn-predict", arguments).out);
    for (std::size_t i = 0; i < test.count(); ++i) {
      EXPECT_EQ(predictions[i]["class"], rows[i + 1][3]);
      EXPECT_EQ(predictions[i]["probability"].get<double>(), std::stod(rows[i + 1][4])) << i;
      EXPECT_EQ(predictions[i]["inverted"], false);
      EXPECT_EQ(prepared[i]["inverted"], true);
    }
  }
}

json without_times(json report) {
  report.erase("seconds");
  report.erase("images_per_second");
  return report;
}

TEST_F(Scoring, ShiftsAndSeveralModelsVote) {
  ASSERT_EQ(train(file("other"), {"--seed", "2"}).code, 0);
  const std::string other = file("other/model.safetensors").string();
  const auto eval = [](std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const CommandResult result = run_command("cnn-eval", arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return without_times(json::parse(result.out));
  };
  const json one = eval({"--model", model()}), two = eval({"--model", other});
  const json shifts = eval({"--model", model(), "--tta", "shifts"});
  const json both = eval({"--model", model(), "--model", other});
  const json all = eval({"--model", model(), "--model", other, "--tta", "shifts"});
  for (const json* report : {&shifts, &both, &all}) {
    EXPECT_EQ((*report)["images"], 1000);
    EXPECT_NE((*report)["loss"], one["loss"]);
    for (const auto& [key, value] : one.items()) EXPECT_TRUE(report->contains(key)) << key;
    EXPECT_EQ(report->size(), one.size());
  }
  EXPECT_NE(all, both);
  EXPECT_NE(all, shifts);
  // −log is convex: the loss of the mean is at most the mean of the losses.
  EXPECT_LT(both["loss"], 0.5 * (one["loss"].get<double>() + two["loss"].get<double>()));
  EXPECT_EQ(eval({"--model", model(), "--model", other, "--tta", "shifts", "--threads", "1"}), all);
  // A model that agrees with itself changes nothing but the last bits.
  const json twice = eval({"--model", model(), "--model", model()});
  EXPECT_EQ(twice["confusion"], one["confusion"]);
  EXPECT_NEAR(twice["loss"], one["loss"], 1e-6);
  const json mirrored = eval({"--model", model(), "--tta", "flip"});
  EXPECT_NE(mirrored["loss"], one["loss"]);
  EXPECT_NE(mirrored["loss"], shifts["loss"]);
  EXPECT_THAT(run_command("cnn-eval", {"--model", model(), "--tta", "flip"}).out,
              HasSubstr(", mean of mirror images: 1000 images"));
  const CommandResult text =
      run_command("cnn-eval", {"--model", model(), "--model", other, "--tta", "shifts"});
  EXPECT_THAT(text.out, HasSubstr(", mean of 2 models, mean of 9 shifts: 1000 images"));
}

TEST_F(Scoring, OnlyModelsForTheSameCanVote) {
  const auto directory = file("eleven");
  ASSERT_EQ(train(directory, {"--set", "network.fc2.count=11"}).code, 0);
  const CommandResult result = run_command(
      "cnn-eval", {"--model", model(), "--model", (directory / "model.safetensors").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("11 classes"));
  EXPECT_EQ(run_command("cnn-eval", {"--model", model(), "--tta", "flips"}).code, 2);
}

// The same digits under names, and with the labels and names turned around: the models have the
// same classes in two orders.
TEST_F(Scoring, ModelsVoteOnClassesOfTheSameNames) {
  const auto train_on = [](const std::string& name, const std::string& classes, bool turned) {
    for (const DataPart part : {DataPart::train, DataPart::test}) {
      Dataset digits = read_dataset(CNN_DIGITS_DIR, part);
      for (std::uint16_t& label : digits.labels) {
        if (turned) label = static_cast<std::uint16_t>(9 - label);
      }
      std::filesystem::create_directories(file(name));
      write_dataset(file(name), part, digits);
    }
    EXPECT_EQ(
        train(file(name + "-run"), {"--data", file(name).string(), "--set",
                                    "data.classes=[" + classes + "]", "--seed", turned ? "2" : "1"})
            .code,
        0);
    return file(name + "-run/model.safetensors").string();
  };
  const std::string rising = train_on("rising", "a, b, c, d, e, f, g, h, i, j", false);
  const std::string falling = train_on("falling", "j, i, h, g, f, e, d, c, b, a", true);
  const std::string others = train_on("others", "a, b, c, d, e, f, g, h, i, k", true);
  const auto eval = [](std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const CommandResult result = run_command("cnn-eval", arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return json::parse(result.out);
  };
  const json one = eval({"--model", rising}), two = eval({"--model", falling});
  const json both = eval({"--model", rising, "--model", falling});
  EXPECT_EQ(both["classes"], one["classes"]);
  // −log is convex: the loss of the mean is at most the mean of the losses.
  EXPECT_LT(both["loss"], 0.5 * (one["loss"].get<double>() + two["loss"].get<double>()));
  const json back = eval({"--model", falling, "--model", rising});
  EXPECT_EQ(back["classes"], two["classes"]);
  EXPECT_EQ(back["accuracy"], both["accuracy"]);

  const CommandResult refused = run_command("cnn-eval", {"--model", rising, "--model", others});
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.err, others + ": error: tells other classes apart than " + rising +
                             ": it lacks 'j' and has 'k'; only models for the same go together\n");
  EXPECT_EQ(refused.out, "");
}

TEST_F(Scoring, EvalNamesWhatIsWrong) {
  const auto expect = [](const CommandResult& result, int code, const std::string& culprit) {
    EXPECT_EQ(result.code, code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(culprit));
    EXPECT_EQ(result.out, "");
  };
  expect(run_command("cnn-eval", {}), 2, "--model");
  expect(run_command("cnn-eval", {"--model", "none.safetensors"}), 3, "none.safetensors");
  expect(run_command("cnn-eval", {"--model", digits_config()}), 3, "digits.yaml");
  expect(run_command("cnn-eval", {"--model", model(), "--split", "dev"}), 2, "dev");
  expect(run_command("cnn-eval", {"--model", model(), "--data", "/nowhere"}), 3, "/nowhere");
  // What it would write is there, and not its own.
  for (const char* name : {"confusion.csv", "predictions.csv"}) {
    const std::filesystem::path out = file(std::string("of ") + name);
    std::filesystem::create_directory(out);
    write_file(out / name, "mine");
    expect(run_command("cnn-eval", {"--model", model(), "--out", out.string()}), 2,
           std::string(name) + " is there already and is no ");
    EXPECT_EQ(slurp(out / name), "mine");
  }
  // Images of another size, and a label the model has no class for.
  std::filesystem::create_directory(file("small"));
  write_dataset(file("small"), DataPart::test, make_dataset({1, 20, 20}, 10, 3));
  expect(run_command("cnn-eval", {"--model", model(), "--data", file("small").string()}), 3,
         "20x20");
  std::filesystem::create_directory(file("many"));
  write_dataset(file("many"), DataPart::test, make_dataset({1, 28, 28}, 12, 12));
  expect(run_command("cnn-eval", {"--model", model(), "--data", file("many").string()}), 3,
         "label 11");
}

TEST_F(Scoring, AFlippedBitInTheWeightsIsNoticed) {
  std::string bytes = slurp(model());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  const auto broken = file("flipped.safetensors");
  write_file(broken, bytes);
  const CommandResult result = run_command("cnn-eval", {"--model", broken.string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("checksum"));
}

TEST(EvalCommand, SaysWhereNothingWasHeldOut) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {"--set", "training.steps=1"}).code, 0);
  const CommandResult result = run_command(
      "cnn-eval", {"--model", (temp / "run/model.safetensors").string(), "--split", "validation"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("held out no validation set (data.validation is 0)"));
}

TEST(Commands, HelpShowsAnExampleAndTheExitCodes) {
  for (const char* name : {"cnn-train", "cnn-eval", "cnn-predict", "cnn-bench"}) {
    const CommandResult result = run_command(name, {"--help"});
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("Examples:"));
    EXPECT_THAT(result.out, HasSubstr("Exit codes"));
    EXPECT_EQ(run_command(name, {"--version"}).code, 0);
  }
}

}  // namespace
}  // namespace cnn
