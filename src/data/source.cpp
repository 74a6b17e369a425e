#include "data/source.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cnn/error.hpp"

#include "data/sources/cifar_source.hpp"
#include "data/sources/csv_source.hpp"
#include "data/sources/folder_source.hpp"
#include "data/sources/idx_source.hpp"

namespace cnn {
namespace {

// clang-format off
constexpr auto kSources = std::to_array<SourceEntry>({
    {"idx", make_idx_format, kIdxFileKeys, "{dir: .}"},
    {"cifar", make_cifar_format, {}, "{dir: .}"},
    {"folder", make_folder_format, {}, "{dir: .}"},
    {"csv", make_csv_format, kCsvFileKeys, "{table: all.csv}"},
});
// clang-format on

}  // namespace

Dataset DataSource::read_some(const ReadOptions& options,
                              std::span<const std::uint32_t> images) const {
  const Dataset all = read(options);
  Dataset some;
  some.origin = all.origin;
  some.shape = all.shape;
  some.class_names = all.class_names;
  for (const std::uint32_t i : images) {
    const std::span<const std::uint8_t> pixels = all.image(i);
    some.pixels.insert(some.pixels.end(), pixels.begin(), pixels.end());
    some.labels.push_back(all.labels[i]);
    if (!all.file_names.empty()) some.file_names.push_back(all.file_names[i]);
  }
  return some;
}

std::vector<ImageLook> DataSource::look(const ReadOptions& options) const {
  const Dataset all = read(options);
  std::vector<ImageLook> looks;
  for (std::size_t i = 0; i < all.count(); ++i) {
    looks.push_back(look_at(all.shape, all.image(i)));
    looks.back().label = all.labels[i];
  }
  return looks;
}

std::span<const SourceEntry> data_sources() {
  return kSources;
}

SourceConfig::SourceConfig(std::span<const SourceEntry> table) : table_(table) {
  for (const SourceEntry& entry : table_) formats_.push_back(entry.make());
}

SourceConfig::SourceConfig(const SourceConfig& other)
    : table_(other.table_),
      dir_(other.dir_),
      insisted_(other.insisted_),
      pictures_(other.pictures_) {
  for (const auto& format : other.formats_) formats_.push_back(format->clone());
}

SourceConfig& SourceConfig::operator=(const SourceConfig& other) {
  if (this != &other) *this = SourceConfig(other);
  return *this;
}

void SourceConfig::options(ConfigVisitor& visitor) {
  std::vector<std::string_view> keys = {"dir"};
  std::vector<std::string_view> names;
  std::vector<std::string_view> others;  // that name files of another format
  for (const SourceEntry& entry : table_) {
    names.push_back(entry.name);
    if (entry.file_keys.empty()) continue;
    std::vector<std::string_view> files;
    std::ranges::copy_if(entry.file_keys, std::back_inserter(files),
                         [&](std::string_view key) { return !visitor.has_number(key, false); });
    visitor.exclusive("dir", files);
    for (const std::string_view key : others) visitor.exclusive(key, files);
    others.insert(others.end(), files.begin(), files.end());
    keys.push_back(entry.file_keys.front());
  }
  visitor.needs_one_of(keys);
  if (visitor.wants("dir", !dir_.empty())) visitor.path("dir", dir_);
  if (visitor.wants("format", insisted_.has_value())) {
    std::size_t index = insisted_.value_or(0);
    visitor.one_of("format", index, names);
    insisted_ = index;
  }
  for (const auto& format : formats_) format->options(visitor);
  pictures_.options(visitor);
}

void SourceConfig::set_dir(std::filesystem::path dir) {
  dir_ = std::move(dir);
  insisted_.reset();
  for (const auto& format : formats_) format->forget_files();
}

std::size_t SourceConfig::format_index() const {
  if (insisted_) return *insisted_;
  for (std::size_t i = 0; i < formats_.size(); ++i) {
    if (dir_.empty() ? formats_[i]->names_files() : formats_[i]->recognises(dir_)) return i;
  }
  return 0;
}

std::unique_ptr<DataSource> SourceConfig::open(DataPart part) const {
  return format().open(dir_, part, pictures_);
}

std::vector<DataPart> SourceConfig::parts() const {
  std::vector<DataPart> parts = format().parts(dir_);
  std::ranges::sort(parts);
  return parts;
}

bool SourceConfig::has(DataPart part) const {
  return std::ranges::count(format().parts(dir_), part) > 0;
}

void SourceConfig::settle_colour(int channels) {
  using Colour = PictureOptions::Colour;
  pictures_.colour = channels == 1 ? Colour::gray : Colour::rgb;
}

std::string_view part_name(DataPart part) {
  constexpr std::array<std::string_view, 3> kNames = {"train", "test", "validation"};
  return kNames[static_cast<std::size_t>(part)];
}

Dataset read_dataset(const std::filesystem::path& dir, DataPart part) {
  SourceConfig config;
  config.set_dir(dir);
  return config.open(part)->read();
}

}  // namespace cnn
