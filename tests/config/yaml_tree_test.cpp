#include "config/yaml_tree.hpp"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace cnn {
namespace {

using Kind = ConfigNode::Kind;

struct Parsed {
  ConfigDocument document;
  std::string errors;
};

Parsed parse(const std::string& text) {
  Diagnostics diagnostics;
  Parsed parsed{parse_document("a.yaml", text, diagnostics), {}};
  parsed.errors = diagnostics.text(parsed.document.sources);
  return parsed;
}

ConfigNode tree(const std::string& text) {
  const Parsed parsed = parse(text);
  EXPECT_EQ(parsed.errors, "") << text;
  return parsed.document.root;
}

// The first line of the first diagnostic.
std::string first_error(const std::string& text) {
  const std::string errors = parse(text).errors;
  return errors.substr(0, errors.find('\n'));
}

TEST(ParseDocument, KeepsKindsAndTexts) {
  const ConfigNode root = tree("a: 1\nb: [x, \"2\", 'it''s']\nc: {d: ~, e: }\nf: |\n  text\n");
  ASSERT_EQ(root.kind, Kind::map);
  EXPECT_EQ(root.find("a")->text, "1");
  EXPECT_FALSE(root.find("a")->quoted);
  const std::vector<ConfigNode>& b = root.find("b")->children;
  ASSERT_EQ(b.size(), 3U);
  EXPECT_FALSE(b[0].quoted);
  EXPECT_TRUE(b[1].quoted);
  EXPECT_EQ(b[2].text, "it's");
  EXPECT_EQ(root.find("c")->find("d")->kind, Kind::null);
  EXPECT_EQ(root.find("c")->find("e")->kind, Kind::null);
  EXPECT_TRUE(root.find("f")->quoted);
  EXPECT_EQ(root.find("g"), nullptr);
}

TEST(ParseDocument, KnowsWhereEverythingStands) {
  const ConfigNode root = tree("é: \"x\\\"y\" # c\nlist:\n  - conv: {k: 'a'}\nempty:\n");
  EXPECT_EQ(root.find("é")->key_place, (Place{0, 1, 1, 1}));
  EXPECT_EQ(root.find("é")->place, (Place{0, 1, 4, 6}));
  const ConfigNode& conv = root.find("list")->children[0].children[0];
  EXPECT_EQ(conv.key_place, (Place{0, 3, 5, 4}));
  EXPECT_EQ(conv.place, (Place{0, 3, 11, 1}));
  EXPECT_EQ(conv.find("k")->place, (Place{0, 3, 15, 3}));
  EXPECT_EQ(root.find("empty")->place, (Place{0, 4, 1, 5}));
}

TEST(ParseDocument, PutsEmptyListItemsAtTheirDashes) {
  const ConfigNode root = tree("- a\n-\n- b\n-\n");
  EXPECT_EQ(root.children[1].place, (Place{0, 2, 1, 1}));
  EXPECT_EQ(root.children[3].place, (Place{0, 4, 1, 1}));
}

TEST(ParseDocument, TakesByteOrderMarksAndWindowsLines) {
  const ConfigNode root = tree(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: two words\r\n");
  EXPECT_EQ(root.find("a")->key_place, (Place{0, 1, 1, 1}));
  EXPECT_EQ(root.find("b")->place, (Place{0, 2, 4, 9}));
}

TEST(ParseDocument, TakesTextsOfSeveralLines) {
  const ConfigNode root = tree("a: one\n  two\nb: \"one\n  two\"\nc: 3\n");
  EXPECT_EQ(root.find("a")->text, "one two");
  EXPECT_EQ(root.find("a")->place, (Place{0, 1, 4, 3}));
  EXPECT_EQ(root.find("b")->place, (Place{0, 3, 4, 4}));
  EXPECT_EQ(root.find("c")->place, (Place{0, 5, 4, 1}));
}

TEST(ParseDocument, TakesNothingForNull) {
  for (const char* text : {"", " \n", "# only a comment\n", "---\n", "~"}) {
    EXPECT_EQ(tree(text).kind, Kind::null) << text;
  }
}

TEST(ParseDocument, TakesDocumentMarkersAroundOneDocument) {
  EXPECT_EQ(tree("%YAML 1.2\n---\na: 1\n...\n").find("a")->text, "1");
}

TEST(ParseDocument, RefusesDuplicateKeysAndNamesTheFirst) {
  const Parsed parsed = parse("a: 1\nb: 2\na: 3\n");
  EXPECT_EQ(parsed.errors,
            "a.yaml:3:1: error: key 'a' is given twice\n  a: 3\n  ^\n  the first is in line 1; "
            "remove one of them");
  EXPECT_EQ(parsed.document.root.find("a")->text, "1");
}

TEST(ParseDocument, RefusesWhatAConfigurationHasNoUseFor) {
  const std::map<std::string, std::string> cases = {
      {"a: &x 1", "a.yaml:1:4: error: anchors (&name) are not accepted"},
      {"a: *x", "a.yaml:1:4: error: aliases (*name) are not accepted"},
      {"a: !!int 1", "a.yaml:1:4: error: tags (!name) are not accepted"},
      {"a: ! b", "a.yaml:1:4: error: tags (!name) are not accepted"},
      {"a: !x {}", "a.yaml:1:4: error: tags (!name) are not accepted"},
      {"<<: {a: 1}", "a.yaml:1:1: error: merge keys (<<) are not accepted"},
      {"? [a]\n: b", "a.yaml:1:3: error: a key must be a plain word"},
      {"? {a: 1}\n: b", "a.yaml:1:3: error: a key must be a plain word"},
      {"{{ name }}: 1", "a.yaml:1:1: error: a key must be a plain word"},
      {"~: 1", "a.yaml:1:1: error: a key must be a plain word"},
      {"!x a: 1", "a.yaml:1:1: error: tags (!name) are not accepted"},
      {"a: 1\n---\nb: 2",
       "a.yaml:2:1: error: the configuration ends before this, but more follows"},
      {"[a] [b]", "a.yaml:1:5: error: the configuration ends before this, but more follows"},
      {"a: 1\n...\nb: 2",
       "a.yaml:3:1: error: the configuration ends before this, but more follows"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(first_error(text), error) << text;
}

TEST(ParseDocument, FindsSeveralMistakes) {
  const std::string errors = parse("a: &x 1\nb: *x\na: 2\nc: !t 3\n").errors;
  for (const char* place : {"a.yaml:1:4", "a.yaml:2:4", "a.yaml:3:1", "a.yaml:4:4"}) {
    EXPECT_NE(errors.find(place), std::string::npos) << place;
  }
}

TEST(ParseDocument, ExplainsSyntaxErrors) {
  const std::map<std::string, std::string> cases = {
      {"a: {b: 1\n", "a.yaml:1:4: error: a '{' is not closed by '}'"},
      {"a: [1,\nb: 2\n", "a.yaml:1:4: error: a '[' is not closed by ']'"},
      {"a: 1]\nb: ]\n", "a.yaml:2:4: error: this bracket closes nothing"},
      {"a: \"b\nc: d\n", "a.yaml:1:4: error: a text in quotes does not end"},
      {"a: 'b\n", "a.yaml:1:4: error: a text in quotes does not end"},
      {"a:\n\tb: 1\n", "a.yaml:2:1: error: a tab in the indentation"},
      {"a: b: c\n", "a.yaml:1:5: error: a ':' that makes no key here"},
      {"a: 1\n- b\n", "a.yaml:2:1: error: this does not belong to the map above it"},
      {"a: @b\n", "a.yaml:1:4: error: no value can begin with this character"},
      {"a: - b\n", "a.yaml:1:4: error: a list item is not possible here"},
      {"%YAML 9.0\n---\na: 1\n", "a.yaml:1:1: error: not valid YAML"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(first_error(text), error) << text;
}

TEST(ParseDocument, RefusesWhatIsNoText) {
  const std::map<std::string, std::string> cases = {
      {std::string("a: \0b", 5), "a.yaml:1:4: error: a NUL byte: this is not a text file"},
      {"a: na\xEFve", "a.yaml:1:6: error: byte \\xef is not UTF-8 text"},
      {"\xFF\xFE"
       "a",
       "a.yaml:1:1: error: byte \\xff is not UTF-8 text"},
      {"a: \x1B[0m", "a.yaml:1:4: error: control character \\x1b is not allowed"},
      {"\n\x7F", "a.yaml:2:1: error: control character \\x7f is not allowed"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(first_error(text), error) << text;
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

TEST(ParseDocument, AcceptsConfigurationsAtTheLimits) {
  EXPECT_EQ(parse(repeated("[", 32) + repeated("]", 32)).errors, "");
  std::string keys;
  for (int i = 0; i < 49'999; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(parse(keys).errors, "");
  EXPECT_EQ(parse("a: " + std::string(kLargestConfig - 3, 'x')).errors, "");
}

TEST(ParseDocument, RefusesConfigurationsBeyondTheLimits) {
  EXPECT_NE(first_error(repeated("[", 33) + repeated("]", 33)).find("more than 32 maps and lists"),
            std::string::npos);
  std::string keys;
  for (int i = 0; i < 100'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(first_error(keys), "a.yaml:50000:9: error: more than 100000 keys and values");
  EXPECT_EQ(first_error(std::string(kLargestConfig + 1, ' ')),
            "a.yaml: error: larger than 4194304 bytes; this is no configuration");
}

// What has brought YAML readers down: it must be refused, within the time that a test has.
TEST(ParseDocument, RefusesHostileTexts) {
  constexpr std::size_t kSize = kLargestConfig / 8;  // enough for what grows with the square
  std::string laughs = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
              "]\n";
  }
  std::string stairs;
  for (std::size_t i = 0; i < 1000; ++i) stairs += std::string(i, ' ') + "-\n";
  const std::vector<std::string> cases = {
      "{x:",
      "[[:",
      "a: &a [*a]",
      laughs,
      stairs,
      repeated("[", kSize),
      repeated("{", kSize),
      repeated("{a: ", kSize / 4),
      repeated("- ", kSize / 2),
      repeated("? ", kSize / 2),
      repeated("! ", kSize / 2),
      repeated("&a ", kSize / 3),
      repeated("* ", kSize / 2),
      repeated(": ", kSize / 2),
      repeated("[a,\n", kSize / 4),
      repeated("---\n", kSize / 4),
      repeated("[]", kSize / 2),
      repeated("%TAG ! x\n", kSize / 9),
      "\"" + std::string(kSize - 1, 'a'),
      "[" + repeated("a,", kSize / 2 - 1),
      std::string(2 * kLargestConfig, 'a'),
      std::string(kSize, '\0'),
  };
  for (const std::string& text : cases) {
    EXPECT_NE(parse(text).errors, "") << text.substr(0, 20);
  }
}

TEST(ParseDocument, SurvivesRandomText) {
  constexpr std::string_view kAlphabet = "ab:-{}[],&*!|>'\"%@`#?~ \n\t\\<=.01\r\xC3\xA9";
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 40, ' ');
    for (char& c : text) {
      c = i % 4 == 0 ? static_cast<char>(random()) : kAlphabet[random() % kAlphabet.size()];
    }
    const Parsed parsed = parse(text);
    EXPECT_TRUE(parsed.document.root.kind != Kind::broken || !parsed.errors.empty());
  }
}

TEST(ParseDocument, SurvivesEveryTruncation) {
  const std::string text =
      "name: \"l\\u00e9\"\ndata: {dir: 'a''b', classes: [x, y]}\nnetwork:\n  - conv: {kernel: [3, "
      "5]}\n  - relu\n"
      "block: |\n  text\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const Parsed parsed = parse(text.substr(0, size));
    EXPECT_TRUE(parsed.document.root.kind != Kind::broken || !parsed.errors.empty()) << size;
  }
}

TEST(ParseValue, CountsColumnsFromTheBeginningOfTheSource) {
  ConfigDocument document;
  document.sources.push_back({Source::Kind::argument, "--set λ=[1, x]", "λ=[1, x]"});
  Diagnostics diagnostics;
  const ConfigNode node = parse_value(document, 0, 3, diagnostics);
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_EQ(node.place, (Place{0, 1, 3, 1}));
  EXPECT_EQ(node.children[1].place, (Place{0, 1, 7, 1}));
}

TEST(Describe, SaysWhatWasFound) {
  EXPECT_EQ(describe(tree("five")), "'five'");
  EXPECT_EQ(describe(tree("\"5\"")), "the text '5'");
  EXPECT_EQ(describe(tree("~")), "nothing");
  EXPECT_EQ(describe(tree("[1, 2]")), "a list of 2");
  EXPECT_EQ(describe(tree("[]")), "an empty list");
  EXPECT_EQ(describe(tree("{a: 1}")), "a map");
}

}  // namespace
}  // namespace cnn
