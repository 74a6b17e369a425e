// cnn-import: what it writes, checks and refuses; a way there and back.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/cli.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

std::string bytes_of(const std::filesystem::path& path) {
  return read_file(path, std::size_t{1} << 30);
}

CommandResult export_model(const std::filesystem::path& model, const std::filesystem::path& out) {
  return run_command("cnn-export", {"--model", model.string(), "--out", out.string()});
}

CommandResult import_model(const std::filesystem::path& onnx, const std::filesystem::path& out) {
  return run_command("cnn-import", {onnx.string(), "--out", out.string()});
}

TEST(Import, OfAnExportScoresTheSameTrainsAndIsAFixedPoint) {
  const TempDir directory;
  ASSERT_EQ(train(directory / "run", {}).code, 0);
  const auto model = directory / "run" / "model.safetensors";
  ASSERT_EQ(export_model(model, directory / "a.onnx").code, 0);
  const CommandResult imported = import_model(directory / "a.onnx", directory / "a.yaml");
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("cnn-train --config"));
  ASSERT_EQ(export_model(directory / "a.safetensors", directory / "b.onnx").code, 0);
  ASSERT_EQ(import_model(directory / "b.onnx", directory / "b.yaml").code, 0);
  EXPECT_EQ(bytes_of(directory / "a.yaml"), bytes_of(directory / "b.yaml"));
  EXPECT_EQ(bytes_of(directory / "a.safetensors"), bytes_of(directory / "b.safetensors"));

  const auto score = [&](const std::filesystem::path& file, const char* out) {
    const CommandResult result =
        run_command("cnn-eval", {"--model", file.string(), "--data", CNN_DIGITS_DIR, "--out",
                                 (directory / out).string(), "--quiet"});
    EXPECT_EQ(result.code, 0) << result.err;
    return bytes_of(directory / out / "confusion.csv");
  };
  EXPECT_EQ(score(model, "first"), score(directory / "b.safetensors", "second"));

  const CommandResult trained = run_command(
      "cnn-train", {"--config", (directory / "a.yaml").string(), "--weights",
                    (directory / "a.safetensors").string(), "--data", CNN_DIGITS_DIR, "--out",
                    (directory / "again").string(), "--set", "training.steps=3"});
  EXPECT_EQ(trained.code, 0) << trained.err;
}

TEST(Import, KeepsTheNamesOfTheClassesAndNoPlaceOfData) {
  const TempDir directory;
  ASSERT_EQ(train(directory / "run", {"--set", "data.classes=[nil,b,c,d,e,f,g,h,i,\"j: k\"]",
                                      "--set", "training.steps=1"})
                .code,
            0);
  ASSERT_EQ(export_model(directory / "run" / "model.safetensors", directory / "a.onnx").code, 0);
  EXPECT_EQ(bytes_of(directory / "a.onnx").find(CNN_DIGITS_DIR), std::string::npos);
  ASSERT_EQ(import_model(directory / "a.onnx", directory / "a.yaml").code, 0);
  const std::string yaml = bytes_of(directory / "a.yaml");
  EXPECT_THAT(yaml, HasSubstr("classes: [\"nil\", \"b\","));
  EXPECT_THAT(yaml, HasSubstr("\"j: k\"]"));
  EXPECT_EQ(yaml.find("size:"), std::string::npos);  // arrays have theirs
  EXPECT_EQ(yaml.find("dir:"), std::string::npos);
  const std::string config = (directory / "a.yaml").string();
  const CommandResult without = run_command("cnn-train", {"--config", config, "--dry-run"});
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(without.err, HasSubstr("data needs 'dir'"));
  EXPECT_EQ(
      run_command("cnn-train", {"--config", config, "--data", CNN_DIGITS_DIR, "--dry-run"}).code,
      0);
}

TEST(Import, RefusesWhatIsNoModelAndReplacesNothingOfAnotherKind) {
  const TempDir directory;
  write_file(directory / "a.onnx", "no model");
  const CommandResult broken = run_command("cnn-import", {(directory / "a.onnx").string()});
  EXPECT_EQ(broken.code, 3);
  EXPECT_THAT(broken.err, HasSubstr("is no ONNX file"));
  write_file(directory / "a.yaml", "name: mine\n");
  const CommandResult other = run_command("cnn-import", {(directory / "a.onnx").string()});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("is there already and is no configuration of cnn-import"));
  EXPECT_EQ(run_command("cnn-import", {}).code, 2);
  EXPECT_EQ(run_command("cnn-import", {"nowhere.onnx"}).code, 3);
}

// A graph of one Relu, and tensors as the tests of ONNX have them, written by hand.
TEST(Import, ChecksWhatTheGraphShouldGive) {
  using namespace std::string_literals;
  const TempDir directory;
  const std::string shape = "\x12\x0E\x0A\x0C\x08\x01\x12\x08\x0A\x02\x08\x01\x0A\x02\x08\x02"s;
  const std::string node = "\x0A\x0C\x0A\x01x\x12\x01y\x22\x04Relu"s;
  const std::string graph =
      node + "\x12\x01g\x5A\x13\x0A\x01x"s + shape + "\x62\x13\x0A\x01y"s + shape;
  write_file(directory / "a.onnx",
             "\x08\x08\x3A"s + static_cast<char>(graph.size()) + graph + "\x42\x02\x10\x0D"s);
  const auto tensor = [](const std::string& numbers) {
    return "\x08\x01\x08\x02\x10\x01\x4A\x08"s + numbers;
  };
  write_file(directory / "input_0.pb", tensor("\x00\x00\x80\x3F\x00\x00\x80\xBF"s));
  write_file(directory / "output_0.pb", tensor("\x00\x00\x80\x3F\x00\x00\x00\x00"s));
  const std::vector<std::string> arguments = {(directory / "a.onnx").string(), "--check",
                                              directory.path().string()};
  const CommandResult right = run_command("cnn-import", arguments);
  EXPECT_EQ(right.code, 0) << right.err;
  EXPECT_THAT(right.out, HasSubstr("largest difference 0 of 2 numbers"));
  EXPECT_FALSE(std::filesystem::exists(directory / "a.yaml"));
  write_file(directory / "output_0.pb", tensor("\x00\x00\x80\x3F\x00\x00\x80\x3F"s));
  EXPECT_EQ(run_command("cnn-import", arguments).code, 1);
}

}  // namespace
}  // namespace cnn
