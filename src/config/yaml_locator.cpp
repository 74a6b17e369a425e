#include "config/yaml_locator.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace cnn {
namespace {

bool begins_with_any(std::string_view text, std::string_view characters) {
  return !text.empty() && characters.find(text[0]) != std::string_view::npos;
}

// Quotes included; npos if there is no closing one.
std::size_t quoted_bytes(std::string_view text) {
  const char quote = text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool doubled = quote == '\'' && text.substr(i).starts_with("''");
    if (doubled || (quote == '"' && text[i] == '\\')) {
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Locator::Locator(std::size_t source, std::string_view text) : source_(source), text_(text) {
  lines_.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') lines_.push_back(i + 1);
  }
}

Place Locator::at(std::size_t offset, std::size_t length) {
  offset = std::min(offset, text_.size());
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), offset) - 1;
  if (offset < offset_ || *line > offset_) {
    offset_ = *line;
    column_ = 1;
  }
  column_ += count_characters(text_.substr(offset_, offset - offset_));
  offset_ = offset;
  return {source_, static_cast<std::size_t>(line - lines_.begin()) + 1, column_, length};
}

std::string_view Locator::before(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const std::size_t begin = *(std::upper_bound(lines_.begin(), lines_.end(), offset) - 1);
  return text_.substr(begin, offset - begin);
}

bool begins_in_quotes(std::string_view text) {
  return begins_with_any(text, "\"'|>");
}

std::size_t scalar_bytes(std::string_view text, std::string_view value) {
  if (begins_with_any(text, "|>")) return 1;
  if (!begins_with_any(text, "\"'") && text.starts_with(value) &&
      value.find('\n') == std::string_view::npos) {
    return value.size();
  }
  const bool in_quotes = begins_with_any(text, "\"'");
  const std::size_t bytes = in_quotes ? quoted_bytes(text) : text.size();
  if (bytes == std::string_view::npos) return bytes;
  return std::min(bytes, text.substr(0, bytes).find_first_of("\r\n"));
}

}  // namespace cnn
