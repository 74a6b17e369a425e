#include "data/csv.hpp"

#include <algorithm>
#include <array>

namespace cnn {
namespace {

constexpr std::string_view kSeparators = ",;\t";

// The commonest separator of the first line, what stands in quotes apart; a comma if there is none.
char find_separator(std::string_view text) {
  std::array<std::size_t, kSeparators.size()> counts{};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    if (const std::size_t i = kSeparators.find(c); i != std::string_view::npos) ++counts[i];
  }
  return kSeparators[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

}  // namespace

CsvReader::CsvReader(std::string_view text) : text_(text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
    throw CsvError(1, "is UTF-16 text; save it as CSV in UTF-8");
  }
  if (text_.starts_with(kMark)) text_.remove_prefix(kMark.size());
  const std::size_t first = std::min(text_.find_first_not_of("\r\n"), text_.size());
  separator_ = find_separator(text_.substr(first));
  if (!read_row(header_)) throw CsvError(1, "is empty; expected a header row and rows below");
}

bool CsvReader::next(std::vector<std::string>& fields) {
  if (!read_row(fields)) return false;
  if (fields.size() == header_.size()) return true;
  throw CsvError(row_line_, "has " + std::to_string(fields.size()) + " fields, the header has " +
                                std::to_string(header_.size()) +
                                "; a field that holds the separator must stand in quotes");
}

void CsvReader::pass_line_end() {
  if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
  ++at_;
  ++line_;
}

bool CsvReader::read_row(std::vector<std::string>& fields) {
  fields.clear();
  while (at_ < text_.size() && at_line_end()) pass_line_end();
  if (at_ == text_.size()) return false;
  row_line_ = line_;
  while (true) {
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    fields.push_back(quoted ? quoted_field() : plain_field());
    if (at_ == text_.size()) return true;
    if (at_line_end()) {
      pass_line_end();
      return true;
    }
    ++at_;  // the separator
  }
}

std::string CsvReader::plain_field() {
  const std::size_t begin = at_;
  for (; at_ < text_.size() && text_[at_] != separator_ && !at_line_end(); ++at_) {
    if (text_[at_] == '"') {
      throw CsvError(line_,
                     "a quote stands within a field; put the field in quotes, and double "
                     "the quotes in it");
    }
    if (text_[at_] == '\0') throw CsvError(line_, "holds a zero byte; this is no text");
  }
  return std::string(text_.substr(begin, at_ - begin));
}

std::string CsvReader::quoted_field() {
  const std::size_t begin_line = line_;
  std::string field;
  ++at_;
  while (true) {
    if (at_ == text_.size()) throw CsvError(begin_line, "the quote that opens here is not closed");
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      if (at_ == text_.size() || text_[at_] != '"') break;
    } else if (c == '\0') {
      throw CsvError(line_, "holds a zero byte; this is no text");
    } else if (c == '\n' || (c == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] != '\n'))) {
      ++line_;
    }
    field += c;
    ++at_;
  }
  if (at_ < text_.size() && text_[at_] != separator_ && !at_line_end()) {
    throw CsvError(line_,
                   "something follows the quote that closes a field; double the quotes in a "
                   "field");
  }
  return field;
}

}  // namespace cnn
