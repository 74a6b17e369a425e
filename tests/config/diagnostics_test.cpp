#include "config/diagnostics.hpp"

#include <gtest/gtest.h>

#include "cnn/error.hpp"

namespace cnn {
namespace {

std::vector<Source> file(const std::string& text) {
  return {{Source::Kind::file, "a.yaml", text}};
}

std::string show(const std::string& text, Place place) {
  return render(file(text), {place, "wrong", ""});
}

TEST(Render, PointsAtTheToken) {
  EXPECT_EQ(
      render(file("name: x\n  - conv: {strid: 1}\n"), {{0, 2, 12, 5}, "unknown key", "try stride"}),
      "a.yaml:2:12: error: unknown key\n"
      "  - conv: {strid: 1}\n"
      "           ^~~~~\n"
      "  try stride");
}

TEST(Render, IndentsEveryLineOfAHint) {
  EXPECT_EQ(render(file(""), {{0, 0}, "wrong", "one\ntwo"}), "a.yaml: error: wrong\n  one\n  two");
}

TEST(Render, KeepsTheCaretUnderTabsAndForeignCharacters) {
  EXPECT_EQ(show("a:\tλ b", {0, 1, 6, 1}), "a.yaml:1:6: error: wrong\n  a: λ b\n       ^");
  EXPECT_EQ(show("日本 b", {0, 1, 4, 1}), "a.yaml:1:4: error: wrong\n  日本 b\n       ^");
  EXPECT_EQ(show("x 日本", {0, 1, 3, 2}), "a.yaml:1:3: error: wrong\n  x 日本\n    ^~~~");
}

TEST(Render, ShowsIndentationWhereThePlaceIsInIt) {
  EXPECT_EQ(show("\t\tb", {0, 1, 2, 1}), "a.yaml:1:2: error: wrong\n   b\n  ^");
}

TEST(Render, HidesWhatATerminalMustNotSee) {
  EXPECT_EQ(show("a\x1b[2J\xff", {0, 1, 1, 1}), "a.yaml:1:1: error: wrong\n  a?[2J?\n  ^");
}

TEST(Render, DropsTheCarriageReturn) {
  EXPECT_EQ(show("ab\r\ncd\r\n", {0, 2, 2, 1}), "a.yaml:2:2: error: wrong\n  cd\n   ^");
}

TEST(Render, CutsLongLinesAroundThePlace) {
  const std::string text = std::string(500, 'a') + "XYZ" + std::string(500, 'b');
  const std::string shown = show(text, {0, 1, 501, 3});
  EXPECT_NE(shown.find("…" + std::string(48, 'a') + "XYZ" + std::string(45, 'b') + "…"),
            std::string::npos);
  EXPECT_TRUE(shown.ends_with("\n  " + std::string(49, ' ') + "^~~")) << shown;
  EXPECT_TRUE(show(text, {0, 1, 1, 1}).find("\n  " + std::string(96, 'a') + "…\n  ^") !=
              std::string::npos);
}

TEST(Render, SurvivesPlacesOutsideTheText) {
  EXPECT_EQ(show("ab", {0, 1, 5, 3}), "a.yaml:1:5: error: wrong\n  ab\n      ^");
  EXPECT_EQ(show("ab", {0, 7, 1, 1}), "a.yaml:7:1: error: wrong");
}

TEST(Render, NamesAnArgumentWithoutLineAndColumn) {
  const std::vector<Source> sources = {{Source::Kind::argument, "--set a.b=c", "a.b=c"}};
  EXPECT_EQ(render(sources, {{0, 1, 5, 1}, "wrong", ""}),
            "--set a.b=c: error: wrong\n  a.b=c\n      ^");
}

TEST(Diagnostics, AreSortedByPlace) {
  Diagnostics diagnostics;
  diagnostics.add({0, 2, 1, 1}, "third");
  diagnostics.add({0, 1, 4, 1}, "second");
  diagnostics.add({0, 1, 2, 1}, "first");
  EXPECT_EQ(diagnostics.text(file("")),
            "a.yaml:1:2: error: first\na.yaml:1:4: error: second\na.yaml:2:1: error: third");
}

TEST(Diagnostics, ShowTwentyAndCountTheRest) {
  Diagnostics diagnostics;
  for (std::size_t line = 23; line > 0; --line)
    diagnostics.add({0, line, 1, 1}, std::to_string(line));
  const std::string text = diagnostics.text(file(""));
  EXPECT_NE(text.find("error: 1\n"), std::string::npos);
  EXPECT_NE(text.find("error: 20\n… and 3 more"), std::string::npos);
  EXPECT_EQ(text.find("error: 21"), std::string::npos);
}

TEST(Diagnostics, AreThrownTogether) {
  Diagnostics diagnostics;
  EXPECT_NO_THROW(diagnostics.throw_if_any(file("")));
  diagnostics.add({0, 1, 1, 1}, "one");
  EXPECT_THROW(diagnostics.throw_if_any(file("")), ConfigError);
}

}  // namespace
}  // namespace cnn
