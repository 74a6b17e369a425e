#include "report/template.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace cnn::report {
namespace {

TEST(Template, EscapesWhateverMeansSomething) {
  EXPECT_EQ(escaped(R"(<b> & "x" 'y')"), "&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39;");
  EXPECT_EQ(escaped("\xF0\x9F\x90\x88 \xD7\x90"), "\xF0\x9F\x90\x88 \xD7\x90");
  EXPECT_EQ(escaped("a\x1b\xff\nb"), "a\\x1b\\xff\nb");
  EXPECT_EQ(escaped("\xE2\x80\xAE"), "\\u202e");  // turns the direction of what follows
}

TEST(Template, FillsTextsAndLists) {
  Fields fields;
  fields.text("a", "<1>").text("b", "outer");
  fields.add("list", Fields().text("b", "first")).add("list", Fields());
  EXPECT_EQ(render_text("{{a}}:{{#list}}[{{b}}]{{/list}}{{^list}}none{{/list}}", fields),
            "&lt;1&gt;:[first][outer]");
  EXPECT_EQ(render_text("{{#gone}}x{{/gone}}{{^gone}}none{{/gone}}", fields), "none");
}

// A browser would show שלום/עולם with the second folder first.
TEST(Template, FoldersOfAnyScriptKeepTheirPlaces) {
  Fields fields;
  fields.text("path", "runs/שלום/عالم <1>/a_1: 'ö'");
  EXPECT_EQ(render_text("[{{:path}}]", fields),
            "[runs/<bdi>שלום</bdi>/<bdi>عالم</bdi> &lt;1&gt;/a_1: &#39;<bdi>ö</bdi>&#39;]");
  EXPECT_EQ(isolated("שלום עולם of c: é"), "<bdi>שלום עולם</bdi> of c: <bdi>é</bdi>");
  EXPECT_EQ(isolated(""), "");
  EXPECT_EQ(isolated("/a/\xff"), "/a/<bdi>\\xff</bdi>");
  EXPECT_THROW(render_text("{{:nobody}}", fields), std::logic_error);
}

TEST(Template, ATagAloneTakesItsLine) {
  Fields fields;
  fields.show("yes").show("no", false);
  EXPECT_EQ(render_text("a\n  {{#yes}}\nb\n{{/yes}}\n{{#no}}\nc\n{{/no}}\nd\n", fields),
            "a\nb\nd\n");
}

TEST(Template, MistakesAreOurs) {
  EXPECT_THROW(render_text("{{nobody}}", Fields()), std::logic_error);
  EXPECT_THROW(render_text("{{#a}}", Fields()), std::logic_error);
  EXPECT_THROW(render_text("{{/a}}", Fields()), std::logic_error);
  EXPECT_THROW(render("gone.html", Fields()), std::logic_error);
}

}  // namespace
}  // namespace cnn::report
