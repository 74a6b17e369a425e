#include "base/text.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

namespace cnn {
namespace {

TEST(NumberText, LooksAsPeopleWriteNumbers) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(0.01), "0.01");
  EXPECT_EQ(number_text(0.00390625), "0.00390625");
  EXPECT_EQ(number_text(0.0001), "0.0001");
  EXPECT_EQ(number_text(-65536), "-65536");
  EXPECT_EQ(number_text(1e-7), "1e-07");
  EXPECT_EQ(number_text(1e300), "1e+300");
}

TEST(NumberText, ReadsBackAsTheSameNumber) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double value =
        std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 200) - 150);
    EXPECT_EQ(std::strtod(number_text(value).c_str(), nullptr), value);
  }
}

TEST(RoundedText, HasThreeSignificantDigits) {
  EXPECT_EQ(rounded_text(0.0355 / 10), "0.00355");
  EXPECT_EQ(rounded_text(0.1), "0.1");
  EXPECT_EQ(rounded_text(0), "0");
  EXPECT_EQ(rounded_text(-2.0 / 3), "-0.667");
  EXPECT_EQ(rounded_text(9.999), "10");
  EXPECT_EQ(rounded_text(12345.67), "12300");
  EXPECT_EQ(rounded_text(1.23456e-9), "1.23e-09");
  EXPECT_EQ(rounded_text(1.7976931348623157e308), number_text(1.7976931348623157e308));
}

TEST(FirstCharacter, DecodesUtf8) {
  EXPECT_EQ(first_character("a").code, U'a');
  EXPECT_EQ(first_character("λx").code, U'λ');
  EXPECT_EQ(first_character("日本").code, U'日');
  EXPECT_EQ(first_character("😀").bytes, 4U);
}

TEST(FirstCharacter, RefusesWhatIsNotUtf8) {
  // A continuation alone, overlong forms, a surrogate, beyond U+10FFFF, truncated sequences.
  for (const char* text : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\xE6\x97", "\xC3", "\xC3(", "\xFF"}) {
    const Character c = first_character(text);
    EXPECT_FALSE(c.valid) << shown(text);
    EXPECT_EQ(c.bytes, 1U);
    EXPECT_FALSE(is_utf8(text));
  }
  EXPECT_TRUE(is_utf8("plain, λ, 日本, 😀"));
}

TEST(CountCharacters, CountsCodePoints) {
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(count_characters("añ日😀"), 4U);
}

TEST(IsWord, TakesLettersDigitsAndTheMarksGiven) {
  EXPECT_TRUE(is_word("conv_1", "_-"));
  EXPECT_FALSE(is_word("conv.1", "_-"));
  EXPECT_FALSE(is_word("", "_"));
  EXPECT_FALSE(is_word("é", "_"));
}

TEST(Shown, EscapesWhatATerminalMustNotSee) {
  EXPECT_EQ(shown("a\x1b[31m\n\xff\xe2\x80\xa8"), "a\\x1b[31m\\x0a\\xff\\u2028");
  EXPECT_EQ(shown(std::string(61, 'x')), std::string(60, 'x') + "…");
  EXPECT_EQ(shown("\x7f\xc2\x9b\u202e\u2066"), "\\x7f\\u009b\\u202e\\u2066");
}

TEST(ShownLines, KeepsLineEndsAlone) {
  EXPECT_EQ(shown_lines(""), "");
  EXPECT_EQ(shown_lines("one\ntwo, λ\n"), "one\ntwo, λ\n");
  EXPECT_EQ(shown_lines("\x1b[2J\none\r\xff\n"), "\\x1b[2J\none\\x0d\\xff\n");
}

TEST(WriteLines, WritesTheSame) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  all += "λ\u2028 größer\u202e\n\xe2\x80";
  std::array<char, 4096> written{};
  std::FILE* const stream = fmemopen(written.data(), written.size(), "w");
  ASSERT_NE(stream, nullptr);
  write_lines(stream, all);
  ASSERT_EQ(std::fclose(stream), 0);
  EXPECT_EQ(written.data(), shown_lines(all));
}

TEST(ShownJson, SaysTheSameInEscapesOfItsOwn) {
  EXPECT_EQ(shown_json("{\n  \"a\": \"λ\"\n}"), "{\n  \"a\": \"λ\"\n}");
  EXPECT_EQ(shown_json("\"\x7f\xc2\x9b\u202e\""), "\"\\u007f\\u009b\\u202e\"");
}

TEST(AsUtf8, EscapesBrokenBytesAlone) {
  EXPECT_EQ(as_utf8("a\xff λ\x1b\xc2"), "a\\xff λ\x1b\\xc2");
  EXPECT_EQ(in_quotes("λ"), "'λ'");
}

TEST(DisplayWidth, KnowsWideAndCombiningCharacters) {
  EXPECT_EQ(display_width(U'a'), 1);
  EXPECT_EQ(display_width(U'日'), 2);
  EXPECT_EQ(display_width(U'😀'), 2);
  EXPECT_EQ(display_width(0x0301), 0);
}

TEST(Join, PutsSeparatorsBetween) {
  const std::vector<std::string> words = {"a", "b", "c"};
  EXPECT_EQ(join(words, " "), "a b c");
  EXPECT_EQ(join(words, ", ", " or "), "a, b or c");
  EXPECT_EQ(join({}, " "), "");
}

TEST(Closest, FindsOneSlipOfTheFinger) {
  const std::vector<std::string> words = {"name", "count", "kernel", "stride", "pad"};
  EXPECT_EQ(closest("strid", words), "stride");
  EXPECT_EQ(closest("kernell", words), "kernel");
  EXPECT_EQ(closest("cuont", words), "count");
  EXPECT_EQ(closest("Stride", words), "stride");
  EXPECT_EQ(closest("nmae", words), "name");
}

TEST(Closest, LeavesDistantAndShortWordsAlone) {
  const std::vector<std::string> words = {"name", "count", "pad", "dir"};
  EXPECT_EQ(closest("learning_rate", words), "");
  EXPECT_EQ(closest("po", words), "");
  EXPECT_EQ(closest("pxy", words), "");  // two edits of three letters
  EXPECT_EQ(closest("", words), "");
}

TEST(Suggestion, AsksOnlyWhereAWordIsClose) {
  const std::vector<std::string> words = {"conv", "pool"};
  EXPECT_EQ(suggestion("pol", words, "layer types"),
            "did you mean 'pool'?  layer types: conv pool");
  EXPECT_EQ(suggestion("lstm", words, "layer types"), "layer types: conv pool");
  // Names of layers come from the file.
  const std::vector<std::string> hostile = {"\rfc1", "a\x1b[2J"};
  EXPECT_EQ(suggestion("fc1", hostile, "its layers"),
            "did you mean '\\x0dfc1'?  its layers: \\x0dfc1 a\\x1b[2J");
}

TEST(HasControl, FindsEveryKind) {
  EXPECT_FALSE(has_control("naïve – 猫"));
  for (const char* text : {"a\nb", "\t", "x\x7f", "\xC2\x9B", "\xE2\x80\xA8"}) {
    EXPECT_TRUE(has_control(text)) << shown(text);
  }
}

TEST(ShellWord, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(shell_word("runs/a-1_b.yaml"), "runs/a-1_b.yaml");
  EXPECT_EQ(shell_word("training.alpha=1e-4"), "training.alpha=1e-4");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("my run"), "'my run'");
  EXPECT_EQ(shell_word("it's $1"), "'it'\\''s $1'");
  EXPECT_EQ(shell_word("~/x"), "'~/x'");
}

}  // namespace
}  // namespace cnn
