#include "formats/tensor_file.hpp"

#include <algorithm>
#include <array>

#include "formats/safetensors.hpp"

namespace cnn {
namespace {

constexpr std::array kFormats = std::to_array<TensorFormat>({
    {"safetensors", ".safetensors", read_safetensors, write_safetensors},
});

const TensorFormat& format_of(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [&](const TensorFormat& format) { return format.extension == extension; });
  return found == kFormats.end() ? kFormats.front() : *found;
}

}  // namespace

std::span<const TensorFormat> tensor_formats() {
  return kFormats;
}

const TensorFile::Entry* TensorFile::find(const std::string& name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

TensorFile read_tensors(const FilePlace& place) {
  return format_of(place.path).read(place);
}

void write_tensors(const FilePlace& place, std::span<const NamedTensor> tensors,
                   const Metadata& metadata) {
  format_of(place.path).write(place, tensors, metadata);
}

}  // namespace cnn
