#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/classifier.hpp"
#include "cnn/cnn.h"

#include "base/file.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

class CApi : public testing::Test {
 protected:
  void SetUp() override {
    const TinyRun run(tiny_config("  epochs: 1\n"), directory_.path(), 1);
    save_model(path_, run.info, run.network);
    write_png(picture_, {{1, 8, 8}, drawing()});
    classifier_ = cnn_load(path_.c_str(), error_.data(), error_.size());
  }
  void TearDown() override { cnn_free(classifier_); }

  static std::vector<std::uint8_t> drawing() {
    std::vector<std::uint8_t> pixels(64);
    for (std::size_t i = 18; i < 46; i += 3) pixels[i] = 255;
    return pixels;
  }
  std::string message() const { return error_.data(); }
  int classify(const std::string& bytes, std::vector<float>& probabilities) {
    return cnn_classify_file_bytes(classifier_, bytes.data(), bytes.size(), probabilities.data(),
                                   probabilities.size(), error_.data(), error_.size());
  }

  TempDir directory_;
  std::filesystem::path path_ = directory_.path() / "m.safetensors";
  std::filesystem::path picture_ = directory_.path() / "p.png";
  std::array<char, 200> error_{};
  cnn_classifier* classifier_ = nullptr;
};

TEST_F(CApi, AnswersAsTheClassifierDoes) {
  ASSERT_NE(classifier_, nullptr) << message();
  Classifier classifier(path_);
  ASSERT_EQ(cnn_class_count(classifier_), classifier.classes().size());
  for (std::size_t k = 0; k < classifier.classes().size(); ++k) {
    EXPECT_EQ(cnn_class_name(classifier_, k), classifier.classes()[k]);
  }
  std::vector<float> probabilities(cnn_class_count(classifier_));
  ASSERT_EQ(classify(read_file(picture_, 1000), probabilities), 0) << message();
  EXPECT_EQ(message(), "");
  const Classification found = classifier.classify(read_image(picture_));
  ASSERT_EQ(found.probabilities.size(), probabilities.size());
  for (std::size_t k = 0; k < probabilities.size(); ++k) {
    EXPECT_EQ(probabilities[k], static_cast<float>(found.probabilities[k]));
  }
}

TEST_F(CApi, MistakesHaveTheCommandsCodesAndAssignNothing) {
  std::vector<float> probabilities(4, 0.25F);
  EXPECT_EQ(classify("no picture", probabilities), 3);
  EXPECT_TRUE(message().starts_with("the picture: error: ")) << message();
  EXPECT_EQ(classify("", probabilities), 3);
  std::vector<float> few(3);
  EXPECT_EQ(classify(read_file(picture_, 1000), few), 2);
  EXPECT_EQ(cnn_classify_file_bytes(nullptr, "x", 1, few.data(), 3, nullptr, 0), 2);
  EXPECT_EQ(cnn_classify_file_bytes(classifier_, "x", 1, nullptr, 4, nullptr, 0), 2);
  EXPECT_EQ(cnn_classify_file_bytes(classifier_, nullptr, 1, few.data(), 4, nullptr, 0), 2);
  EXPECT_EQ(probabilities, std::vector<float>(4, 0.25F));
  EXPECT_EQ(cnn_class_name(classifier_, 4), nullptr);
  EXPECT_EQ(cnn_class_count(nullptr), 0U);
  EXPECT_EQ(cnn_class_name(nullptr, 0), nullptr);
}

TEST_F(CApi, AModelThatIsNoneSaysWhy) {
  EXPECT_EQ(cnn_load(picture_.c_str(), error_.data(), error_.size()), nullptr);
  EXPECT_TRUE(message().starts_with(directory_.path().string().substr(0, 20))) << message();
  EXPECT_EQ(cnn_load(nullptr, nullptr, 0), nullptr);
}

TEST_F(CApi, AMessageIsCutToItsRoomBetweenCharacters) {
  const std::string place = directory_.path().string() + "/ü.png";
  for (std::size_t room = 1; room < 150; ++room) {
    std::string error(room, 'x');
    EXPECT_EQ(cnn_load(place.c_str(), error.data(), room), nullptr);
    const std::string text = error.c_str();
    EXPECT_LT(text.size(), room);
    EXPECT_NE(text.empty() ? '\0' : text.back(), '\xC3') << room;
  }
}

}  // namespace
}  // namespace cnn
