// CSV tables (RFC 4180), as spreadsheets write them: separated by commas, semicolons or tabs, with
// a header.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// What is wrong with a table, and in which of its lines, counted from 1.
class CsvError : public std::runtime_error {
 public:
  CsvError(std::size_t place, const std::string& what) : std::runtime_error(what), line(place) {}

  std::size_t line;
};

// Reads a table row by row. The first row is the header; its commonest separator, outside of
// quotes, is that of the table. Lines end with LF, CR LF or CR; empty lines are passed over, and so
// is UTF-8's mark at the beginning. A field in quotes may hold separators, line ends and quotes,
// the latter doubled.
class CsvReader {
 public:
  // The text must outlive the reader. Throws CsvError, as next does, if there is no header, or the
  // text is UTF-16.
  explicit CsvReader(std::string_view text);

  const std::vector<std::string>& header() const { return header_; }
  // The next row, of as many fields as the header has; false after the last. Throws CsvError: a row
  // has another number of fields, a quote is not closed or stands within a field, there is a zero
  // byte.
  bool next(std::vector<std::string>& fields);
  // Where the row that was read last begins.
  std::size_t line() const { return row_line_; }

 private:
  bool read_row(std::vector<std::string>& fields);
  std::string quoted_field();
  std::string plain_field();
  bool at_line_end() const { return text_[at_] == '\n' || text_[at_] == '\r'; }
  void pass_line_end();

  std::string_view text_;
  std::size_t at_ = 0;
  char separator_ = ',';
  std::size_t line_ = 1;
  std::size_t row_line_ = 1;
  std::vector<std::string> header_;
};

}  // namespace cnn
