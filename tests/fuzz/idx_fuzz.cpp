// A data set of two plain IDX files. The input: two bytes, little-endian, that give the length of
// the labels' file; that file; the images' file.

#include <algorithm>

#include "data/sources/idx_source.hpp"
#include "fuzz.hpp"

namespace {

using namespace cnn;
using namespace cnn::fuzz;

// Do the values of an accepted file stand at its end, as they were given?
template <typename Value>
bool ends_with(std::string_view file, std::size_t header, const std::vector<Value>& values) {
  return file.size() == header + values.size() &&
         std::equal(
             values.begin(), values.end(), file.begin() + static_cast<std::ptrdiff_t>(header),
             [](Value value, char byte) { return value == static_cast<std::uint8_t>(byte); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const MemoryFile label_file;
  static const MemoryFile image_file;
  const std::string_view input = text_of(data + 2, size - 2);
  const std::size_t cut =
      std::min<std::size_t>(data[0] | static_cast<std::size_t>(data[1]) << 8, input.size());
  const std::string_view labels = input.substr(0, cut);
  const std::string_view images = input.substr(cut);
  // What begins as gzip does is the other target's.
  if (labels.starts_with('\x1F') || images.starts_with('\x1F')) return 0;
  label_file.put(labels);
  image_file.put(images);

  const IdxSource source({image_file.path(), label_file.path()});
  const auto header = accepted([&] { return source.header(); });
  const auto dataset = accepted([&] { return source.read(); });
  // Labels of 32 bits may lie outside of what is a label.
  const bool wide = labels.size() > 2 && labels[2] == '\x0C';
  require(wide || header.has_value() == dataset.has_value(), "a plain file's header tells all");
  if (!dataset) return 0;
  require(header->count == dataset->count() && header->shape == dataset->shape,
          "the headers promise what is read");
  require(dataset->count() > 0 && dataset->shape.size() > 0, "no data set is empty");
  require(dataset->pixels.size() == dataset->count() * dataset->shape.size(),
          "there are as many pixels as the shape says");
  const std::size_t rank = static_cast<std::uint8_t>(images[3]);
  require(rank == 3 || rank == 4, "images have rank 3 or 4");
  require(wide || ends_with(labels, 8, dataset->labels), "labels are the file's bytes");
  require(ends_with(images, 4 + 4 * rank, dataset->pixels), "pixels are the file's bytes");
  return 0;
}
