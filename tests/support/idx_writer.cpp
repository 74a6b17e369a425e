#include "support/idx_writer.hpp"

#include <fstream>
#include <random>
#include <stdexcept>

#define ZLIB_CONST  // zlib only reads its input
#include <zlib.h>

namespace cnn {

namespace fs = std::filesystem;

std::string idx_header(const std::vector<std::uint32_t>& dims) {
  std::string header = {'\0', '\0', '\x08', static_cast<char>(dims.size())};
  for (const std::uint32_t extent : dims) {
    for (const int shift : {24, 16, 8, 0}) header += static_cast<char>(extent >> shift & 0xFFU);
  }
  return header;
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  constexpr int kMemory = 8;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate");
  return packed;
}

void write_bytes(const fs::path& path, std::string_view bytes) {
  fs::remove(path);  // some file systems flush a file that is overwritten
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

void write_idx(const fs::path& path, const std::vector<std::uint32_t>& dims,
               std::span<const std::uint8_t> values, Packing packing) {
  std::string bytes = idx_header(dims);
  bytes.append(values.begin(), values.end());
  write_bytes(path, packing == Packing::gzip ? gzip(bytes) : bytes);
}

Dataset make_dataset(const Shape& shape, std::size_t count, std::size_t classes,
                     std::uint32_t seed) {
  std::mt19937 generator(seed);
  const std::size_t plane = shape.size() / static_cast<std::size_t>(shape.channels);
  Dataset dataset;
  dataset.shape = shape;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t label = i % classes;
    dataset.labels.push_back(static_cast<std::uint16_t>(label));
    for (std::size_t at = 0; at < shape.size(); ++at) {
      const bool bright = at % plane * classes / plane == label;
      dataset.pixels.push_back(static_cast<std::uint8_t>((bright ? 192 : 0) + generator() % 64));
    }
  }
  return dataset;
}

void write_labels(const fs::path& path, std::span<const std::uint16_t> labels, Packing packing) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint16_t label : labels) {
    if (label > 255) throw std::runtime_error("a label of " + std::to_string(label));
    bytes.push_back(static_cast<std::uint8_t>(label));
  }
  write_idx(path, {static_cast<std::uint32_t>(bytes.size())}, bytes, packing);
}

IdxFiles write_dataset(const fs::path& dir, DataPart part, const Dataset& dataset,
                       Packing packing) {
  const std::string prefix = part == DataPart::train  ? "train-"
                             : part == DataPart::test ? "t10k-"
                                                      : "validation-";
  const std::string suffix = packing == Packing::gzip ? "-ubyte.gz" : "-ubyte";
  const auto extent = [](auto value) { return static_cast<std::uint32_t>(value); };
  std::vector<std::uint32_t> dims = {extent(dataset.count())};
  const bool colour = dataset.shape.channels > 1;
  const IdxFiles files = {dir / (prefix + (colour ? "images-idx4" : "images-idx3") + suffix),
                          dir / (prefix + "labels-idx1" + suffix)};
  write_labels(files.labels, dataset.labels, packing);
  if (colour) dims.push_back(extent(dataset.shape.channels));
  dims.push_back(extent(dataset.shape.height));
  dims.push_back(extent(dataset.shape.width));
  write_idx(files.images, dims, dataset.pixels, packing);
  return files;
}

}  // namespace cnn
