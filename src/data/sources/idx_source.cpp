#include "data/sources/idx_source.hpp"

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "data/idx.hpp"
#include "data/sources/class_file.hpp"
#include "data/sources/part_names.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using Extents = std::vector<std::uint32_t>;

constexpr auto kIdxParts = {DataPart::train, DataPart::test, DataPart::validation};

constexpr const char* kAdvice =
    "; scripts/get_mnist.sh fetches MNIST, --data names another directory";

// For a directory that is not there: nothing says that it should hold MNIST but its name.
std::string advice(const fs::path& dir) {
  const bool is_mnist = dir.filename().string().find("mnist") != std::string::npos;
  return is_mnist ? kAdvice : "; --data names another directory";
}

// The names of the entries of `dir` for a message: at most 8, in order.
std::string contents(const fs::path& dir) {
  std::vector<std::string> names;
  for (const fs::path& path : list_directory(dir)) names.push_back(path.filename().string());
  if (names.empty()) return "the directory is empty";
  std::sort(names.begin(), names.end());
  constexpr std::size_t kShown = 8;
  std::string text = "found only: ";
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i > 0 ? ", " : "") + printable(names[i]);
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

// The usual names of a file, .gz apart, in the order in which they are looked for. `what` is
// "images" or "labels".
std::vector<std::string> usual_names(DataPart part, const std::string& what) {
  const bool images = what == "images";
  std::vector<std::string> prefixes = {part == DataPart::train ? "train-" : "validation-"};
  if (part == DataPart::test) prefixes = {"t10k-", "test-"};
  std::vector<std::string> names;
  for (const std::string& prefix : prefixes) {
    for (const std::string rank : {"3", "4", "1"}) {
      if (images == (rank == "1")) continue;
      for (const char* separator : {"-", "."}) {
        names.push_back(prefix + what + separator + "idx" + rank + "-ubyte");
      }
    }
  }
  return names;
}

// The first of the usual names that exists, plain or packed; empty if there is none.
fs::path find_usual(const fs::path& dir, DataPart part, const std::string& what) {
  for (const std::string& name : usual_names(part, what)) {
    for (const std::string& candidate : {name, name + ".gz"}) {
      if (is_there(dir / candidate)) return dir / candidate;
    }
  }
  return {};
}

fs::path find_file(const fs::path& dir, DataPart part, const std::string& what) {
  fs::path found = find_usual(dir, part, what);
  if (!found.empty()) return found;
  std::string tried;
  for (const std::string& name : usual_names(part, what)) {
    tried += (tried.empty() ? "" : ", ") + name + "[.gz]";
  }
  throw file_error(dir, "no MNIST " + std::string(part_title(part)) + " " + what +
                            " in this directory\n  looked for " + tried + "; " + contents(dir) +
                            kAdvice);
}

// Most other programs keep pictures as (n, height, width, channels). Here these would pass for
// images of many channels that are 1, 3 or 4 pixels wide. Nobody has such images; but a long and
// narrow array may hold signals.
void refuse_channels_last(const Extents& images, const fs::path& path) {
  if (images.size() != 4) return;
  const std::uint32_t height = images[1], width = images[2], channels = images[3];
  constexpr std::uint32_t kSmallest = 8;
  const bool picture = std::min(height, width) >= kSmallest &&
                       std::max(height, width) / 4 <= std::min(height, width);
  if (!picture || (channels != 1 && channels != 3 && channels != 4)) return;
  const std::string extents =
      std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels);
  throw file_error(path, "its images of " + extents +
                             " seem to be in the order height, width, channels; here it is "
                             "channels, height, width\n  write the array anew after: array = "
                             "array.transpose(0, 3, 1, 2)   (numpy)");
}

// The header of both files, if they fit together.
DatasetHeader combine(const Extents& images, const Extents& labels, const IdxFiles& files,
                      bool transpose) {
  if (images[0] != labels[0]) {
    throw file_error(files.labels, "holds " + std::to_string(labels[0]) + " labels, but " +
                                       path_text(files.images) + " holds " +
                                       std::to_string(images[0]) +
                                       " images; the two files do not belong together");
  }
  refuse_channels_last(images, files.images);
  const auto extent = [&](std::size_t from_end) {
    return static_cast<int>(images[images.size() - from_end]);
  };
  const int channels = images.size() == 4 ? extent(3) : 1;
  const auto [height, width] =
      transpose ? std::pair(extent(1), extent(2)) : std::pair(extent(2), extent(1));
  return {{channels, height, width}, images[0], false};
}

// Rows become columns in each of the planes of height x width.
std::vector<std::uint8_t> transposed(const std::vector<std::uint8_t>& pixels, const Shape& shape) {
  const auto height = static_cast<std::size_t>(shape.height);
  const auto width = static_cast<std::size_t>(shape.width);
  std::vector<std::uint8_t> result(pixels.size());
  for (std::size_t start = 0; start < pixels.size(); start += height * width) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        result[start + y * width + x] = pixels[start + x * height + y];
      }
    }
  }
  return result;
}

// The format and its keys.
class IdxFormat final : public SourceFormat {
 public:
  std::unique_ptr<SourceFormat> clone() const override {
    return std::make_unique<IdxFormat>(*this);
  }

  void options(ConfigVisitor& visitor) override {
    visit_files(visitor, kIdxFileKeys[0], train_);
    visit_files(visitor, kIdxFileKeys[1], test_);
    if (visitor.wants("transpose", reading_.transpose)) {
      visitor.boolean("transpose", reading_.transpose);
    }
    if (visitor.wants("first_label", reading_.first_label != 0)) {
      visitor.integer("first_label", reading_.first_label, {.low = 0, .high = kMostClasses - 1});
    }
  }

