#include "data/source.hpp"

#include <array>
#include <utility>

#include "data/sources/idx_source.hpp"

namespace cnn {
namespace {

// clang-format off
constexpr auto kSources = std::to_array<SourceEntry>({
    {"idx", make_idx_format, kIdxFileKeys, "data/digits", "{dir: .}"},
});
// clang-format on

}  // namespace

std::span<const SourceEntry> data_sources() {
  return kSources;
}

SourceConfig::SourceConfig(std::span<const SourceEntry> table) : table_(table) {
  for (const SourceEntry& entry : table_) formats_.push_back(entry.make());
}

SourceConfig::SourceConfig(const SourceConfig& other) : table_(other.table_), dir_(other.dir_) {
  for (const auto& format : other.formats_) formats_.push_back(format->clone());
}

SourceConfig& SourceConfig::operator=(const SourceConfig& other) {
  if (this != &other) *this = SourceConfig(other);
  return *this;
}

void SourceConfig::options(ConfigVisitor& visitor) {
  std::vector<std::string_view> keys = {"dir"};
  for (const SourceEntry& entry : table_) {
    if (entry.file_keys.empty()) continue;
    visitor.exclusive("dir", {entry.file_keys.begin(), entry.file_keys.end()});
    keys.push_back(entry.file_keys.front());
  }
  visitor.needs_one_of(keys);
  if (visitor.wants("dir", !dir_.empty())) visitor.path("dir", dir_);
  for (const auto& format : formats_) format->options(visitor);
}

void SourceConfig::set_dir(std::filesystem::path dir) {
  dir_ = std::move(dir);
  for (const auto& format : formats_) format->forget_files();
}

const SourceFormat& SourceConfig::format() const {
  for (const auto& format : formats_) {
    if (dir_.empty() ? format->names_files() : format->recognises(dir_)) return *format;
  }
  return *formats_.front();
}

std::unique_ptr<DataSource> SourceConfig::open(DataPart part) const {
  return format().open(dir_, part);
}

Dataset read_dataset(const std::filesystem::path& dir, DataPart part) {
  SourceConfig config;
  config.set_dir(dir);
  return config.open(part)->read();
}

}  // namespace cnn
