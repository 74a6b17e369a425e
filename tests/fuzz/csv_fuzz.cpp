// A CSV table. What is read is written anew, all fields in quotes, and read again.

#include <string>
#include <vector>

#include "data/csv.hpp"
#include "fuzz.hpp"

namespace {

using namespace cnn;
using namespace cnn::fuzz;

using Rows = std::vector<std::vector<std::string>>;

// Header and rows; nothing if the text is no table.
std::optional<Rows> read(std::string_view text) {
  try {
    CsvReader reader(text);
    Rows rows = {reader.header()};
    for (std::vector<std::string> row; reader.next(row);) rows.push_back(row);
    return rows;
  } catch (const CsvError& error) {
    require(error.line >= 1 && error.line <= text.size() + 1, "an error has a line of the text");
    return std::nullopt;
  }
}

std::string written(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i > 0 ? ",\"" : "\"";
      for (const char c : row[i]) text += c == '"' ? std::string("\"\"") : std::string(1, c);
      text += '"';
    }
    text += '\n';
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::optional<Rows> rows = read(text_of(data, size));
  if (!rows) return 0;
  for (const auto& row : *rows) {
    require(row.size() == rows->front().size(), "all rows have as many fields as the header");
  }
  const std::string text = written(*rows);
  require(read(text) == rows, "a table that is written anew reads the same");
  return 0;
}
