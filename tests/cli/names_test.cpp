// Names are data: whatever stands in the names of files and in values, no command lets a terminal
// or a log obey it, and a name that is not UTF-8 text works like any other.

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/image.hpp"

#include "base/text.hpp"
#include "support/cli.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

// Clears a screen, rings, is not UTF-8, holds a C1 control, turns the direction of text, and begins
// a line of its own.
const std::string kHostile = "n\x1b[2J\x07\xff\xc2\x9b\u202e\x7f\nforged line\r";

// A directory of that name with data, a configuration, a run, and broken files.
class Names : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(home_ / "data");
    write_dataset(home_ / "data", DataPart::train, make_dataset({1, 8, 8}, 60, 4));
    const Dataset test = make_dataset({1, 8, 8}, 12, 4, 2);
    write_dataset(home_ / "data", DataPart::test, test);
    write_file(home_ / "run.yaml",
               "data: {dir: data, validation: 8}\nnetwork: [{fc: {count: 4}}]\n"
               "training: {steps: 3, batch: 10}\noutput: {dir: run}\n");
    write_file(home_ / "broken.yaml",
               "data: {dir: data, \"k\\e[2J\": 1}\nnetwork: [{fc: {count: \"\\e[2J\\nforged\"}}]\n"
               "training: {schedule: {policy: \"\\u202e\"}}\n");
    const auto pixels = test.image(0);
    write_png(home_ / "p.png", {test.shape, {pixels.begin(), pixels.end()}});
    ASSERT_EQ(check("cnn-train", {"--config", at("run.yaml")}, 0).code, 0);
  }

  std::string at(const std::string& name) const { return (home_ / name).string(); }
  std::string model() const { return at("run/model.safetensors"); }

  // Runs a command that must end with that code, and looks at what it writes to both streams.
  CommandResult check(const std::string& command, const std::vector<std::string>& arguments,
                      int code) {
    const CommandResult result = run_command(command, arguments);
    const std::string title = command + " " + shown(join(arguments, " "), 2000);
    EXPECT_EQ(result.code, code) << title << "\n" << result.err;
    expect_harmless(result.out, title);
    expect_harmless(result.err, title);
    return result;
  }

  static void expect_harmless(const std::string& text, const std::string& title) {
    EXPECT_EQ(text, shown_lines(text)) << title;
    EXPECT_EQ(text.find("\nforged"), std::string::npos) << title;
  }

  const TempDir temp_;
  const fs::path home_ = temp_ / kHostile;
};

TEST_F(Names, OfFilesAreShownWithEscapesByCnnTrain) {
  const std::vector<std::string> run = {"--config", at("run.yaml")};
  const auto expect = [&](std::vector<std::string> more, int code) {
    more.insert(more.begin(), run.begin(), run.end());
    check("cnn-train", more, code);
  };
  expect({}, 2);
  expect({"--resume"}, 0);
  expect({"--overwrite", "--verbose"}, 0);
  expect({"--data", at("data"), "--out", at("other"), "--verbose"}, 0);
  expect({"--weights", model(), "--out", at("third")}, 0);
  expect({"--print-config"}, 0);
  expect({"--dry-run"}, 0);
  expect({"--check-gradients"}, 0);
  expect({"--seeds", "1-2", "--out", at("sweep")}, 0);
  expect({"--data", at("none")}, 3);
  expect({"--data", at("run")}, 3);
  expect({"--out", at("run.yaml")}, 2);
  expect({"--out", at("fourth"), "--weights", at("none")}, 3);
  expect({"--out", at("fourth"), "--weights", at("run.yaml")}, 3);
  expect({"--resume", at("none")}, 3);
  expect({"--resume", model()}, 3);
  expect({"--preview", at("none/p.png")}, 3);
  expect({"--out", at("fourth"), "--set", "training.alpha=1e18", "--set", "loss=euclidean"}, 4);
  expect({"--set", "training.alpha=" + kHostile}, 2);
  expect({"--set", kHostile + "=1"}, 2);
  expect({"--set", "name=" + kHostile}, 2);
  expect({"--threads", kHostile}, 2);
  expect({"--" + kHostile}, 2);
  check("cnn-train", {"--config", at("none.yaml")}, 2);
  check("cnn-train", {"--config", at("broken.yaml")}, 2);
  check("cnn-train", {"--config", at("p.png")}, 2);
  check("cnn-train", {"--config", home_.string()}, 2);
}

TEST_F(Names, OfFilesAreShownWithEscapesByCnnEval) {
  EXPECT_THAT(check("cnn-eval", {"--model", model()}, 0).out, HasSubstr("\\xff"));
  check("cnn-eval", {"--model", model(), "--model", model()}, 0);
  check("cnn-eval", {"--model", model(), "--json", "--out", at("scores")}, 0);
  check("cnn-eval", {"--model", model(), "--out", at("run.yaml")}, 2);
  check("cnn-eval", {"--model", model(), "--data", at("none")}, 3);
  check("cnn-eval", {"--model", model(), "--split", kHostile}, 2);
  check("cnn-eval", {"--model", model(), "--threads", kHostile}, 2);
  check("cnn-eval", {"--model", at("none")}, 3);
  check("cnn-eval", {"--model", at("run.yaml")}, 3);
}

