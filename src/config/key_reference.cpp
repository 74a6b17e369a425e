#include "config/key_reference.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace cnn {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Without backquotes, and of a link its text alone; "below" says nothing outside of the document.
std::string plain(std::string_view markdown) {
  std::string text;
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    const std::size_t middle = markdown.find("](", i);
    const std::size_t end = markdown.find(')', i);
    if (markdown[i] == '[' && middle < end && end != markdown.npos &&
        markdown.find(']', i) == middle) {
      const std::string_view name = markdown.substr(i + 1, middle - i - 1);
      if (name != "below") {
        text += name;
      } else if (text.ends_with(", ")) {
        text.resize(text.size() - 2);
      }
      i = end;
    } else if (markdown[i] != '`') {
      text += markdown[i];
    }
  }
  return text;
}

// What stands in backquotes, or the whole where nothing does.
std::vector<std::string> names_in(std::string_view heading) {
  std::vector<std::string> names;
  for (std::size_t begin = heading.find('`'); begin != heading.npos;) {
    const std::size_t end = heading.find('`', begin + 1);
    if (end == heading.npos) break;
    names.emplace_back(heading.substr(begin + 1, end - begin - 1));
    begin = heading.find('`', end + 1);
  }
  if (names.empty()) names.emplace_back(heading);
  return names;
}

std::vector<std::string_view> cells_of(std::string_view row) {
  std::vector<std::string_view> cells;
  for (std::size_t begin = 1; begin < row.size();) {
    const std::size_t end = std::min(row.find('|', begin), row.size());
    cells.push_back(trimmed(row.substr(begin, end - begin)));
    begin = end + 1;
  }
  return cells;
}

}  // namespace

KeyReference::KeyReference(std::string_view markdown) {
  bool in_about = false;
  while (!markdown.empty()) {
    const std::size_t end = std::min(markdown.find('\n'), markdown.size());
    const std::string_view line = trimmed(markdown.substr(0, end));
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
    if (line.starts_with('#')) {
      components_.push_back({names_in(trimmed(line.substr(line.find_first_not_of('#')))), {}, {}});
      in_about = true;
    } else if (components_.empty()) {
      continue;
    } else if (line.starts_with("| `")) {
      const std::vector<std::string_view> cells = cells_of(line);
      in_about = false;
      if (cells.size() == 4) {
        components_.back().rows.push_back(
            {plain(cells[0]), plain(cells[1]), plain(cells[2]), plain(cells[3])});
      }
    } else if (in_about) {
      std::string& about = components_.back().about;
      if (line.empty() || line.starts_with('|') || line.starts_with('-')) {
        in_about = about.empty() && line.empty();
      } else {
        about += (about.empty() ? "" : " ") + plain(line);
      }
    }
  }
}

const KeyReference::Component* KeyReference::component(std::string_view name) const {
  const auto found =
      std::find_if(components_.begin(), components_.end(), [&](const Component& component) {
        return std::find(component.names.begin(), component.names.end(), name) !=
               component.names.end();
      });
  return found == components_.end() ? nullptr : &*found;
}

const KeyReference::Row* KeyReference::find(std::string_view name, std::string_view key,
                                            std::string_view fallback) const {
  for (const std::string_view place : {name, name.substr(name.rfind('.') + 1), fallback}) {
    const Component* const there = component(place);
    if (there == nullptr) continue;
    const auto row = std::find_if(there->rows.begin(), there->rows.end(),
                                  [&](const Row& each) { return each.key == key; });
    if (row != there->rows.end()) return &*row;
  }
  return nullptr;
}

std::string_view KeyReference::about(std::string_view name) const {
  const Component* const there = component(name);
  return there == nullptr ? std::string_view() : there->about;
}

}  // namespace cnn