  bool names_files() const override { return !train_.images.empty() || !test_.images.empty(); }
  void forget_files() override { train_ = test_ = {}; }

  bool recognises(const fs::path& dir) const override {
    return std::ranges::any_of(kIdxParts, [&](DataPart part) { return has_usual(dir, part); });
  }

  std::vector<DataPart> parts(const fs::path& dir) const override {
    std::vector<DataPart> parts;
    for (const DataPart part : kIdxParts) {
      if (dir.empty() ? !files_of(part).images.empty() : has_usual(dir, part))
        parts.push_back(part);
    }
    return parts;
  }

  std::unique_ptr<DataSource> open(const fs::path& dir, DataPart part,
                                   const PictureOptions&) const override {
    if (!dir.empty()) {
      IdxReading reading = reading_;
      if (is_there(dir / kPackedMark)) {
        reading.transpose = false;
        reading.first_label = 0;
      }
      if (is_there(dir / "classes.txt")) reading.classes = dir / "classes.txt";
      return std::make_unique<IdxSource>(find_idx_files(dir, part), std::move(reading));
    }
    const IdxFiles files = files_of(part);
    if (files.images.empty()) {
      const std::string key(part_name(part));
      throw FileError(
          "error: the configuration names no " + std::string(part_title(part)) + " set; " +
          (part == DataPart::validation ? "set data.validation to a number of images"
                                        : "add data." + key + ": {images: FILE, labels: FILE}") +
          ", or give its directory with --data DIR");
    }
    return std::make_unique<IdxSource>(files, reading_);
  }

 private:
  static bool has_usual(const fs::path& dir, DataPart part) {
    return !find_usual(dir, part, "images").empty();
  }

  IdxFiles files_of(DataPart part) const {
    if (part == DataPart::validation) return {};
    return part == DataPart::train ? train_ : test_;
  }

  static void visit_files(ConfigVisitor& visitor, std::string_view key, IdxFiles& files) {
    if (visitor.has_number(key, false) || !visitor.wants(key, !files.images.empty())) return;
    visitor.section(key, "", [&](ConfigVisitor& inner) {
      inner.path("images", files.images, Presence::required);
      inner.path("labels", files.labels, Presence::required);
    });
  }

  // Their paths are empty if the configuration names none.
  IdxFiles train_;
  IdxFiles test_;
  IdxReading reading_;
};

}  // namespace

IdxFiles find_idx_files(const fs::path& dir, DataPart part) {
  std::error_code code;
  const fs::file_status status = fs::status(dir, code);
  if (status.type() == fs::file_type::not_found) {
    throw file_error(dir, "no such directory" + advice(dir));
  }
  if (code) throw file_error(dir, "cannot be opened: " + code.message());
  if (status.type() != fs::file_type::directory) {
    throw file_error(dir, "is not a directory" + advice(dir));
  }
  return {find_file(dir, part, "images"), find_file(dir, part, "labels")};
}

bool IdxSource::exists() const {
  std::error_code unknown;
  return fs::exists(files_.images, unknown) && fs::exists(files_.labels, unknown);
}

DatasetHeader IdxSource::header() const {
  // Labels first, as in read: if both files are broken, the same one is named.
  const Idx labels = read_idx_header(files_.labels, IdxKind::labels);
  const Idx images = read_idx_header(files_.images, IdxKind::images, memory());
  DatasetHeader header = combine(images.dims, labels.dims, files_, reading_.transpose);
  header.is_mapped = images.is_mapped;
  return header;
}

Dataset IdxSource::read(const ReadOptions&) const {
  // Labels first: they are small, and tell early that the files do not fit.
  const Idx labels = read_idx(files_.labels, IdxKind::labels);
  DatasetHeader header;
  Idx images = read_idx(
      files_.images, IdxKind::images,
      [&](const Extents& extents) {
        header = combine(extents, labels.dims, files_, reading_.transpose);
      },
      memory());
  Dataset dataset;
  dataset.origin = {files_.images.string(), files_.labels.string()};
  dataset.shape = header.shape;
  dataset.pixels =
      reading_.transpose ? transposed(images.values, header.shape) : std::move(images.values);
  dataset.mapped_pixels = images.mapped;
  dataset.mapping = std::move(images.file);
  dataset.labels = labels_of(labels);
  dataset.class_names = class_names();
  return dataset;
}

std::vector<std::uint16_t> IdxSource::labels_of(const Idx& labels) const {
  std::vector<std::uint16_t> result;
  result.reserve(labels.values.size() / labels.width);
  for (std::size_t i = 0; i < labels.values.size(); i += labels.width) {
    std::int64_t value = 0;
    for (std::size_t k = 0; k < labels.width; ++k) value = value << 8 | labels.values[i + k];
    const std::int64_t label = value - reading_.first_label;
    if (label < 0 || label >= static_cast<std::int64_t>(kMostClasses)) {
      throw file_error(
          files_.labels,
          "label " + std::to_string(i / labels.width) + " is " + std::to_string(value) +
              ", expected " + std::to_string(reading_.first_label) + " to " +
              std::to_string(reading_.first_label + static_cast<std::int64_t>(kMostClasses) - 1) +
              (reading_.first_label > 0 ? "; is data.first_label right?" : ""));
    }
    result.push_back(static_cast<std::uint16_t>(label));
  }
  return result;
}

std::vector<std::string> IdxSource::class_names() const {
  return reading_.classes.empty() ? std::vector<std::string>() : read_class_file(reading_.classes);
}

std::unique_ptr<SourceFormat> make_idx_format() {
  return std::make_unique<IdxFormat>();
}

}  // namespace cnn
