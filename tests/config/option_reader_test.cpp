#include "config/option_reader.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace cnn {
namespace {

using Visit = std::function<void(OptionReader&)>;

// What reading `text` as a section called "box" complains of.
std::string errors(const std::string& text, const Visit& visit,
                   std::vector<std::string> sections = {}) {
  Diagnostics diagnostics;
  const ConfigDocument document = parse_document("a.yaml", text, diagnostics);
  const OptionReader::Context context{&diagnostics, "/base", std::move(sections)};
  OptionReader reader(context, document.root, {"box 'b'", "box"}, Place{0, 1, 1, 1});
  visit(reader);
  reader.finish();
  return diagnostics.text(document.sources);
}

// The same without places and snippets: messages and hints, a line each.
std::string messages(const std::string& text, const Visit& visit,
                     std::vector<std::string> sections = {}) {
  std::string result;
  std::string rest = errors(text, visit, std::move(sections));
  const std::string mark = "error: ";
  for (std::size_t at = rest.find(mark); at != std::string::npos; at = rest.find(mark)) {
    rest = rest.substr(at + mark.size());
    result += (result.empty() ? "" : "\n") + rest.substr(0, rest.find('\n'));
  }
  return result;
}

std::string integer_message(const std::string& text, Bounds bounds = {.low = 1, .high = 32768}) {
  std::int64_t value = 7;
  const std::string message = messages(
      "n: " + text, [&](OptionReader& r) { r.integer("n", value, bounds, Presence::required); });
  EXPECT_TRUE(message.empty() || value == 7) << "a wrong value was taken over";
  return message;
}

TEST(ParseInteger, IsStrictlyDecimal) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", "-", "+1", "010", "-01", "-0", "0x10", "0o7", "1e3", "1.0", "1_000",
                           " 1", "1 ", "１", "9223372036854775808", ".inf", "true"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(ParseReal, IsDecimalAndFinite) {
  EXPECT_EQ(parse_real("0.5"), 0.5);
  EXPECT_EQ(parse_real("-3"), -3.0);
  EXPECT_EQ(parse_real(".5"), 0.5);
  EXPECT_EQ(parse_real("1e-3"), 0.001);
  EXPECT_EQ(parse_real("2.5E+2"), 250.0);
  for (const char* text : {"", ".", "-", "e5", "+1", "010", "0x1p3", "inf", ".inf", "nan", ".nan",
                           "1e999", "1,5", "1.5f", "--1"}) {
    EXPECT_EQ(parse_real(text), std::nullopt) << text;
  }
}

TEST(OptionReader, ReadsEveryKind) {
  std::int64_t integer = 0;
  std::int64_t threads = 5;
  double real = 0;
  std::optional<double> given, absent;
  Size2 one, two;
  bool boolean = false;
  std::size_t index = 0;
  std::string text;
  std::vector<std::string> single, several;
  std::filesystem::path relative, absolute;
  const std::array<std::string_view, 2> names = {"max", "avg"};
  const std::string found = errors(
      "{i: 3, t: auto, r: 0.5, g: 2, o: 5, w: [3, 4], b: true, c: avg, s: 12, f: a, l: [\"1\", x], "
      "p: ../d/, q: /e}",
      [&](OptionReader& r) {
        r.integer("i", integer, {}, Presence::required);
        r.integer_or("t", threads, {}, "auto", 0);
        r.real("r", real, {}, Presence::required);
        r.real("g", given, {});
        r.real("h", absent, {});
        r.size2("o", one, {}, Presence::required);
        r.size2("w", two, {}, Presence::required);
        r.boolean("b", boolean);
        r.one_of("c", index, names, Presence::required);
        r.text("s", text, nullptr, Presence::required);
        r.texts("f", single, true, nullptr);
        r.texts("l", several, false, nullptr);
        r.path("p", relative, Presence::required);
        r.path("q", absolute, Presence::required);
      });
  EXPECT_EQ(found, "");
  EXPECT_EQ(integer, 3);
  EXPECT_EQ(threads, 0);
  EXPECT_EQ(real, 0.5);
  EXPECT_EQ(given, 2.0);
  EXPECT_EQ(absent, std::nullopt);
  EXPECT_EQ(one, (Size2{5, 5}));
  EXPECT_EQ(two, (Size2{3, 4}));
  EXPECT_TRUE(boolean);
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(text, "12");
  EXPECT_EQ(single, std::vector<std::string>{"a"});
  EXPECT_EQ(several, (std::vector<std::string>{"1", "x"}));
  EXPECT_EQ(relative, "/d");
  EXPECT_EQ(absolute, "/e");
}

TEST(OptionReader, LeavesDefaultsWhereNothingIsGiven) {
  std::int64_t integer = 3;
  bool boolean = true;
  EXPECT_EQ(errors("{}",
                   [&](OptionReader& r) {
                     r.integer("i", integer, {}, Presence::optional);
                     r.boolean("b", boolean);
                   }),
            "");
  EXPECT_EQ(integer, 3);
  EXPECT_TRUE(boolean);
}

TEST(OptionReader, SaysWhatAnIntegerMustBe) {
  EXPECT_EQ(integer_message("12"), "");
  EXPECT_EQ(integer_message("0"), "n must be from 1 to 32768, got 0");
  EXPECT_EQ(integer_message("40000"), "n must be from 1 to 32768, got 40000");
  EXPECT_EQ(integer_message("99999999999999999999"),
            "n must be from 1 to 32768, got 99999999999999999999");
  EXPECT_EQ(integer_message("five"), "n must be a positive integer, got 'five'");
  EXPECT_EQ(integer_message("010"), "n must be a positive integer, got '010'");
  EXPECT_EQ(integer_message("1e3"), "n must be a positive integer, got '1e3'");
  EXPECT_EQ(integer_message("\"5\""), "n must be a positive integer, got the text '5'");
  EXPECT_EQ(integer_message(""), "n must be a positive integer, got nothing");
  EXPECT_EQ(integer_message("[1]"), "n must be a positive integer, got a list of 1");
  EXPECT_EQ(integer_message("{a: 1}"), "n must be a positive integer, got a map");
  EXPECT_EQ(integer_message("x", {.low = 0, .high = 5}), "n must be an integer, got 'x'");
}

TEST(OptionReader, SaysWhatARealMustBe) {
  const auto message = [](const std::string& text, Bounds bounds) {
    double value = 7;
    return messages("x: " + text,
                    [&](OptionReader& r) { r.real("x", value, bounds, Presence::required); });
  };
  EXPECT_EQ(message("abc", {}), "x must be a number, got 'abc'");
  EXPECT_EQ(message(".nan", {}), "x must be a number, got '.nan'");
  EXPECT_EQ(message("-1", {.low = 0}), "x must be 0 or more, got -1");
  EXPECT_EQ(message("0", {.low = 0, .above_low = true}), "x must be above 0, got 0");
  EXPECT_EQ(message("2", {.low = 0, .high = 0.5}), "x must be from 0 to 0.5, got 2");
  EXPECT_EQ(message("1", {.low = 0, .high = 1, .below_high = true}),
            "x must be at least 0 and below 1, got 1");
  EXPECT_EQ(message("1", {.low = 0, .high = 1, .above_low = true, .below_high = true}),
            "x must be above 0 and below 1, got 1");
  EXPECT_EQ(message("3", {.high = 2}), "x must be at most 2, got 3");
}

TEST(OptionReader, SaysWhatASizeMustBe) {
  const auto message = [](const std::string& text) {
    Size2 value;
    return messages("k: " + text, [&](OptionReader& r) {
      r.size2("k", value, {.low = 1, .high = 9}, Presence::required);
    });
  };
  EXPECT_EQ(message("five"), "k must be a positive integer or [height, width], got 'five'");
  EXPECT_EQ(message("[1, 2, 3]"),
            "k must be a positive integer or [height, width], got a list of 3");
  EXPECT_EQ(message("[0, x]"),
            "k's height must be from 1 to 9, got 0\nk's width must be a positive integer, got 'x'");
  EXPECT_EQ(message("10"), "k must be from 1 to 9, got 10");
  EXPECT_EQ(message("[*x, 3]"), "aliases (*name) are not accepted");
}

TEST(OptionReader, TakesOnlyTrueAndFalseForBooleans) {
  for (const char* text : {"yes", "no", "on", "off", "True", "TRUE", "1", "\"true\"", "~"}) {
    bool value = true;
    EXPECT_TRUE(messages("b: " + std::string(text), [&](OptionReader& r) { r.boolean("b", value); })
                    .starts_with("b must be true or false, got "))
        << text;
  }
}

TEST(OptionReader, ListsTheChoices) {
  const std::array<std::string_view, 3> names = {"max", "avg", "median"};
  std::size_t index = 0;
  const std::string found =
      errors("c: avgg", [&](OptionReader& r) { r.one_of("c", index, names, Presence::required); });
  EXPECT_EQ(found,
            "a.yaml:1:4: error: c must be max, avg or median, got 'avgg'\n  c: avgg\n     ^~~~\n  "
            "did you mean 'avg'?");
}

TEST(OptionReader, JudgesTextsOneByOne) {
  std::vector<std::string> values;
  const TextCheck check = [](const std::string& text) -> std::optional<Complaint> {
    if (text == "bad") return Complaint{"not this one"};
    return std::nullopt;
  };
  EXPECT_EQ(messages("l: [good, bad, \"\", \"a\\0b\", ~, [x]]",
                     [&](OptionReader& r) { r.texts("l", values, false, check); }),
            "not this one\neach of l must not be empty\neach of l must not hold a NUL character\n"
            "each of l must be a text, got nothing\neach of l must be a text, got a list of 1");
  EXPECT_EQ(messages("l: good", [&](OptionReader& r) { r.texts("l", values, false, check); }),
            "l must be a list as in [a, b], got 'good'");
  EXPECT_EQ(messages("l: []", [&](OptionReader& r) { r.texts("l", values, true, check); }),
            "l must be a name or a list as in [a, b], got an empty list");
}

const Visit kTwoKeys = [](OptionReader& r) {
  std::int64_t value = 0;
  r.integer("count", value, {}, Presence::required);
  r.integer("alpha", value, {}, Presence::optional);
};

TEST(OptionReader, ReportsUnknownKeysWithTheNextStep) {
  EXPECT_EQ(errors("{count: 1, alhpa: 2}", kTwoKeys),
            "a.yaml:1:12: error: unknown key 'alhpa' in box 'b'\n  {count: 1, alhpa: 2}\n          "
            "   ^~~~~\n"
            "  did you mean 'alpha'?  box accepts: count alpha");
  EXPECT_EQ(messages("{count: 1, learning_rate: 2}", kTwoKeys),
            "unknown key 'learning_rate' in box 'b'; the learning rate is called 'alpha' here");
  EXPECT_EQ(messages("{count: 1, Base-LR: 2}", kTwoKeys),
            "unknown key 'Base-LR' in box 'b'; the learning rate is called 'alpha' here");
  EXPECT_NE(errors("{count: 1, batch_size: 2}", kTwoKeys).find("box accepts: count alpha"),
            std::string::npos);
  EXPECT_NE(errors("{count: 1, batch: 2}", kTwoKeys, {"training.batch"})
                .find("'batch' belongs in training"),
            std::string::npos);
}

TEST(OptionReader, GivesOneErrorForOneMistake) {
  EXPECT_EQ(messages("{alpha: 1}", kTwoKeys), "box 'b' needs 'count'");
  EXPECT_EQ(messages("{cuont: 1}", kTwoKeys), "unknown key 'cuont' in box 'b'");
  EXPECT_EQ(messages("{filters: 1}", kTwoKeys),
            "unknown key 'filters' in box 'b'; the number of kernels is called 'count' here");
  EXPECT_EQ(messages("{count:1}", kTwoKeys), "unknown key 'count:1' in box 'b'");
  EXPECT_EQ(messages("{count: *x}", kTwoKeys).find("needs"), std::string::npos);
  EXPECT_EQ(messages("{count: 1, count: x}", kTwoKeys), "key 'count' is given twice");
  EXPECT_EQ(messages("[1]", kTwoKeys), "box 'b' must be a map of options, got a list of 1");
}

const Visit kShortForm = [](OptionReader& r) {
  r.section(
      "init", "type",
      [](ConfigVisitor& v) {
        constexpr std::array<std::string_view, 2> kNames = {"xavier", "gaussian"};
        std::size_t type = 0;
        double deviation = 0;
        v.one_of("type", type, kNames, Presence::required);
        if (type == 1) v.real("deviation", deviation, {}, Presence::required);
      },
      Presence::optional);
};

TEST(OptionReader, TakesShortFormsOfSections) {
  EXPECT_EQ(messages("init: xavier", kShortForm), "");
  EXPECT_EQ(messages("init: {type: gaussian, deviation: 1}", kShortForm), "");
  EXPECT_EQ(messages("init: gaussian", kShortForm), "init 'gaussian' needs 'deviation'");
  EXPECT_EQ(messages("init: {type: xavier, deviation: 1}", kShortForm),
            "unknown key 'deviation' in init 'xavier'");
}

TEST(OptionReader, DoesNotGuessKeysWhereTheDecidingOneIsWrong) {
  EXPECT_EQ(messages("init: {type: gausian, deviation: 1}", kShortForm),
            "type must be xavier or gaussian, got 'gausian'");
  EXPECT_EQ(messages("init: {deviation: 1}", kShortForm), "init needs 'type'");
  EXPECT_EQ(messages("init: {type: *x, deviation: 1}", kShortForm),
            "aliases (*name) are not accepted");
}

const Visit kExclusive = [](OptionReader& r) {
  r.exclusive("steps", {"epochs"});
  r.needs_one_of({"steps", "epochs"});
  std::int64_t value = 0;
  if (r.wants("steps", false)) r.integer("steps", value, {}, Presence::optional);
  if (r.wants("epochs", false)) r.integer("epochs", value, {}, Presence::optional);
};

TEST(OptionReader, RefusesKeysThatExcludeOneAnotherAtTheSecond) {
  EXPECT_EQ(errors("epochs: 1\nsteps: 2\n", kExclusive),
            "a.yaml:2:1: error: 'steps' and 'epochs' exclude one another\n  steps: 2\n  ^~~~~\n"
            "  'epochs' is in line 1; keep one of them");
  EXPECT_EQ(messages("steps: 2", kExclusive), "");
  EXPECT_EQ(messages("{}", kExclusive), "box 'b' needs 'steps' or 'epochs'");
  EXPECT_EQ(messages("epcohs: 1", kExclusive), "unknown key 'epcohs' in box 'b'");
}

}  // namespace
}  // namespace cnn
