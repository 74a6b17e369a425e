// Templates: the markup of a report stands in the files of templates/, which are built into the
// program. Code gives them values and knows no markup; the one place that escapes is here.
//
//   {{name}}             the text of that name, escaped
//   {{:name}}            the same, a text with paths in it: each of their parts keeps its place,
//                        whatever its direction; between tags of HTML only
//   {{#name}}…{{/name}}  once per item of the list of that name; the item's own names come first
//   {{^name}}…{{/name}}  where that list is missing or empty
//   {{>file}}            another template, with the same names
//
// A tag of the last three kinds that is alone on its line takes the line with it.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cnn::report {

// What a template is filled with. A name is that of a text or that of a list.
class Fields {
 public:
  Fields& text(const std::string& name, std::string value);
  // One more item.
  Fields& add(const std::string& name, Fields item);
  // A list of one item without names, or of none.
  Fields& show(const std::string& name, bool shown = true);

  const std::string* find_text(const std::string& name) const;
  const std::vector<Fields>* find_list(const std::string& name) const;

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<Fields>> lists_;
};

// `text` as HTML and SVG show it, between tags and in quoted attributes: markup, control characters
// and bytes that are not UTF-8 lose their meaning.
std::string escaped(std::string_view text);
// The same, with each word that may run from right to left isolated from its neighbours: two such
// folders side by side would otherwise change places.
std::string isolated(std::string_view text);

// The template of that name, filled. Throws std::logic_error for a mistake in the template: a text
// that nobody gives, a section that does not end, a template that is not there.
std::string render(std::string_view name, const Fields& fields);
// The same of a template that is no file, for tests.
std::string render_text(std::string_view source, const Fields& fields);

}  // namespace cnn::report
