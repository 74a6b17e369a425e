#include "data/sources/csv_source.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/option_reader.hpp"
#include "data/csv.hpp"
#include "data/sources/part_names.hpp"
#include "data/sources/picture_source.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestTable = std::size_t{1} << 28;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string in_small_letters(std::string text) {
  std::ranges::transform(text, text.begin(), lower);
  return text;
}

FileError error_at(const fs::path& table, std::size_t line, const std::string& what) {
  return FileError(path_text(table) + ":" + std::to_string(line) + ": error: " + what);
}

struct Row {
  std::string file;
  std::string label;
  DataPart part = DataPart::train;
  std::size_t line = 0;
};

struct Table {
  fs::path path;
  std::vector<Row> rows;
};

// The place of the first of `names` among the columns, whatever their capitals. Throws FileError
// where two columns have it.
std::optional<std::size_t> find_column(const fs::path& table,
                                       const std::vector<std::string>& header,
                                       const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto found = std::ranges::find(header, name, in_small_letters);
    if (found == header.end()) continue;
    if (std::ranges::count(header, name, in_small_letters) > 1) {
      throw error_at(table, 1, "has several columns " + in_quotes(name) + "; rename all but one");
    }
    return static_cast<std::size_t>(found - header.begin());
  }
  return std::nullopt;
}

std::size_t need_column(const fs::path& table, const std::vector<std::string>& header,
                        const std::string& what, const std::vector<std::string>& names) {
  if (const auto column = find_column(table, header, names)) return *column;
  std::vector<std::string> found;
  constexpr std::size_t kShown = 12;
  for (const std::string& name : header) {
    if (found.size() < kShown) found.push_back(in_quotes(name));
  }
  throw error_at(table, 1,
                 "no column for the " + what + ": the header has " + join(found, ", ") +
                     (header.size() > kShown ? ", …" : "") + "\n  call it " +
                     join(names, ", ", " or "));
}

DataPart part_of_row(const fs::path& table, std::size_t line, const std::string& text) {
  if (text == "0") return DataPart::train;
  if (text == "1") return DataPart::validation;
  if (text == "2") return DataPart::test;
  if (const std::optional<DataPart> part = part_of(text)) return *part;
  throw error_at(table, line,
                 "split must be train, validation or test (or 0, 1 or 2), got " + in_quotes(text));
}

void check_row(const fs::path& table, const Row& row) {
  if (row.file.empty()) throw error_at(table, row.line, "names no file");
  if (row.file.find('\0') != std::string::npos)
    throw error_at(table, row.line, "holds a zero byte");
  if (row.file.size() > kLongestPath) {
    throw error_at(table, row.line,
                   "the file's name '" + printable(row.file) + "' has " +
                       std::to_string(row.file.size()) + " bytes, the longest path has " +
                       std::to_string(kLongestPath) + "; is this the column of the files?");
  }
  if (row.label.empty()) {
    throw error_at(table, row.line, "gives " + in_quotes(row.file) + " no label");
  }
  constexpr std::size_t kLongestLabel = 255;  // bytes, as the name of a folder has at most
  if (row.label.size() > kLongestLabel) {
    throw error_at(table, row.line,
                   "the label '" + printable(row.label) + "' has " +
                       std::to_string(row.label.size()) + " bytes, at most " +
                       std::to_string(kLongestLabel) +
                       " are read; is this the column of the labels?");
  }
  if (!is_utf8(row.label) || has_control(row.label)) {
    throw error_at(table, row.line,
                   "the label " + in_quotes(row.label) +
                       (is_utf8(row.label) ? " holds a control character" : " is not UTF-8 text") +
                       "; save the table in UTF-8");
  }
}

// All rows; with `splits` they may say which part they are of.
Table read_table(const fs::path& path, bool splits) {
  const std::string text = read_file(path, kLargestTable);
  Table table{path, {}};
  try {
    CsvReader reader(text);
    const std::vector<std::string>& header = reader.header();
    const std::size_t file = need_column(
        path, header, "files", {"file", "file_name", "filename", "image", "image_path", "path"});
    const std::size_t label = need_column(path, header, "labels", {"label", "class", "classid"});
    const auto split = splits ? find_column(path, header, {"split"}) : std::nullopt;
    for (std::vector<std::string> fields; reader.next(fields);) {
      Row row{std::move(fields[file]), std::move(fields[label]), DataPart::train, reader.line()};
      check_row(path, row);
      if (split) row.part = part_of_row(path, row.line, fields[*split]);
      table.rows.push_back(std::move(row));
    }
  } catch (const CsvError& error) {
    throw error_at(path, error.line, error.what());
  }
  return table;
}

// The classes of a set, and whether they are called by the numbers 0 … K−1.
struct Classes {
  std::vector<std::string> names;
  bool numbered = false;
  std::map<std::string, std::size_t, std::less<>> places;
};

Classes find_classes(const Table& table, DataPart part) {
  std::set<std::string> names;
  for (const Row& row : table.rows) {
    if (row.part == part) names.insert(row.label);
  }
  Classes classes;
  classes.numbered = std::ranges::all_of(names, [&](const std::string& name) {
    const std::optional<std::int64_t> number = parse_integer(name);
    return number && *number >= 0 && static_cast<std::size_t>(*number) < names.size();
  });
  if (classes.numbered) {
    for (std::size_t k = 0; k < names.size(); ++k) classes.names.push_back(std::to_string(k));
  } else {
    classes.names.assign(names.begin(), names.end());
  }
  if (names.size() > kMostClasses) {
    throw file_error(table.path, "has " + std::to_string(names.size()) +
                                     " different labels, at most " + std::to_string(kMostClasses) +
                                     " are read; is this the column of the labels?");
  }
  for (std::size_t k = 0; k < classes.names.size(); ++k) classes.places[classes.names[k]] = k;
  return classes;
}

