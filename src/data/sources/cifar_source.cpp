#include "data/sources/cifar_source.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "data/sources/class_file.hpp"
#include "data/sources/part_names.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr Shape kShape{3, 32, 32};
constexpr std::size_t kPixels = 3072;

// Which of the two sets, and what its records hold before the pixels.
struct Kind {
  std::size_t labels;  // bytes; the last is the label
  std::size_t classes;
  const char* names;  // the file of the classes' names
};
constexpr Kind kCifar10{1, 10, "batches.meta.txt"};
constexpr Kind kCifar100{2, 100, "fine_label_names.txt"};

// The files of a part, in byte order of their names.
std::vector<fs::path> find_files(const fs::path& dir, DataPart part, const Kind& kind) {
  std::vector<fs::path> files;
  for (const fs::path& path : list_directory(dir)) {
    const std::string name = path.filename().string();
    const bool batch = name.starts_with("data_batch_") && name.ends_with(".bin");
    const bool found = kind.labels == 1
                           ? (part == DataPart::train ? batch : name == "test_batch.bin")
                           : name == (part == DataPart::train ? "train.bin" : "test.bin");
    if (found && part != DataPart::validation) files.push_back(path);
  }
  std::ranges::sort(files);
  return files;
}

const Kind* kind_of(const fs::path& dir) {
  for (const Kind* kind : {&kCifar10, &kCifar100}) {
    for (const DataPart part : {DataPart::train, DataPart::test}) {
      if (!find_files(dir, part, *kind).empty()) return kind;
    }
  }
  return nullptr;
}

class CifarSource final : public DataSource {
 public:
  CifarSource(fs::path dir, std::vector<fs::path> files, const Kind& kind)
      : dir_(std::move(dir)), files_(std::move(files)), kind_(kind) {}

  bool exists() const override {
    std::error_code unknown;
    return std::ranges::all_of(files_, [&](const fs::path& f) { return fs::exists(f, unknown); });
  }

  DatasetHeader header() const override {
    std::size_t count = 0;
    for (const fs::path& path : files_) count += records(InputFile(path));
    class_names();
    return {kShape, count};
  }

  using DataSource::read;
  Dataset read(const ReadOptions&) const override {
    Dataset dataset;
    dataset.origin = {describe(), describe()};
    dataset.shape = kShape;
    dataset.class_names = class_names();
    dataset.pixels.reserve(header().count * kPixels);
    std::vector<std::uint8_t> record(kind_.labels + kPixels);
    for (const fs::path& path : files_) {
      InputFile file(path);
      const std::size_t count = records(file);
      for (std::size_t i = 0; i < count; ++i) {
        if (file.read(std::as_writable_bytes(std::span(record))) < record.size()) {
          throw file_error(path, "became shorter while it was read");
        }
        const std::uint8_t label = record[kind_.labels - 1];
        if (label >= kind_.classes) {
          throw file_error(path, "record " + std::to_string(i) + " has the label " +
                                     std::to_string(label) + ", expected 0 to " +
                                     std::to_string(kind_.classes - 1) +
                                     "; the file is damaged or something else");
        }
        dataset.labels.push_back(label);
        dataset.pixels.insert(dataset.pixels.end(),
                              record.begin() + static_cast<std::ptrdiff_t>(kind_.labels),
                              record.end());
      }
    }
    return dataset;
  }

  std::string describe() const override { return files_.front().string(); }

  std::vector<std::string> class_names() const override {
    const fs::path path = dir_ / kind_.names;
    if (!is_there(path)) return {};
    std::vector<std::string> names = read_class_file(path);
    if (names.size() == kind_.classes) return names;
    throw file_error(path, "holds " + std::to_string(names.size()) + " names, expected " +
                               std::to_string(kind_.classes) + ", one per line");
  }

 private:
  std::size_t records(const InputFile& file) const {
    const std::size_t size = kind_.labels + kPixels;
    if (file.size() > 0 && file.size() % size == 0) return file.size() / size;
    throw file_error(file.path(), "holds " + std::to_string(file.size()) +
                                      " bytes, expected a multiple of " + std::to_string(size) +
                                      ", the size of a record; the download is probably "
                                      "incomplete");
  }

  fs::path dir_;
  std::vector<fs::path> files_;
  Kind kind_;
};

class CifarFormat final : public SourceFormat {
 public:
  std::unique_ptr<SourceFormat> clone() const override {
    return std::make_unique<CifarFormat>(*this);
  }
  void options(ConfigVisitor&) override {}
  bool names_files() const override { return false; }
  void forget_files() override {}

  bool recognises(const fs::path& dir) const override {
    return is_directory(dir) && kind_of(dir) != nullptr;
  }

  std::vector<DataPart> parts(const fs::path& dir) const override {
    std::vector<DataPart> parts;
    if (!recognises(dir)) return parts;
    for (const DataPart part : {DataPart::train, DataPart::test}) {
      if (!find_files(dir, part, *kind_of(dir)).empty()) parts.push_back(part);
    }
    return parts;
  }

  std::unique_ptr<DataSource> open(const fs::path& dir, DataPart part,
                                   const PictureOptions&) const override {
    if (dir.empty()) throw FileError("error: format cifar needs data.dir");
    const Kind* kind = kind_of(dir);
    std::vector<fs::path> files;
    if (kind != nullptr) files = find_files(dir, part, *kind);
    if (files.empty()) {
      throw file_error(dir,
                       "no CIFAR " + std::string(part_title(part)) +
                           " part in this directory\n  looked for " +
                           (part == DataPart::train ? "data_batch_*.bin (CIFAR-10) and train.bin"
                                                    : "test_batch.bin (CIFAR-10) and test.bin") +
                           " (CIFAR-100)");
    }
    return std::make_unique<CifarSource>(dir, std::move(files), *kind);
  }
};

}  // namespace

std::unique_ptr<SourceFormat> make_cifar_format() {
  return std::make_unique<CifarFormat>();
}

}  // namespace cnn
