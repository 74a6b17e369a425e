// The pictures of data/shapes: all are there, our own decoder reads them, and they stay small.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "cnn/image.hpp"

#include "data/image/decode.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

const fs::path kShapes = fs::path(CNN_SOURCE_DIR) / "data" / "shapes";
const std::set<std::string> kClasses = {"arrow", "bolt",  "circle", "crescent", "cross",
                                        "drop",  "heart", "square", "star",     "triangle"};

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

TEST(Shapes, AreCompleteAndSmall) {
  EXPECT_EQ(names_in(kShapes), (std::set<std::string>{"test", "train"}));
  std::uintmax_t bytes = 0;
  for (const auto& [part, count] : {std::pair{"train", 80U}, {"test", 20U}}) {
    EXPECT_EQ(names_in(kShapes / part), kClasses);
    for (const std::string& label : kClasses) {
      EXPECT_EQ(names_in(kShapes / part / label).size(), count) << part << "/" << label;
      for (const auto& entry : fs::directory_iterator(kShapes / part / label)) {
        bytes += entry.file_size();
      }
    }
  }
  EXPECT_LT(bytes, 1'000'000U);
}

// In colour, of many sizes and both formats, in each class.
TEST(Shapes, AreReadByTheDecoder) {
  for (const char* part : {"train", "test"}) {
    std::set<int> widths;
    for (const std::string& label : kClasses) {
      std::set<std::string> formats;
      for (const auto& entry : fs::directory_iterator(kShapes / part / label)) {
        SCOPED_TRACE(entry.path().string());
        const Image image = read_image(entry.path());
        ASSERT_EQ(image.shape.channels, 3);
        EXPECT_FALSE(is_gray(image));
        for (const int side : {image.shape.height, image.shape.width}) {
          EXPECT_GE(side, 24);
          EXPECT_LE(side, 56);
        }
        widths.insert(image.shape.width);
        formats.insert(entry.path().extension().string());
      }
      EXPECT_EQ(formats, (std::set<std::string>{".jpg", ".png"})) << label;
    }
    EXPECT_GE(widths.size(), 30U);
  }
}

}  // namespace
}  // namespace cnn
