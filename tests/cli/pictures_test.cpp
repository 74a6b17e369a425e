// The commands on sets of picture files, and on the same images in other formats.

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/image.hpp"

#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_sets.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class Pictures : public testing::Test {
 protected:
  fs::path config(const std::string& data) const {
    const fs::path path = temp_ / "pets.yaml";
    write_bytes(path, "data: " + data +
                          "\nnetwork:\n"
                          "  - conv: {name: conv1, count: 4, kernel: 5, stride: 2}\n"
                          "  - tanh\n"
                          "  - fc: {name: fc1, count: 3}\n"
                          "training: {epochs: 30, batch: 16, alpha: 0.05}\n");
    return path;
  }
  CommandResult run_train(const std::string& data, const std::string& run,
                          const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"--config", config(data).string(), "--out",
                                          (temp_ / run).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command("cnn-train", arguments);
  }
  std::string model(const std::string& run) const {
    return (temp_ / run / "model.safetensors").string();
  }
  CommandResult run_eval(const std::string& run, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"--model", model(run), "--out",
                                          (temp_ / "scores").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command("cnn-eval", arguments);
  }
  // The last column of predictions.csv.
  std::vector<std::string> probabilities() const {
    std::ifstream file(temp_ / "scores/predictions.csv");
    std::vector<std::string> result;
    for (std::string line; std::getline(file, line);) {
      result.push_back(line.substr(line.rfind(',') + 1));
    }
    if (!result.empty()) result.erase(result.begin());
    return result;
  }
  std::vector<TensorFile::Entry> tensors(const std::string& run) const {
    return read_safetensors(model(run)).tensors;
  }
  void expect_same_model(const std::string& run, const std::string& other) const {
    const auto a = tensors(run), b = tensors(other);
    ASSERT_EQ(a.size(), b.size());
    ASSERT_FALSE(a.empty());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].data == b[i].data) << other;
  }
  // Pictures of many sizes, of three colours, in parts.
  void write_mixed(const std::string& name, const std::vector<std::string>& parts) const {
    int n = 0;
    for (const std::string& part : parts) {
      for (std::size_t k = 0; k < 3; ++k) {
        for (int i = 0; i < 12; ++i, ++n) {
          Image image{{3, 20 + n * 7 % 13, 20 + n * 5 % 17}, {}};
          const auto area = static_cast<std::size_t>(image.shape.height) *
                            static_cast<std::size_t>(image.shape.width);
          for (std::size_t c = 0; c < 3; ++c) {
            for (std::size_t p = 0; p < area; ++p) {
              const std::size_t noise = (p * 31 + c * 7 + static_cast<std::size_t>(n)) % 60;
              image.pixels.push_back(static_cast<std::uint8_t>((c == k ? 150 : 20) + noise));
            }
          }
          const fs::path path =
              temp_ / name / part / kPetNames.at(k) / (std::to_string(i) + ".png");
          fs::create_directories(path.parent_path());
          write_png(path, image);
        }
      }
    }
  }

  TempDir temp_;
};

