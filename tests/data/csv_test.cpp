#include "data/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cnn {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// The header and all rows.
Rows rows(std::string_view text) {
  CsvReader reader(text);
  Rows rows = {reader.header()};
  for (std::vector<std::string> row; reader.next(row);) rows.push_back(row);
  return rows;
}

// "3: message"
std::string fault(std::string_view text) {
  try {
    rows(text);
  } catch (const CsvError& error) {
    return std::to_string(error.line) + ": " + error.what();
  }
  return "";
}

TEST(Csv, ReadsEverySeparatorAndLineEnd) {
  const Rows expected = {{"a", "b"}, {"1", "2"}, {"", "x y"}};
  for (const char* text : {"a,b\n1,2\n,x y\n", "a;b\r\n1;2\r\n;x y", "a\tb\r1\t2\r\tx y\r",
                           "\xEF\xBB\xBF"
                           "a,b\n1,2\n\n\n,x y"}) {
    EXPECT_EQ(rows(text), expected) << text;
  }
  EXPECT_EQ(rows("file\nx\n"), (Rows{{"file"}, {"x"}}));
}

TEST(Csv, QuotesHoldAnything) {
  EXPECT_EQ(rows("\"a;;;\",b\n\"x,\"\"y\"\"\r\nz\",\"\"\n"),
            (Rows{{"a;;;", "b"}, {"x,\"y\"\r\nz", ""}}));
}

TEST(Csv, SaysWhatIsWrongInWhichLine) {
  EXPECT_THAT(fault(""), testing::StartsWith("1: is empty"));
  EXPECT_THAT(fault("a,b\n1,2\n3\n"), testing::StartsWith("3: has 1 fields, the header has 2"));
  EXPECT_THAT(fault("a,b\n\"x\n\",2\n3,4,5"), testing::StartsWith("4: has 3 fields"));
  EXPECT_THAT(fault("a,b\n1,\"2\n3,4\n"), testing::StartsWith("2: the quote that opens here"));
  EXPECT_THAT(fault("a,b\n1,x\"2\n"), testing::StartsWith("2: a quote stands within"));
  EXPECT_THAT(fault("a,b\n1,\"2\"3\n"), testing::StartsWith("2: something follows the quote"));
  EXPECT_THAT(fault(std::string_view("a,b\n1,\0\n", 8)),
              testing::StartsWith("2: holds a zero byte"));
  EXPECT_THAT(fault("\xFF\xFE"
                    "a"),
              testing::StartsWith("1: is UTF-16"));
}

}  // namespace
}  // namespace cnn
