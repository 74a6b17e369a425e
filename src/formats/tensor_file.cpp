#include "formats/tensor_file.hpp"

#include <algorithm>
#include <array>

#include "cnn/error.hpp"

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

// Archives and pickles of PyTorch begin so. Where a header of safetensors follows its length, the
// length alone looks like that.
bool is_of_pytorch(const FilePlace& place) {
  constexpr std::size_t kLength = 8;
  InputFile file(place);
  std::array<std::byte, kLength + 1> bytes{};
  const std::size_t size = file.read(bytes);
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), size);
  const std::string extension = place.path.extension().string();
  if (size > kLength && start[kLength] == '{') return false;
  return extension == ".pt" || extension == ".pth" || start.starts_with("PK\x03\x04") ||
         start.starts_with("\x80\x02");
}

[[noreturn]] void refuse_pytorch(const std::filesystem::path& path) {
  std::filesystem::path to = path;
  to.replace_extension(".safetensors");
  throw FileError(
      path_text(path) +
      ": error: is a file of PyTorch, which Python alone can read; convert it:\n"
      "  import torch, safetensors.torch\n"
      "  w = torch.load(\"" +
      path_text(path) +
      "\", map_location=\"cpu\", weights_only=True)\n"
      "  safetensors.torch.save_file({k: v.clone().contiguous() for k, v in w.get(\"state_dict\", "
      "w).items()}, \"" +
      path_text(to) + "\")");
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
  if (is_of_pytorch(place)) refuse_pytorch(place.path);
  return format_of(place.path).read(place);
}

void write_tensors(const FilePlace& place, std::span<const NamedTensor> tensors,
                   const Metadata& metadata) {
  format_of(place.path).write(place, tensors, metadata);
}

}  // namespace cnn
