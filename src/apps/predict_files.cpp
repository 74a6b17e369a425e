#include "apps/predict_files.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "data/picture_folder.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestList = std::size_t{1} << 28;

std::string read_stdin() {
  std::string text;
  std::array<char, 65536> piece;
  for (std::size_t count; (count = std::fread(piece.data(), 1, piece.size(), stdin)) > 0;) {
    if (text.size() + count > kLargestList)
      throw FileError("stdin: error: more than 256 MB of names");
    text.append(piece.data(), count);
  }
  if (std::ferror(stdin) != 0) throw FileError("stdin: error: cannot be read");
  return text;
}

void add(PictureFiles& found, const std::string& path) {
  if (path.size() > kLongestPath) {
    found.faults.push_back(printable(path) + ": error: a name of " + std::to_string(path.size()) +
                           " bytes, the longest path has " + std::to_string(kLongestPath) +
                           "; is this a list of files, one per line?");
    return;
  }
  std::error_code unknown;
  if (!fs::is_directory(path, unknown)) {
    found.files.push_back(path);
    return;
  }
  try {
    std::vector<std::string> pictures = files_below(path);
    const std::size_t all = pictures.size();
    for (std::string& file : pictures) file = (fs::path(path) / file).string();
    std::erase_if(pictures, [](const std::string& file) { return !is_picture_file(file); });
    found.passed_over += pictures.empty() ? 0 : all - pictures.size();
    // Without a picture it is a mistake, and reported in its turn.
    if (pictures.empty()) pictures.push_back(path);
    std::ranges::move(pictures, std::back_inserter(found.files));
  } catch (const FileError& error) {
    found.faults.emplace_back(error.what());
  }
}

void add_lines(PictureFiles& found, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) add(found, std::string(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

PictureFiles find_picture_files(const std::vector<std::string>& arguments) {
  PictureFiles found;
  for (const std::string& argument : arguments) {
    if (argument == "-") {
      add_lines(found, read_stdin());
    } else if (argument.starts_with('@')) {
      add_lines(found, read_file(fs::path(argument.substr(1)), kLargestList));
    } else {
      add(found, argument);
    }
  }
  return found;
}

}  // namespace cnn::app
