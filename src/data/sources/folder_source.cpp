#include "data/sources/folder_source.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "data/picture_folder.hpp"
#include "data/sources/part_names.hpp"
#include "data/sources/picture_source.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// "found only: a, b and 12 more"
std::string found_only(const FolderContents& contents) {
  std::vector<std::string> names = contents.folders;
  names.insert(names.end(), contents.files.begin(), contents.files.end());
  if (names.empty()) return "found nothing";
  constexpr std::size_t kShown = 8;
  std::vector<std::string> named;
  for (const std::string& name : names) {
    if (named.size() < kShown) named.push_back(printable(name));
  }
  return "found only: " + join(named, ", ") +
         (names.size() > kShown ? " and " + std::to_string(names.size() - kShown) + " more" : "");
}

// Where the parts of a set stand.
using PartFolders = std::map<DataPart, fs::path>;

// Pictures to be classified, as competitions give them: nobody can be scored by them.
bool is_unlabelled(DataPart part, const fs::path& folder) {
  if (part != DataPart::test) return false;
  const FolderContents contents = look_into(folder);
  return contents.folders.empty() && !contents.files.empty();
}

PartFolders find_parts(const fs::path& dir) {
  const FolderContents contents = look_into(dir);
  PartFolders parts;
  bool all = !contents.folders.empty();
  for (const std::string& name : contents.folders) {
    const std::optional<DataPart> part = part_of(name);
    if (!part) {
      all = false;
    } else if (!parts.emplace(*part, dir / name).second) {
      throw file_error(dir, "holds both " + in_quotes(parts.at(*part).filename().string()) +
                                " and " + in_quotes(name) +
                                ", which are names of one part; keep one of them");
    }
  }
  // A class may be called "train", too: its folder holds pictures then, and stands among others.
  const auto train = parts.find(DataPart::train);
  const bool has_classes = train != parts.end() && !look_into(train->second).folders.empty();
  if (all || has_classes) {
    std::erase_if(parts, [&](const auto& entry) {
      return parts.size() > 1 && is_unlabelled(entry.first, entry.second);
    });
    return parts;
  }
  return {{DataPart::train, dir}};
}

// Why there is no such part, if it seems to be there.
std::string unlabelled_text(const fs::path& dir, DataPart part) {
  for (const std::string& name : look_into(dir).folders) {
    if (part_of(name) != part || !is_unlabelled(part, dir / name)) continue;
    return "\n  its folder " + in_quotes(name) +
           " holds pictures without classes: cnn-predict takes it; to score, hold pictures of the "
           "training part out with data.test: N";
  }
  return "";
}

// An archive often has a folder of its own around everything.
void refuse_wrapped(const fs::path& part, const FolderContents& contents) {
  if (contents.folders.size() != 1) return;
  const fs::path inner = part / contents.folders.front();
  std::vector<std::string> parts;
  for (const std::string& name : look_into(inner).folders) {
    if (part_of(name)) parts.push_back(in_quotes(name));
  }
  const bool has_training = std::ranges::any_of(
      look_into(inner).folders, [](const auto& name) { return part_of(name) == DataPart::train; });
  if (!has_training) return;
  throw file_error(part, "holds one folder, " + in_quotes(contents.folders.front()) +
                             ", which would be the only class, and in it " + join(parts, ", ") +
                             "\n  the data set seems to be " + path_text(inner) +
                             ": give that directory");
}

void require_directory(const fs::path& dir) {
  if (dir.empty()) {
    throw FileError("error: format folder needs data.dir, the directory of the pictures");
  }
  std::error_code code;
  const fs::file_status status = fs::status(dir, code);
  if (status.type() == fs::file_type::not_found) throw file_error(dir, "no such directory");
  if (code) throw file_error(dir, "cannot be opened: " + code.message());
  if (status.type() != fs::file_type::directory) throw file_error(dir, "is not a directory");
}