PictureList list_part(const Table& table, DataPart part, const Classes& classes) {
  PictureList list{table.path, {}, {}};
  if (!classes.numbered) list.classes = classes.names;
  const fs::path base = table.path.parent_path();
  for (const Row& row : table.rows) {
    if (row.part != part) continue;
    const auto place = classes.places.find(row.label);
    if (place == classes.places.end()) {
      throw error_at(table.path, row.line,
                     "the label " + in_quotes(row.label) +
                         " does not occur in the training part\n  " +
                         suggestion(row.label, classes.names, "its classes are"));
    }
    std::string path = (base / fs::path(row.file)).string();
    const std::size_t begin = path.size() - std::min(path.size(), row.file.size());
    list.files.push_back(
        {std::move(path), begin, static_cast<std::uint16_t>(place->second), row.line});
  }
  return list;
}

bool is_table(const fs::path& path) {
  const std::string extension = in_small_letters(path.extension().string());
  std::error_code unknown;
  return (extension == ".csv" || extension == ".tsv") && fs::is_regular_file(path, unknown);
}

// `table: FILE` for all parts, or `table: {train: FILE, …}`.
class CsvFormat final : public SourceFormat {
 public:
  std::unique_ptr<SourceFormat> clone() const override {
    return std::make_unique<CsvFormat>(*this);
  }

  void options(ConfigVisitor& visitor) override {
    if (!visitor.wants(kCsvFileKeys[0], names_files())) return;
    visitor.section(kCsvFileKeys[0], "file", [&](ConfigVisitor& inner) {
      inner.exclusive("file", {"train", "validation", "test"});
      inner.needs_one_of({"file", "train"});
      visit_file(inner, "file", file_);
      visit_file(inner, "train", train_);
      visit_file(inner, "validation", validation_);
      visit_file(inner, "test", test_);
    });
  }

  bool names_files() const override { return !file_.empty() || !train_.empty(); }
  void forget_files() override {
    for (fs::path* file : {&file_, &train_, &validation_, &test_}) file->clear();
  }
  bool keeps_pictures() const override { return true; }
  bool recognises(const fs::path& path) const override { return is_table(path); }

  std::vector<DataPart> parts(const fs::path& dir) const override {
    std::set<DataPart> parts;
    if (const fs::path& whole = dir.empty() ? file_ : dir; !whole.empty()) {
      for (const Row& row : read_table(whole, true).rows) parts.insert(row.part);
    } else {
      for (const auto& [part, file] :
           {std::pair(DataPart::train, &train_), std::pair(DataPart::test, &test_),
            std::pair(DataPart::validation, &validation_)}) {
        if (!file->empty()) parts.insert(part);
      }
    }
    return {parts.begin(), parts.end()};
  }

  std::unique_ptr<DataSource> open(const fs::path& dir, DataPart part,
                                   const PictureOptions& pictures) const override {
    const fs::path& whole = dir.empty() ? file_ : dir;
    if (whole.empty() && train_.empty()) {
      throw FileError("error: format csv needs data.table, the file that names the pictures");
    }
    Table training;
    Table own;
    if (!whole.empty()) {
      own = training = read_table(whole, true);
    } else {
      const fs::path& file = part == DataPart::train  ? train_
                             : part == DataPart::test ? test_
                                                      : validation_;
      if (file.empty()) {
        throw FileError("error: the configuration names no " + std::string(part_title(part)) +
                        " table; add data.table." + std::string(part_name(part)) + ": FILE");
      }
      training = read_table(train_, false);
      own = read_table(file, false);
      for (Row& row : own.rows) row.part = part;
    }
    const auto has = [](const Table& table, DataPart wanted) {
      return std::ranges::count(table.rows, wanted, &Row::part) > 0;
    };
    if (!has(own, part)) {
      throw file_error(own.path,
                       own.rows.empty()
                           ? "names no picture below its header"
                           : "has no " + std::string(part_title(part)) +
                                 " part: its rows are of others, as its column split says");
    }
    const bool trains = has(training, DataPart::train);
    const Classes classes =
        trains ? find_classes(training, DataPart::train) : find_classes(own, part);
    PictureList list = list_part(own, part, classes);
    if (part == DataPart::train || !trains) {
      return std::make_unique<PictureSource>(std::move(list), nullptr, pictures);
    }
    return std::make_unique<PictureSource>(
        std::move(list),
        std::make_shared<const PictureList>(list_part(training, DataPart::train, classes)),
        pictures);
  }

 private:
  static void visit_file(ConfigVisitor& visitor, std::string_view key, fs::path& file) {
    if (visitor.wants(key, !file.empty())) visitor.path(key, file);
  }

  // Empty if the configuration does not name them.
  fs::path file_;
  fs::path train_;
  fs::path validation_;
  fs::path test_;
};

}  // namespace

std::unique_ptr<SourceFormat> make_csv_format() {
  return std::make_unique<CsvFormat>();
}

}  // namespace cnn
