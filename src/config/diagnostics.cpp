#include "config/diagnostics.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "cnn/error.hpp"

#include "base/text.hpp"

namespace cnn {
namespace {

constexpr std::size_t kMostShown = 20;    // diagnostics
constexpr std::size_t kLongestLine = 96;  // characters of a source line

std::string_view line_of(std::string_view text, std::size_t line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// One character of a source line as the terminal gets it: exactly one, so that columns stay.
struct Cell {
  std::string text;
  int width;
};

std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  while (!line.empty()) {
    const Character c = first_character(line);
    if (c.code == '\t') {
      cells.push_back({" ", 1});
    } else if (!c.valid || is_control(c.code)) {
      cells.push_back({"?", 1});
    } else {
      cells.push_back({std::string(line.substr(0, c.bytes)), display_width(c.code)});
    }
    line.remove_prefix(c.bytes);
  }
  return cells;
}

// The cells from `first` up to `last` that are shown: all, or a part of a long line around
// `column`.
struct Part {
  std::size_t first, last;
  bool cut_before;
};

// Indentation is left out, except where the place is in it.
Part visible_part(const std::vector<Cell>& cells, std::size_t column) {
  std::size_t first = 0;
  while (first < std::min(cells.size(), column) && cells[first].text == " ") ++first;
  if (cells.size() - first <= kLongestLine) return {first, cells.size(), false};
  const bool cut = column > first + kLongestLine * 2 / 3;
  if (cut) first = std::min(column - kLongestLine / 2, cells.size());
  return {first, std::min(first + kLongestLine, cells.size()), cut};
}

// The line and, under it, the caret: "\n  text\n  ^~~~".
std::string snippet(std::string_view line, const Place& place) {
  const std::vector<Cell> cells = cells_of(line);
  const std::size_t column = place.column - 1;
  const auto [first, last, cut_before] = visible_part(cells, column);
  std::string text = cut_before ? "…" : "";
  std::string caret = cut_before ? " " : "";
  for (std::size_t i = first; i < std::max(last, column + 1); ++i) {
    const auto width = static_cast<std::size_t>(i < cells.size() ? cells[i].width : 1);
    if (i < last) text += cells[i].text;
    if (i < column) caret.append(width, ' ');
    if (i == column) caret += "^" + std::string(std::max<std::size_t>(width, 1) - 1, '~');
    if (i > column && i < column + place.length) caret.append(width, '~');
  }
  if (last < cells.size()) text += "…";
  return "\n  " + text + "\n  " + caret;
}

std::string indented(const std::string& lines) {
  std::string result = "\n  ";
  for (const char c : lines) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result;
}

}  // namespace

std::string render(const std::vector<Source>& sources, const Diagnostic& diagnostic) {
  const Source& source = sources.at(diagnostic.place.source);
  const Place& place = diagnostic.place;
  std::string text = source.name;
  if (source.kind == Source::Kind::file && place.line > 0) {
    text += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  }
  text += ": error: " + diagnostic.message;
  const std::string_view line =
      place.line > 0 ? line_of(source.text, place.line) : std::string_view();
  if (!line.empty()) text += snippet(line, place);
  if (!diagnostic.hint.empty()) text += indented(diagnostic.hint);
  return text;
}

void Diagnostics::add(const Place& place, std::string message, std::string hint) {
  found_.push_back({place, std::move(message), std::move(hint)});
}

std::string Diagnostics::text(const std::vector<Source>& sources) const {
  std::vector<Diagnostic> sorted = found_;
  const auto order = [](const Diagnostic& d) {
    return std::make_tuple(d.place.source, d.place.line, d.place.column);
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return order(a) < order(b); });
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kMostShown); ++i) {
    text += (i > 0 ? "\n" : "") + render(sources, sorted[i]);
  }
  if (sorted.size() > kMostShown) {
    text += "\n… and " + std::to_string(sorted.size() - kMostShown) + " more";
  }
  return text;
}

void Diagnostics::throw_if_any(const std::vector<Source>& sources) const {
  if (!empty()) throw ConfigError(text(sources));
}

}  // namespace cnn
