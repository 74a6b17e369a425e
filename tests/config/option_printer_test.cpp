#include "config/option_printer.hpp"

#include <gtest/gtest.h>

#include "config/yaml_tree.hpp"

namespace cnn {
namespace {

std::string read_back(const std::string& yaml) {
  Diagnostics diagnostics;
  const ConfigDocument document = parse_document(
      "a.yaml", "a: " + yaml + "\nb: {c: " + yaml + ", d: [" + yaml + "]}", diagnostics);
  EXPECT_EQ(diagnostics.text(document.sources), "");
  const ConfigNode* b = document.root.find("b");
  EXPECT_EQ(document.root.find("a")->text, b->find("c")->text);
  EXPECT_EQ(document.root.find("a")->text, b->find("d")->children.at(0).text);
  return document.root.find("a")->text;
}

TEST(YamlText, ReadsBackAsTheSameText) {
  for (const std::string text :
       {"plain",   "two words", "1",          "-1",           "1e3",         "0x1F",
        "null",    "~",         "true",       "No",           "on",          "y",
        ".inf",    "- x",       "a: b",       "a #b",         "#b",          "{a}",
        "[a]",     "a, b",      "\"quoted\"", "it's",         "back\\slash", "new\nline",
        "tab\tin", " lead",     "trail ",     "λ 日本 😀",     "%x",          "@x",
        "`x",      "!x",        "&x",         "*x",           "|",           ">",
        "?",       "\x7F",      "\xC2\x85",   "\xE2\x80\xA8", "\x1B",        "\r",
        "/a/b.c",  "-",         "---",        "..."}) {
    EXPECT_EQ(read_back(yaml_text(text)), text) << yaml_text(text);
    EXPECT_EQ(read_back(yaml_quoted(text)), text) << yaml_quoted(text);
  }
}

TEST(YamlText, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(yaml_text("/data/mnist-1.2"), "/data/mnist-1.2");
  EXPECT_EQ(yaml_text("2 epochs"), "2 epochs");
  EXPECT_EQ(yaml_text("10"), "\"10\"");
  EXPECT_EQ(yaml_text("Null"), "\"Null\"");
  EXPECT_EQ(yaml_quoted("a\"b\n"), "\"a\\\"b\\n\"");
}

// Everything a component may have.
void visit_all(ConfigVisitor& v) {
  std::int64_t integer = -3;
  std::int64_t threads = 0;
  double real = 0.1;
  std::optional<double> set = 2.0, unset;
  Size2 square{5, 5}, oblong{3, 5};
  bool boolean = true;
  std::size_t index = 1;
  constexpr std::array<std::string_view, 2> kNames = {"max", "avg"};
  std::string text = "12";
  std::vector<std::string> from = {"conv1"}, names = {"a", "2"}, none;
  std::filesystem::path path = "/d/e f";
  v.integer("integer", integer, {});
  v.integer_or("threads", threads, {}, "auto", 0);
  v.real("real", real, {});
  v.real("set", set, {});
  v.real("unset", unset, {});
  v.size2("square", square, {});
  v.size2("oblong", oblong, {});
  v.boolean("boolean", boolean);
  v.one_of("index", index, kNames);
  v.text("text", text, nullptr);
  v.texts("from", from, true, nullptr);
  v.texts("names", names, false, nullptr);
  v.texts("none", none, false, nullptr);
  v.path("path", path);
  std::vector<std::pair<std::string, double>> weights = {{"a", 2}, {"1", 0.5}};
  bool balanced = false;
  v.numbers("weights", weights, {}, "balanced", balanced);
  v.rule_out("meaningless", "index", {"meaningless here"});
  v.section("inner", "", [&](ConfigVisitor& inner) { inner.real("real", real, {}); });
}

TEST(OptionPrinter, PrintsFlowMaps) {
  OptionPrinter printer;
  visit_all(printer);
  EXPECT_EQ(printer.flow(),
            "{integer: -3, threads: auto, real: 0.1, set: 2, square: 5, oblong: [3, 5], boolean: "
            "true, index: avg, "
            "text: \"12\", from: conv1, names: [\"a\", \"2\"], path: /d/e f, weights: {\"a\": 2, "
            "\"1\": 0.5}, inner: {real: 0.1}}");
}

TEST(OptionPrinter, PrintsBlocks) {
  OptionPrinter printer(OptionPrinter::Sections::block);
  double real = 0.1;
  printer.section(
      "outer", "",
      [&](ConfigVisitor& outer) {
        outer.real("a", real, {});
        outer.section("inner", "", [&](ConfigVisitor& inner) { inner.real("b", real, {}); });
      },
      Presence::optional);
  printer.add_lines("list:\n  - x\n");
  EXPECT_EQ(printer.block(""), "outer:\n  a: 0.1\n  inner: {b: 0.1}\nlist:\n  - x\n");
}

TEST(OptionLister, ListsEveryKeyWithItsPath) {
  OptionLister lister;
  visit_all(lister);
  EXPECT_EQ(lister.keys(),
            (std::vector<std::string>{"integer", "threads", "real", "set", "unset", "square",
                                      "oblong", "boolean", "index", "text", "from", "names", "none",
                                      "path", "weights", "meaningless", "inner", "inner.real"}));
}

}  // namespace
}  // namespace cnn
