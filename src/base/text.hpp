// Text for people: numbers, lists of words, close matches, and what may be shown on a terminal.
// All text is UTF-8; a character is a Unicode code point.

#pragma once

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// The digits that read back as the same number and no more of them, whatever the locale:
// "0.0001", "32768", "1e-07". Requires a finite value.
std::string number_text(double value);

// For people: the same of the number rounded to three significant digits. "0.00355".
std::string rounded_text(double value);

// The first character of `text` and the bytes it takes; a byte that is not UTF-8 is U+FFFD, alone.
struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;
  bool valid = true;
};
// Requires text that is not empty.
Character first_character(std::string_view text);

bool is_utf8(std::string_view text);

// At least one character, all of them ASCII letters, digits, or one of `marks`.
bool is_word(std::string_view text, std::string_view marks);

std::size_t count_characters(std::string_view text);

// Columns on a terminal: 2 for East Asian wide characters and emoji, 0 for combining ones.
int display_width(char32_t code);

// May not stand in a line of a terminal: control characters, line and paragraph separators, and
// what turns the direction of the text around it.
bool is_control(char32_t code);
// Holds a character that is_control.
bool has_control(std::string_view text);

// `text` as it may stand in a message: control characters and broken bytes escaped ("\x1b"), cut
// after `most` characters.
std::string shown(std::string_view text, std::size_t most = 60);
// The same of the whole text, whose line ends remain.
std::string shown_lines(std::string_view text);
// Writes that. What commands print goes through here, or through the log, which does the same:
// names come from strangers, whoever made the message. Allocates nothing.
void write_lines(std::FILE* stream, std::string_view text);
// JSON with what a terminal must not see in escapes of its own ("\u001b"): it says the same.
std::string shown_json(std::string_view json);
// `text` with broken bytes alone escaped ("\xff").
std::string as_utf8(std::string_view text);
// As by shown(), in single quotes.
std::string in_quotes(std::string_view text);

// `text` as one word of a command line for a POSIX shell: in single quotes where it must be.
std::string shell_word(std::string_view text);

// "a b c" for join(words, " "). `last` stands between the last two.
std::string join(std::span<const std::string> words, std::string_view separator,
                 std::string_view last);
std::string join(std::span<const std::string> words, std::string_view separator);
std::vector<std::string> to_strings(std::span<const std::string_view> words);

// The candidate nearest to `word`: at most two edits away (a letter more, less, changed, or two
// neighbours swapped; capitals count as small letters), and less than half the word. Empty if none.
std::string closest(std::string_view word, std::span<const std::string> candidates);

// "did you mean 'stride'?  conv accepts: name count …"; the question only where a word is close.
// The words may come from a file: they are shown as by shown().
std::string suggestion(std::string_view word, std::span<const std::string> words,
                       std::string_view list_title);

// "14.1 MB"
std::string bytes_text(double bytes);

}  // namespace cnn