TEST_F(Pictures, AFolderTrainsAndWhatIsPredictedIsWhatIsScored) {
  write_mixed("set", {"train", "val", "test"});
  for (const std::string fit : {"crop", "pad", "stretch"}) {
    const CommandResult trained =
        run_train("{dir: set, size: 18, fit: " + fit + "}", fit, {"--set", "training.patience=9"});
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_THAT(trained.err, HasSubstr("36 train, 36 validation   3x18x18"));
    const CommandResult scored = run_eval(fit, {"--json"});
    ASSERT_EQ(scored.code, 0) << scored.err;
    EXPECT_EQ(json::parse(scored.out)["images"], 36);
    EXPECT_GT(json::parse(scored.out)["accuracy"], 0.9);
    EXPECT_TRUE(json::parse(scored.out)["top5_accuracy"].is_null());
    const std::vector<std::string> rows = probabilities();
    ASSERT_EQ(rows.size(), 36U);
    std::vector<std::string> files = {"--model", model(fit), "--json"};
    const auto set = [&](std::size_t k) { return temp_ / "set/test" / kPetNames.at(k); };
    files.push_back((set(0) / "0.png").string());   // row 0
    files.push_back((set(1) / "11.png").string());  // "0" "1" "10" "11": row 15
    files.push_back((set(2) / "9.png").string());   // row 35
    const CommandResult predicted = run_command("cnn-predict", files);
    ASSERT_EQ(predicted.code, 0) << predicted.err;
    const json answers = json::parse(predicted.out);
    const std::array<std::size_t, 3> places = {0, 15, 35};
    for (std::size_t i = 0; i < places.size(); ++i) {
      EXPECT_EQ(answers[i]["probability"].get<double>(), std::stod(rows[places.at(i)])) << fit;
    }
  }
  EXPECT_THAT(run_eval("crop", {"--split", "validation"}).out, HasSubstr("(36/36"));
  EXPECT_THAT(slurp(temp_ / "scores/predictions.csv"),
              HasSubstr("\n0," + (temp_ / "set/val/Cat/0.png").string() + ",Cat,Cat,"));

  // A folder's pictures are those of the set, in its order.
  write_bytes(temp_ / "set/test/notes.txt", "no picture");
  ASSERT_EQ(run_eval("crop").code, 0);
  const std::vector<std::string> rows = probabilities();
  const CommandResult table = run_command(
      "cnn-predict", {"--model", model("crop"), "--csv", "--quiet", (temp_ / "set/test").string()});
  ASSERT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(table.err, "note: 1 file that is no picture passed over\n");
  std::istringstream lines(table.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "file,class,probability");
  for (const std::string& row : rows) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_TRUE(line.ends_with("," + row)) << line << " " << row;
  }
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(Pictures, AllFormatsAndAnyThreadsTrainTheSameModel) {
  const Dataset train = make_pets(20), test = make_pets(4, 3, 7);
  const std::string count = "network.fc1.count=10";  // CIFAR's names are ten
  for (const char* format : {"folder", "idx", "csv", "cifar"}) {
    write_pets(format, temp_ / format, train, test);
  }
  ASSERT_EQ(run_train("{dir: folder}", "folder-run", {"--threads", "1", "--set", count}).code, 0);
  ASSERT_EQ(run_eval("folder-run").code, 0);
  const std::vector<std::string> rows = probabilities();
  ASSERT_EQ(rows.size(), 12U);
  for (const auto& [data, threads] :
       {std::pair{"{dir: idx}", "2"}, std::pair{"{table: csv/all.csv}", "3"},
        std::pair{"{dir: cifar}", "5"}, std::pair{"{dir: folder, format: folder}", "5"}}) {
    const CommandResult trained =
        run_train(data, "run", {"--threads", threads, "--set", count, "--overwrite"});
    ASSERT_EQ(trained.code, 0) << trained.err;
    expect_same_model("folder-run", "run");
    ASSERT_EQ(run_eval("run", {"--threads", threads}).code, 0);
    EXPECT_EQ(probabilities(), rows) << data;
  }
}

TEST_F(Pictures, ARunGoesOnWhereItStopped) {
  write_mixed("set", {"train", "val"});
  ASSERT_EQ(run_train("{dir: set, size: 18}", "whole").code, 0);
  ASSERT_EQ(run_train("{dir: set, size: 18}", "run", {"--set", "training.steps=5"}).code, 0);
  const CommandResult resumed = run_train("{dir: set, size: 18}", "run", {"--resume"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  expect_same_model("whole", "run");
}

TEST_F(Pictures, PartsAreHeldOutWhereThereAreNone) {
  write_mixed("set", {"."});
  const std::string data = "{dir: set, size: 18, test: 9, validation: 6}";
  const CommandResult trained = run_train(data, "run");
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("21 train, 6 validation"));
  for (const auto& [split, count] :
       {std::pair{"test", 9}, std::pair{"validation", 6}, std::pair{"train", 21}}) {
    const CommandResult scored = run_eval("run", {"--json", "--split", split});
    ASSERT_EQ(scored.code, 0) << scored.err;
    EXPECT_EQ(json::parse(scored.out)["images"], count);
  }
  write_mixed("parts", {"train", "val", "test"});
  const CommandResult refused = run_train("{dir: parts, size: 18, test: 9}", "other");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err,
              HasSubstr("data.test holds out 9 images, but the data set has a test part "
                        "of its own"));
}

