#include "config/path_bytes.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "support/draw.hpp"

namespace cnn {
namespace {

TEST(PathBytes, LeaveUtf8Alone) {
  for (const char* name : {"", "data/mnist", "größer/日本", "a\x1b[2J", "\\xff"}) {
    EXPECT_EQ(path_to_yaml(name), name);
    EXPECT_EQ(path_from_yaml(name), name);
  }
}

TEST(PathBytes, AreCharactersOfABlockOfTheirOwn) {
  EXPECT_EQ(path_to_yaml("a\xff"
                         "b\x80"),
            "a\U0010FEFF"
            "b\U0010FE80");
  EXPECT_EQ(path_from_yaml("a\U0010FEFF"
                           "b\U0010FE80"),
            "a\xff"
            "b\x80");
  // The block's own neighbours are characters like others.
  EXPECT_EQ(path_from_yaml("\U0010FE7F\U0010FF00"), "\U0010FE7F\U0010FF00");
}

TEST(PathBytes, ComeBackWhateverTheyAre) {
  Draw draw(1);
  for (int i = 0; i < 2000; ++i) {
    // Mostly the bytes that such characters are made of.
    std::string name;
    for (int n = draw.integer(1, 12); n > 0; --n) {
      const bool any = draw.integer(0, 3) == 0;
      name += any ? static_cast<char>(draw.integer(1, 255))
                  : "\xF4\x8F\xBA\xBB\x80\xBF"[draw.integer(0, 5)];
    }
    const std::string text = path_to_yaml(name);
    EXPECT_TRUE(is_utf8(text));
    EXPECT_EQ(path_from_yaml(text), name);
  }
  const std::string own = "\U0010FEFF";
  EXPECT_EQ(path_from_yaml(path_to_yaml(own)), own);
}

}  // namespace
}  // namespace cnn
