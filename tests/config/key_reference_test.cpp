#include "config/key_reference.hpp"

#include <gtest/gtest.h>

namespace cnn {
namespace {

constexpr std::string_view kDocument = R"(# All keys

Not about a component.

### Every layer

| key | meaning | default | values |
| --- | --- | --- | --- |
| `name` | its name, [below](#name), in `from` | type and number | letters |

### `relu`, `tanh`

max(0, z); see [the paper](https://example.org).
Both for every value.

A second paragraph.

### `init`

| key | meaning | default | values |
| --- | --- | --- | --- |
| `type` | which | required | `xavier`, `he` |

| `no key` | two cells |
)";

TEST(KeyReference, FindsARowUnderItsHeadingOrTheFallback) {
  const KeyReference reference(kDocument);
  const KeyReference::Row* const name = reference.find("relu", "name", "Every layer");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(name->meaning, "its name, in from");
  EXPECT_EQ(name->by_default, "type and number");
  EXPECT_EQ(name->values, "letters");
  EXPECT_EQ(reference.find("relu", "name"), nullptr);
  EXPECT_EQ(reference.find("init", "no key"), nullptr);
}

TEST(KeyReference, ANestedComponentHasAHeadingOfItsOwn) {
  const KeyReference reference(kDocument);
  const KeyReference::Row* const type = reference.find("conv.init", "type", "Every layer");
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->values, "xavier, he");
}

TEST(KeyReference, GivesTheFirstParagraphOfAComponent) {
  const KeyReference reference(kDocument);
  EXPECT_EQ(reference.about("tanh"), "max(0, z); see the paper. Both for every value.");
  EXPECT_EQ(reference.about("init"), "");
  EXPECT_EQ(reference.about("conv"), "");
}

}  // namespace
}  // namespace cnn
