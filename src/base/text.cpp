#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace cnn {
namespace {

constexpr std::size_t kMostEdits = 2;

struct Range {
  char32_t first, last;
};

// The blocks of Unicode's East Asian Width "wide" that configurations are likely to hold.
constexpr std::array<Range, 11> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F300, 0x1F64F},
                                          {0x1F680, 0x1F6FF},
                                          {0x1F900, 0x1F9FF},
                                          {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 4> kCombining = {
    {{0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20F0}, {0xFE00, 0xFE0F}}};

bool is_in(char32_t code, std::span<const Range> ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](Range r) { return r.first <= code && code <= r.last; });
}

// The first character of a text as a terminal may get it: itself, or an escape.
class ShownCharacter {
 public:
  // Requires text that is not empty, and outlives the object.
  explicit ShownCharacter(std::string_view text) {
    const Character c = first_character(text);
    bytes_ = c.bytes;
    text_ = text.substr(0, c.bytes);
    if (c.valid && !is_control(c.code)) return;
    // A broken byte is a byte, whatever its value; a character of that number is none.
    const bool as_byte = !c.valid || c.code < 0x80;
    const unsigned code = c.valid ? c.code : static_cast<unsigned char>(text[0]);
    const int length = std::snprintf(escape_.data(), escape_.size(),
                                     as_byte ? "\\x%02x" : "\\u%04x", code & 0xFFFF);
    text_ = {escape_.data(), static_cast<std::size_t>(length)};
  }
  ShownCharacter(const ShownCharacter&) = delete;
  ShownCharacter& operator=(const ShownCharacter&) = delete;

  std::string_view text() const { return text_; }
  std::size_t bytes() const { return bytes_; }  // of the text that it is the first of

 private:
  std::array<char, 8> escape_{};
  std::string_view text_;
  std::size_t bytes_ = 0;
};

// Calls `put` with all of `text` as it may be shown, its line ends as they are, piece by piece.
template <typename Put>
void for_each_piece(std::string_view text, const Put& put) {
  std::size_t clean = 0;  // bytes from the start that stand for themselves
  while (clean < text.size()) {
    const ShownCharacter c(text.substr(clean));
    if (text[clean] == '\n' || c.text().data() == text.data() + clean) {
      clean += c.bytes();
      continue;
    }
    put(text.substr(0, clean));
    put(c.text());
    text.remove_prefix(clean + c.bytes());
    clean = 0;
  }
  put(text);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// Optimal string alignment: Levenshtein's distance with swaps of neighbours (Damerau 1964).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string number_text(double value) {
  // Fixed notation where people would use it; both take the fewest digits that read back.
  const double size = std::abs(value);
  const bool fixed = size == 0 || (size >= 1e-6 && size < 1e15);
  std::array<char, 64> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    fixed ? std::chars_format::fixed : std::chars_format::scientific);
  return error == std::errc{} ? std::string(buffer.data(), end) : std::string("?");
}

std::string rounded_text(double value) {
  std::array<char, 32> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                     std::chars_format::scientific, 2);
  double rounded = value;
  std::from_chars(digits.data(), written.ptr, rounded);
  return number_text(rounded);
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  constexpr Character kBroken{0xFFFD, 1, false};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return kBroken;
  auto code = static_cast<char32_t>(lead & (0xFF >> (length + 1)));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kBroken;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const bool surrogate = 0xD800 <= code && code <= 0xDFFF;
  if (code < kSmallest[length] || code > 0x10FFFF || surrogate) return kBroken;
  return {code, length, true};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (!c.valid) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

bool is_word(std::string_view text, std::string_view marks) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); text.remove_prefix(first_character(text).bytes)) ++count;
  return count;
}

int display_width(char32_t code) {
  if (is_in(code, kCombining)) return 0;
  return is_in(code, kWide) ? 2 : 1;
}

bool is_control(char32_t code) {
  if (code < 0x7F) return code < 0x20;
  constexpr std::array<Range, 3> kControls = {{{0x7F, 0x9F}, {0x2028, 0x202E}, {0x2066, 0x2069}}};
  return is_in(code, kControls);
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (is_control(c.code)) return true;
    text.remove_prefix(c.bytes);
  }
  return false;
}

std::string shown(std::string_view text, std::size_t most) {
  std::string result;
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == most) return result + "…";
    const ShownCharacter c(text);
    result += c.text();
    text.remove_prefix(c.bytes());
  }
  return result;
}

std::string shown_lines(std::string_view text) {
  std::string result;
  for_each_piece(text, [&](std::string_view piece) { result += piece; });
  return result;
}

void write_lines(std::FILE* stream, std::string_view text) {
  for_each_piece(
      text, [&](std::string_view piece) { std::fwrite(piece.data(), 1, piece.size(), stream); });
}

std::string shown_json(std::string_view json) {
  std::string result;
  while (!json.empty()) {
    const Character c = first_character(json);
    if (json[0] == '\n' || !is_control(c.code)) {
      result += json.substr(0, c.bytes);
    } else {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x",
                    static_cast<unsigned>(c.code) & 0xFFFF);
      result += escape.data();
    }
    json.remove_prefix(c.bytes);
  }
  return result;
}

std::string as_utf8(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Character c = first_character(text);
    result += c.valid ? text.substr(0, c.bytes) : ShownCharacter(text).text();
    text.remove_prefix(c.bytes);
  }
  return result;
}

std::string shell_word(std::string_view text) {
  if (is_word(text, "_-./=:,+@%")) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string in_quotes(std::string_view text) {
  return "'" + shown(text) + "'";
}

std::string join(std::span<const std::string> words, std::string_view separator,
                 std::string_view last) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? last : separator;
    result += words[i];
  }
  return result;
}

std::string join(std::span<const std::string> words, std::string_view separator) {
  return join(words, separator, separator);
}

std::vector<std::string> to_strings(std::span<const std::string_view> words) {
  return {words.begin(), words.end()};
}

std::string closest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  std::size_t best_distance = kMostEdits + 1;
  const std::string wanted = lower(word);
  for (const std::string& candidate : candidates) {
    // Lengths that differ by more cannot be within reach; this also bounds the work.
    const std::size_t shorter = std::min(candidate.size(), wanted.size());
    if (std::max(candidate.size(), wanted.size()) - shorter > kMostEdits) continue;
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    if (distance < best_distance && 2 * distance < wanted.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> words,
                       std::string_view list_title) {
  const std::string match = closest(word, words);
  std::vector<std::string> list;
  for (const std::string& known : words) list.push_back(shown(known));
  return (match.empty() ? "" : "did you mean " + in_quotes(match) + "?  ") +
         std::string(list_title) + ": " + join(list, " ");
}

std::string bytes_text(double bytes) {
  const auto text = [](double value, int digits, const char* unit) {
    std::array<char, 400> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::fixed, digits);
    return std::string(buffer.data(), end.ptr) + unit;
  };
  if (bytes >= 1e9) return text(bytes / 1e9, 2, " GB");
  if (bytes >= 1e6) return text(bytes / 1e6, 1, " MB");
  return text(bytes / 1e3, 1, " kB");
}

}  // namespace cnn