TEST_F(Names, OfFilesAreShownWithEscapesByCnnPredict) {
  EXPECT_THAT(check("cnn-predict", {"--model", model(), at("p.png")}, 0).out, HasSubstr("\\xff"));
  check("cnn-predict", {"--model", model(), at("p.png"), at("none")}, 3);
  check("cnn-predict", {"--model", model(), at("run.yaml")}, 3);
  check("cnn-predict", {"--model", model(), home_.string()}, 0);
  check("cnn-predict", {"--model", at("none"), at("p.png")}, 3);
  check("cnn-predict", {"--model", model(), at("p.png"), "--top", kHostile}, 2);
  const CommandResult result = check("cnn-predict", {"--model", model(), "--json", at("p.png")}, 0);
  // The name itself, but for the byte that no JSON can hold.
  EXPECT_EQ(json::parse(result.out)[0]["file"], as_utf8(at("p.png")));
}

TEST_F(Names, OfFilesAreShownWithEscapesByCnnBench) {
  check("cnn-bench", {"--config", at("run.yaml"), "--seconds", "0.01"}, 0);
  check("cnn-bench", {"--config", at("run.yaml"), "--seconds", "0.01", "--json"}, 0);
  check("cnn-bench", {"--config", at("none.yaml")}, 2);
  check("cnn-bench", {"--config", at("broken.yaml")}, 2);
}

// The log, the configuration and the tables of a run.
TEST_F(Names, OfFilesAreEscapedInWhatARunLeavesBehind) {
  check("cnn-eval", {"--model", model(), "--out", at("run")}, 0);
  for (const char* name :
       {"train.log", "config.yaml", "metrics.csv", "predictions.csv", "confusion.csv"}) {
    const std::string text = slurp(home_ / "run" / name);
    EXPECT_FALSE(text.empty()) << name;
    expect_harmless(text, name);
  }
}

// The stored configuration names the directories of the run, byte for byte.
TEST_F(Names, ThatAreNotUtf8ComeBackFromTheStoredConfiguration) {
  check("cnn-train", {"--config", at("run/config.yaml"), "--resume", "--set", "training.steps=6"},
        0);
  EXPECT_THAT(slurp(home_ / "run" / "metrics.csv"), HasSubstr("\n1,6,"));
  EXPECT_THAT(check("cnn-eval", {"--model", model()}, 0).out, HasSubstr(": 12 images"));
  EXPECT_FALSE(fs::exists(home_ / "run" / "run"));
}

// A current directory that has been deleted: only what is relative to it cannot be found.
TEST_F(Names, ThatAreAbsoluteNeedNoCurrentDirectory) {
  const auto in_deleted_directory = [&](const std::string& command,
                                        std::vector<std::string> arguments) {
    const std::string directory = (temp_ / "gone").string();
    arguments.insert(arguments.begin(),
                     {"-c", "mkdir \"$0\" && cd \"$0\" && rmdir \"$0\" && exec \"$@\"", directory,
                      command_path(command).string()});
    return run_command("/bin/sh", arguments);
  };
  const auto expect = [&](const std::string& command, const std::vector<std::string>& arguments,
                          int code) {
    const CommandResult result = in_deleted_directory(command, arguments);
    EXPECT_EQ(result.code, code) << command << "\n" << result.err;
    return result;
  };
  expect("cnn-train", {"--config", at("run.yaml"), "--overwrite"}, 0);
  expect("cnn-train", {"--config", at("run.yaml"), "--data", at("data"), "--out", at("b")}, 0);
  expect("cnn-train", {"--config", at("run.yaml"), "--resume"}, 0);
  expect("cnn-eval", {"--model", model()}, 0);
  expect("cnn-eval", {"--model", model(), "--data", at("data"), "--out", at("scores")}, 0);
  expect("cnn-predict", {"--model", model(), at("p.png")}, 0);
  expect("cnn-bench", {"--config", at("run.yaml"), "--seconds", "0.01"}, 0);

  expect("cnn-train", {"--config", "run.yaml"}, 2);
  EXPECT_THAT(expect("cnn-train", {"--config", at("run.yaml"), "--out", "c"}, 2).err,
              HasSubstr("c: error: is relative to the current directory"));
  EXPECT_THAT(expect("cnn-eval", {"--model", model(), "--data", "d"}, 3).err,
              HasSubstr("d: error: is relative to the current directory"));
  expect("cnn-eval", {"--model", "m.safetensors"}, 3);
  expect("cnn-predict", {"--model", model(), "p.png"}, 3);
}

}  // namespace
}  // namespace cnn
