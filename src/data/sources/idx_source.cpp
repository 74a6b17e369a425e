#include "data/sources/idx_source.hpp"

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "data/idx.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using Extents = std::vector<std::uint32_t>;

constexpr const char* kAdvice =
    "; scripts/get_mnist.sh fetches MNIST, --data names another directory";

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
  const std::string prefix = part == DataPart::train ? "train-" : "t10k-";
  std::vector<std::string> names;
  for (const std::string rank : {"3", "4", "1"}) {
    if (images == (rank == "1")) continue;
    for (const char* separator : {"-", "."}) {
      names.push_back(prefix + what + separator + "idx" + rank + "-ubyte");
    }
  }
  return names;
}

// The first of the usual names that exists, plain or packed; empty if there is none.
fs::path find_usual(const fs::path& dir, DataPart part, const std::string& what) {
  for (const std::string& name : usual_names(part, what)) {
    for (const std::string& candidate : {name, name + ".gz"}) {
      std::error_code code;
      if (fs::exists(dir / candidate, code)) return dir / candidate;
      if (code) throw file_error(dir / candidate, "cannot look there: " + code.message());
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
  throw file_error(dir, "no MNIST " + std::string(part == DataPart::train ? "training " : "test ") +
                            what + " in this directory\n  looked for " + tried + "; " +
                            contents(dir) + kAdvice);
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
DatasetHeader combine(const Extents& images, const Extents& labels, const IdxFiles& files) {
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
  return {{channels, extent(2), extent(1)}, images[0]};
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
  }

  bool names_files() const override { return !train_.images.empty() || !test_.images.empty(); }
  void forget_files() override { train_ = test_ = {}; }

  bool recognises(const fs::path& dir) const override {
    try {
      return !find_usual(dir, DataPart::train, "images").empty() ||
             !find_usual(dir, DataPart::test, "images").empty();
    } catch (const FileError&) {
      return false;
    }
  }

  std::unique_ptr<DataSource> open(const fs::path& dir, DataPart part) const override {
    if (!dir.empty()) return std::make_unique<IdxSource>(find_idx_files(dir, part));
    const IdxFiles& files = part == DataPart::train ? train_ : test_;
    if (files.images.empty()) {
      throw FileError("error: the configuration names no " +
                      std::string(part == DataPart::train ? "training" : "test") +
                      " set; add data." + (part == DataPart::train ? "train" : "test") +
                      ": {images: FILE, labels: FILE}, or give its directory with --data DIR");
    }
    return std::make_unique<IdxSource>(files);
  }

 private:
  static void visit_files(ConfigVisitor& visitor, std::string_view key, IdxFiles& files) {
    if (!visitor.wants(key, !files.images.empty())) return;
    visitor.section(key, "", [&](ConfigVisitor& inner) {
      inner.path("images", files.images, Presence::required);
      inner.path("labels", files.labels, Presence::required);
    });
  }

  // Their paths are empty if the configuration names none.
  IdxFiles train_;
  IdxFiles test_;
};

}  // namespace

IdxFiles find_idx_files(const fs::path& dir, DataPart part) {
  std::error_code code;
  const fs::file_status status = fs::status(dir, code);
  if (status.type() == fs::file_type::not_found) {
    throw file_error(dir, std::string("no such directory") + kAdvice);
  }
  if (code) throw file_error(dir, "cannot be opened: " + code.message());
  if (status.type() != fs::file_type::directory) {
    throw file_error(dir, std::string("is not a directory") + kAdvice);
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
  return combine(read_idx_header(files_.images, IdxKind::images).dims, labels.dims, files_);
}

Dataset IdxSource::read() const {
  // Labels first: they are small, and tell early that the files do not fit.
  const Idx labels = read_idx(files_.labels, IdxKind::labels);
  DatasetHeader header;
  Idx images = read_idx(files_.images, IdxKind::images, [&](const Extents& extents) {
    header = combine(extents, labels.dims, files_);
  });
  Dataset dataset;
  dataset.origin = {files_.images.string(), files_.labels.string()};
  dataset.shape = header.shape;
  dataset.pixels = std::move(images.values);
  dataset.labels.assign(labels.values.begin(), labels.values.end());
  return dataset;
}

std::unique_ptr<SourceFormat> make_idx_format() {
  return std::make_unique<IdxFormat>();
}

}  // namespace cnn