TEST_F(Pictures, AnotherSetIsMatchedByTheNamesOfItsClasses) {
  write_mixed("set", {"train"});
  ASSERT_EQ(run_train("{dir: set, size: 18, classes: [bee, ant, Cat]}", "run").code, 0);
  EXPECT_THAT(read_safetensors(model("run")).metadata.at("classes"), "bee\nant\nCat\n");
  // One part only: all of it, and a class too few.
  fs::remove_all(temp_ / "set/train/ant");
  const CommandResult scored = run_eval("run", {"--json", "--data", (temp_ / "set").string()});
  ASSERT_EQ(scored.code, 0) << scored.err;
  EXPECT_EQ(json::parse(scored.out)["images"], 24);
  EXPECT_GT(json::parse(scored.out)["accuracy"], 0.9);
  EXPECT_EQ(run_eval("run", {"--data", (temp_ / "set").string(), "--split", "test"}).code, 3);

  write_bytes(temp_ / "one.csv", "file,label\nset/train/bee/1.png,bee\n");
  const CommandResult table = run_eval("run", {"--json", "--data", (temp_ / "one.csv").string()});
  ASSERT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(json::parse(table.out)["correct"], 1);

  fs::rename(temp_ / "set/train/bee", temp_ / "set/train/wasp");
  const CommandResult unknown = run_eval("run", {"--data", (temp_ / "set").string()});
  EXPECT_EQ(unknown.code, 3);
  EXPECT_THAT(unknown.err, HasSubstr("'wasp'"));
}

TEST_F(Pictures, WhatIsWrongEndsInOneMessage) {
  write_mixed("set", {"train"});
  const CommandResult sizes = run_train("{dir: set}", "run");
  EXPECT_EQ(sizes.code, 3);
  EXPECT_THAT(sizes.err, HasSubstr("sizes (width x height): "));
  write_bytes(temp_ / "set/train/ant/notes.txt", "text");
  const CommandResult broken = run_train("{dir: set, size: 18}", "run");
  EXPECT_EQ(broken.code, 3);
  EXPECT_THAT(broken.err, HasSubstr("1 of 37 files cannot be used\n  ant/notes.txt: "));
  EXPECT_FALSE(fs::exists(temp_ / "run"));
  const CommandResult skipped = run_train("{dir: set, size: 18, broken: skip}", "run");
  EXPECT_EQ(skipped.code, 0);
  EXPECT_THAT(skipped.err, HasSubstr("1 file is left out as broken\n  ant/notes.txt: "));
  EXPECT_THAT(skipped.err, HasSubstr("36 train"));

  write_pets("cifar", temp_ / "cifar", make_pets(3), make_pets(1));
  const CommandResult arrays = run_train("{dir: cifar, size: 18}", "other");
  EXPECT_EQ(arrays.code, 2);
  EXPECT_THAT(arrays.err, HasSubstr("are for picture files"));
  const CommandResult classes =
      run_train("{dir: set, size: 18, broken: skip, classes: [a, b, c]}", "other");
  EXPECT_EQ(classes.code, 2);
  EXPECT_THAT(classes.err, HasSubstr("data.classes lacks 'Cat'"));
}

TEST_F(Pictures, AClassWithoutPicturesCannotBeLearntButScored) {
  write_mixed("set", {"train"});
  ASSERT_EQ(run_train("{dir: set, size: 18}", "run").code, 0);
  for (int i = 0; i < 12; ++i) {
    fs::remove(temp_ / "set/train/ant" / (std::to_string(i) + ".png"));
  }
  const CommandResult refused = run_train("{dir: set, size: 18}", "other");
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("no picture is of the class 'ant'"));
  EXPECT_EQ(run_eval("run", {"--data", (temp_ / "set").string()}).code, 0);
}

TEST_F(Pictures, OfOneSizeAreTakenAsTheyStand) {
  // Digits in folders: many of them would be centred anew if somebody else had drawn them.
  Dataset drawn = read_dataset(CNN_DIGITS_DIR, DataPart::test);
  drawn.labels.resize(100);
  drawn.pixels.resize(100 * drawn.shape.size());
  std::rotate(drawn.pixels.begin(), drawn.pixels.begin() + 3, drawn.pixels.end());
  drawn.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  write_pets("folder", temp_ / "folder", drawn, drawn);
  write_pets("idx", temp_ / "idx", read_dataset(temp_ / "folder", DataPart::train), drawn);
  for (const char* format : {"folder", "idx"}) {
    const CommandResult trained =
        run_train("{dir: " + std::string(format) + "}", format, {"--set", "network.fc1.count=10"});
    ASSERT_EQ(trained.code, 0) << trained.err;
    ASSERT_EQ(run_eval(format, {"--split", "train"}).code, 0);
  }
  expect_same_model("folder", "idx");
  const std::vector<std::string> rows = probabilities();
  ASSERT_EQ(run_eval("folder", {"--split", "train"}).code, 0);
  EXPECT_EQ(probabilities(), rows);
}

TEST_F(Pictures, ADryRunSaysHowMuchMemoryTheSetTakes) {
  write_mixed("set", {"train"});
  const CommandResult result = run_train("{dir: set, size: 18}", "run", {"--dry-run"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("data: 36 images of 3x18x18 take 35.0 kB"));
}

}  // namespace
}  // namespace cnn
