#include "config/schema_printer.hpp"

#include <array>

#include <gtest/gtest.h>

namespace cnn {
namespace {

using Json = SchemaPrinter::Json;
using Visit = ConfigVisitor::Visit;

const KeyReference kReference(R"(## `engine`

| key | meaning | default | values |
| --- | --- | --- | --- |
| `power` | strength | 2 | 1 to 9 |
)");

Json schema_of(const Visit& visit, std::string_view short_form = {}) {
  return SchemaPrinter(kReference, "engine").map(visit, short_form);
}

TEST(SchemaPrinter, GivesTypeBoundsDefaultAndDescription) {
  std::int64_t power = 2;
  const Json schema =
      schema_of([&](ConfigVisitor& v) { v.integer("power", power, {.low = 1, .high = 9}); });
  EXPECT_EQ(schema, Json::parse(R"({
    "type": ["object", "null"], "additionalProperties": false,
    "properties": {"power": {
      "description": "strength. Default: 2. Values: 1 to 9",
      "type": "integer", "minimum": 1, "maximum": 9, "default": 2}}})"));
}

TEST(SchemaPrinter, OpenBoundsAndLargestIntegers) {
  double share = 0.5;
  std::int64_t seed = 1;
  const Json schema = schema_of([&](ConfigVisitor& v) {
    v.real("share", share, {.low = 0, .high = 1, .above_low = true, .below_high = true});
    v.integer("seed", seed, {.low = 0, .high = 9223372036854775808.0});
  });
  const Json& properties = schema["properties"];
  EXPECT_EQ(properties["share"]["exclusiveMinimum"], 0);
  EXPECT_EQ(properties["share"]["exclusiveMaximum"], 1);
  EXPECT_EQ(properties["seed"]["maximum"], 9223372036854775807);
}

TEST(SchemaPrinter, AValueThatIsOutOfBoundsOrUnsetIsNoDefault) {
  std::int64_t steps = 0;
  std::optional<double> alpha;
  const Json schema = schema_of([&](ConfigVisitor& v) {
    v.integer("steps", steps, {.low = 1});
    v.real("alpha", alpha, {.low = 0});
  });
  EXPECT_FALSE(schema["properties"]["steps"].contains("default"));
  EXPECT_FALSE(schema["properties"]["alpha"].contains("default"));
}

// The type decides: "gear" has a size that is required, "belt" a length; both have a pad whose
// bounds differ.
struct Drive {
  std::size_t type = 0;
  double size = 1, length = 1, pad = 0;
  void visit(ConfigVisitor& v) {
    constexpr std::array<std::string_view, 2> kTypes = {"belt", "gear"};
    v.one_of("type", type, kTypes, Presence::required);
    if (type == 0) {
      v.real("length", length, {});
    } else {
      v.real("size", size, {}, Presence::required);
    }
    v.real("pad", pad, {.low = type == 0 ? 0.0 : 1.0});
  }
};

TEST(SchemaPrinter, AChoiceDecidesAboutOtherKeys) {
  Drive drive;
  const Json schema = schema_of([&](ConfigVisitor& v) { drive.visit(v); }, "type");
  EXPECT_EQ(drive.type, 0U);
  ASSERT_EQ(schema["anyOf"].size(), 2U);
  EXPECT_EQ(schema["anyOf"][0], Json::parse(R"({"enum": ["belt"]})"));
  const Json& map = schema["anyOf"][1];
  EXPECT_EQ(map["required"], Json::parse(R"(["type"])"));
  EXPECT_EQ(map["properties"]["pad"], Json::parse(R"({"default": 0.0})"));
  EXPECT_EQ(map["properties"]["length"]["type"], "number");
  EXPECT_EQ(map["allOf"], Json::parse(R"([
    {"if": {"properties": {"type": {"const": "belt"}}},
     "then": {"properties": {"pad": {"type": "number", "minimum": 0.0}, "size": false}}},
    {"if": {"properties": {"type": {"const": "gear"}}, "required": ["type"]},
     "then": {"properties": {"length": false, "pad": {"type": "number", "minimum": 1.0}},
              "required": ["size"]}}])"));
}

TEST(SchemaPrinter, KeysThatExcludeOneAnotherAndOneOfSeveral) {
  std::int64_t a = 1, b = 1;
  const Json schema = schema_of([&](ConfigVisitor& v) {
    v.exclusive("a", {"b"});
    v.needs_one_of({"a", "b"});
    v.integer("a", a, {});
    v.integer("b", b, {});
  });
  EXPECT_EQ(schema["type"], "object");
  EXPECT_EQ(schema["allOf"], Json::parse(R"([{"not": {"required": ["a", "b"]}},
                                             {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}])"));
}

}  // namespace
}  // namespace cnn
