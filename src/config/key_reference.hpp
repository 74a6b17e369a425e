// KeyReference: what a document in Markdown tells of keys. Its headings name components in
// backquotes, and rows "| `key` | meaning | default | values |" below them are their keys.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cnn {

class KeyReference {
 public:
  explicit KeyReference(std::string_view markdown);

  struct Row {
    std::string key;
    std::string meaning;  // all three without Markdown's marks
    std::string by_default;
    std::string values;
  };

  // nullptr if the document does not have the key. `component` is as in a heading
  // ("training.schedule"). Keys that are not there are looked for under the last part of that name
  // ("init" of "conv.init"), then under `fallback`.
  const Row* find(std::string_view component, std::string_view key,
                  std::string_view fallback = {}) const;
  // The first paragraph below the component's heading, or empty.
  std::string_view about(std::string_view component) const;

 private:
  struct Component {
    std::vector<std::string> names;
    std::string about;
    std::vector<Row> rows;
  };
  const Component* component(std::string_view name) const;

  std::vector<Component> components_;
};

}  // namespace cnn
