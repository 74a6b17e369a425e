// cnn-predict --layer NAME --npy FILE.npy: what a layer makes of pictures, as an array of numpy.

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/cli.hpp"
#include "support/samples.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

// Of a digit.
std::string sample(std::size_t k) {
  return sample_pictures().at(k);
}

struct Array {
  std::string header;
  std::vector<float> values;
};

Array read_npy(const fs::path& path) {
  const std::string bytes = read_file(path, std::size_t{1} << 24);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t length = static_cast<unsigned char>(bytes.at(8)) +
                             256 * std::size_t{static_cast<unsigned char>(bytes.at(9))};
  EXPECT_EQ((10 + length) % 64, 0U);
  Array array{bytes.substr(10, length), {}};
  EXPECT_EQ(array.header.back(), '\n');
  array.values.resize((bytes.size() - 10 - length) / sizeof(float));
  std::memcpy(array.values.data(), bytes.data() + 10 + length, array.values.size() * sizeof(float));
  return array;
}

class Features : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    temp_ = new TempDir;
    ASSERT_EQ(train(*temp_ / "run", {"--set", "training.steps=1"}).code, 0);
  }
  static void TearDownTestSuite() { delete temp_; }

  static CommandResult predict(const std::string& layer, const fs::path& npy,
                               std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--model", (*temp_ / "run/model.safetensors").string(),
                                       "--layer", layer, "--npy", npy.string(), "--quiet"});
    return run_command("cnn-predict", arguments);
  }

  static inline TempDir* temp_ = nullptr;
  TempDir directory_;
};

TEST_F(Features, OfTheLastLayerAreWhatTheProbabilitiesCameFrom) {
  const fs::path broken = directory_ / "broken.png";
  write_file(broken, "no picture");
  const CommandResult result = predict("fc2", directory_ / "f.npy",
                                       {sample(0), broken.string(), sample(2), "--all", "--json"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(read_file(directory_ / "f.txt", 10000), sample(0) + "\n" + sample(2) + "\n");
  const Array array = read_npy(directory_ / "f.npy");
  EXPECT_THAT(array.header,
              HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 10, ), }"));
  ASSERT_EQ(array.values.size(), 20U);
  const json answers = json::parse(result.out);
  for (std::size_t i = 0; i < 2; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < 10; ++k) sum += std::exp(double{array.values[10 * i + k]});
    for (const json& found : answers[i]["top"]) {
      const std::size_t k = std::stoul(found["class"].get<std::string>());
      EXPECT_NEAR(std::exp(array.values[10 * i + k]) / sum, found["probability"].get<double>(),
                  1e-6);
    }
  }
}

TEST_F(Features, OfMapsHaveFourExtents) {
  const CommandResult result = predict("conv1", directory_ / "f.npy", {sample(1)});
  ASSERT_EQ(result.code, 0) << result.err;
  const Array array = read_npy(directory_ / "f.npy");
  EXPECT_THAT(array.header, HasSubstr("'shape': (1, "));
  EXPECT_EQ(std::count(array.header.begin(), array.header.end(), ','), 7) << array.header;
}

TEST_F(Features, NamesAreWholeHoweverLongTheyAre) {
  const std::string beginning = directory_.path().string() + "/" + std::string(200, 'n');
  std::string names;
  std::vector<std::string> pictures;
  for (const char* end : {"1.png", "2.png"}) {
    pictures.push_back(beginning + end);
    names += pictures.back() + "\n";
    fs::copy_file(sample(0), pictures.back());
  }
  ASSERT_EQ(predict("fc2", directory_ / "f.npy", pictures).code, 0);
  EXPECT_EQ(read_file(directory_ / "f.txt", 10000), names);
}

TEST_F(Features, MistakesAreSaidBeforeAnythingIsDone) {
  const CommandResult layer = predict("fc9", directory_ / "f.npy", {sample(1)});
  EXPECT_EQ(layer.code, 2);
  EXPECT_THAT(layer.err, HasSubstr("has no layer 'fc9'\n  did you mean 'fc"));
  EXPECT_EQ(predict("fc2", directory_ / "f.bin", {sample(1)}).code, 2);
  write_file(directory_ / "f.txt", "mine");
  EXPECT_EQ(predict("fc2", directory_ / "f.npy", {sample(1)}).code, 2);
  write_file(directory_ / "g.npy", "mine");
  EXPECT_EQ(predict("fc2", directory_ / "g.npy", {sample(1)}).code, 2);
  EXPECT_EQ(read_file(directory_ / "f.txt", 10), "mine");
  EXPECT_EQ(run_command("cnn-predict", {"--model", "m", "--layer", "fc2", "x.png"}).code, 2);
}

}  // namespace
}  // namespace cnn
