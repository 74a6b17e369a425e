// cnn-export: what it prints, writes and refuses.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/cli.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;
using testing::Not;

class Export : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TempDir;
    ASSERT_EQ(train(run(), {}).code, 0);
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::filesystem::path run() { return *directory_ / "run"; }
  static std::string model() { return (run() / "model.safetensors").string(); }

  static CommandResult export_model(const std::vector<std::string>& more) {
    std::vector<std::string> words = {"--model", model()};
    words.insert(words.end(), more.begin(), more.end());
    return run_command("cnn-export", words);
  }
  static std::string bytes_of(const std::filesystem::path& path) {
    return read_file(path, std::size_t{1} << 30);
  }

  static TempDir* directory_;
};

TempDir* Export::directory_ = nullptr;

TEST_F(Export, WritesBesideTheModelAndSaysHowToUseIt) {
  const CommandResult result = export_model({});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(std::filesystem::exists(run() / "model.onnx"));
  EXPECT_THAT(result.out, HasSubstr("opset 13, IR 8"));
  EXPECT_THAT(result.out, HasSubstr("input   image          uint8  [batch, 1, 28, 28]"));
  EXPECT_THAT(result.out, HasSubstr("output  probabilities  float  [batch, 10]"));
  EXPECT_THAT(result.out, Not(HasSubstr("logits")));
  EXPECT_THAT(result.out, HasSubstr("onnxruntime.InferenceSession("));
  EXPECT_THAT(result.out, HasSubstr("new ort.Tensor(\"uint8\", pixels, [batch, 1, 28, 28])"));
}

TEST_F(Export, WritesTheSameBytesEachTime) {
  const auto a = *directory_ / "a.onnx";
  ASSERT_EQ(export_model({"--out", a.string()}).code, 0);
  const std::string first = bytes_of(a);
  EXPECT_EQ(export_model({"--out", a.string()}).code, 0);
  EXPECT_EQ(bytes_of(a), first);
}

TEST_F(Export, CarriesNamesAndMeaningOfThePixels) {
  const auto file = *directory_ / "metadata.onnx";
  ASSERT_EQ(export_model({"--out", file.string()}).code, 0);
  const std::string bytes = bytes_of(file);
  for (const char* text :
       {"{\"0\": \"0\", \"1\": \"1\"", "[28, 28]", "classify", "Gray8", "NominalRange_0_255",
        "cnn.config", "cnn.version", "conv1.weight", "probabilities"}) {
    EXPECT_NE(bytes.find(text), std::string::npos) << text;
  }
}

TEST_F(Export, OfferTheNetworkAloneAndItsOutputs) {
  const std::string out = (*directory_ / "b.onnx").string();
  EXPECT_THAT(export_model({"--out", out, "--logits", "--input", "float", "--batch", "2"}).out,
              testing::AllOf(HasSubstr("image          float  [2, 1, 28, 28]"),
                             HasSubstr("logits         float  [2, 10]")));
  const CommandResult raw = export_model({"--out", out, "--raw"});
  EXPECT_THAT(raw.out, HasSubstr("input   x              float  [batch, 1, 28, 28]"));
  EXPECT_THAT(raw.out, Not(HasSubstr("probabilities")));
  EXPECT_EQ(bytes_of(out).find("Cast"), std::string::npos);
}

TEST_F(Export, RefusesWhatCannotBe) {
  EXPECT_EQ(export_model({"--raw", "--logits"}).code, 2);
  EXPECT_EQ(export_model({"--raw", "--input", "float"}).code, 2);
  EXPECT_EQ(export_model({"--input", "int8"}).code, 2);
  EXPECT_EQ(export_model({"--batch", "0"}).code, 2);
  EXPECT_EQ(run_command("cnn-export", {}).code, 2);
  EXPECT_EQ(run_command("cnn-export", {"--model", "nowhere.safetensors"}).code, 3);
}

TEST_F(Export, ReplacesNothingButAModelOfItsKind) {
  const std::string before = bytes_of(model());
  const CommandResult result = export_model({"--out", model()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("is there already and is no ONNX model"));
  EXPECT_EQ(bytes_of(model()), before);
}

}  // namespace
}  // namespace cnn