// The classes of a part, in byte order.
std::vector<std::string> find_classes(const fs::path& part) {
  const FolderContents contents = look_into(part);
  if (contents.folders.empty()) {
    throw file_error(part, "holds no folders of classes, only " +
                               std::to_string(contents.files.size()) +
                               " file(s)\n  put the pictures of each class into a folder of its "
                               "name, as in " +
                               path_text(part / "cat" / "1.jpg"));
  }
  refuse_wrapped(part, contents);
  for (const std::string& name : contents.files) {
    if (contents.folders.size() > 1 || !name.ends_with(".csv")) continue;
    throw file_error(part, "holds one folder, " + in_quotes(contents.folders.front()) +
                               ", which would be the only class, and the table " + in_quotes(name) +
                               "\n  if it names the classes, say data.table: " +
                               path_text(part / name) + " instead of data.dir");
  }
  for (const std::string& name : contents.folders) {
    if (!is_utf8(name) || has_control(name)) {
      throw file_error(part,
                       "the name of its folder " + in_quotes(name) +
                           (is_utf8(name) ? " holds a control character" : " is not UTF-8 text") +
                           "; a class is called by it, so rename it");
    }
  }
  if (contents.folders.size() > kMostClasses) {
    throw file_error(part, "holds " + std::to_string(contents.folders.size()) +
                               " folders of classes, at most " + std::to_string(kMostClasses) +
                               " are read");
  }
  return contents.folders;
}

void add_files(PictureList& list, const std::string& name, std::size_t label) {
  const fs::path folder = list.origin / name;
  for (const std::string& file : files_below(folder)) {
    std::string path = (folder / file).string();
    const std::size_t begin = path.size() - (name.size() + 1 + file.size());
    list.files.push_back({std::move(path), begin, static_cast<std::uint16_t>(label), 0});
  }
}

PictureList list_training(const fs::path& part) {
  PictureList list{part, find_classes(part), {}};
  for (std::size_t k = 0; k < list.classes.size(); ++k) add_files(list, list.classes[k], k);
  if (list.files.empty()) throw file_error(part, "its folders hold no picture");
  return list;
}

PictureList list_other(const fs::path& part, const PictureList& training) {
  PictureList list{part, training.classes, {}};
  for (const std::string& name : find_classes(part)) {
    const auto found = std::ranges::lower_bound(training.classes, name);
    const bool is_known = found != training.classes.end() && *found == name;
    const std::size_t before = list.files.size();
    add_files(list, name, static_cast<std::size_t>(found - training.classes.begin()));
    if (!is_known && list.files.size() > before) {
      throw file_error(part / name, "is of a class that the training part in " +
                                        path_text(training.origin) + " does not have\n  " +
                                        suggestion(name, training.classes, "its classes are"));
    }
  }
  if (list.files.empty()) throw file_error(part, "its folders hold no picture");
  return list;
}

class FolderFormat final : public SourceFormat {
 public:
  std::unique_ptr<SourceFormat> clone() const override {
    return std::make_unique<FolderFormat>(*this);
  }
  void options(ConfigVisitor&) override {}
  bool names_files() const override { return false; }
  void forget_files() override {}
  bool keeps_pictures() const override { return true; }

  // Folders are enough; pictures without folders belong here, too, to be told what they lack.
  bool recognises(const fs::path& dir) const override {
    if (!is_directory(dir)) return false;
    const FolderContents contents = look_into(dir);
    constexpr std::size_t kMostTried = 100;
    const std::size_t tried = std::min(contents.files.size(), kMostTried);
    return !contents.folders.empty() ||
           std::any_of(contents.files.begin(),
                       contents.files.begin() + static_cast<std::ptrdiff_t>(tried),
                       [&](const std::string& name) { return is_picture_file(dir / name); });
  }

  std::vector<DataPart> parts(const fs::path& dir) const override {
    if (!recognises(dir)) return {};
    std::vector<DataPart> parts;
    for (const auto& [part, folder] : find_parts(dir)) parts.push_back(part);
    return parts;
  }

  std::unique_ptr<DataSource> open(const fs::path& dir, DataPart part,
                                   const PictureOptions& pictures) const override {
    require_directory(dir);
    const PartFolders parts = find_parts(dir);
    const auto found = parts.find(part);
    if (found == parts.end()) {
      throw file_error(dir, "no " + std::string(part_title(part)) +
                                " part in this directory\n  looked for a folder " +
                                join(part_names(part), ", ", " or ") + "; " +
                                found_only(look_into(dir)) + unlabelled_text(dir, part));
    }
    const auto train = parts.find(DataPart::train);
    if (part == DataPart::train || train == parts.end()) {
      return std::make_unique<PictureSource>(list_training(found->second), nullptr, pictures);
    }
    const auto training = std::make_shared<const PictureList>(list_training(train->second));
    return std::make_unique<PictureSource>(list_other(found->second, *training), training,
                                           pictures);
  }
};

}  // namespace

std::unique_ptr<SourceFormat> make_folder_format() {
  return std::make_unique<FolderFormat>();
}

}  // namespace cnn
