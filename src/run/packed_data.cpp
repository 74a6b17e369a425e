#include "run/packed_data.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/new_directory.hpp"
#include "base/paths.hpp"
#include "data/sources/idx_source.hpp"
#include "run/memory_need.hpp"
#include "run/training_data.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kClassFile = "classes.txt";

// Of a piece, so that memory stays small; few enough pieces for all threads to be busy in each.
constexpr std::size_t kPieceBytes = std::size_t{64} << 20;
constexpr std::size_t kMostInPiece = 4096;

std::string prefix(DataPart part) {
  constexpr std::array<const char*, 3> kPrefixes = {"train-", "t10k-", "validation-"};
  return kPrefixes.at(static_cast<std::size_t>(part));
}

std::string image_file(DataPart part, const Shape& shape) {
  return prefix(part) + "images-idx" + (shape.channels == 1 ? "3" : "4") + "-ubyte";
}

std::string label_file(DataPart part) {
  return prefix(part) + "labels-idx1-ubyte";
}

std::string header(std::uint8_t type, const std::vector<std::size_t>& extents) {
  std::string bytes = {0, 0, static_cast<char>(type), static_cast<char>(extents.size())};
  for (const std::size_t extent : extents) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(extent >> shift & 0xFF);
  }
  return bytes;
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::size_t piece_size(const DataConfig& config, const DataSource& source, const Shape& shape) {
  // Other arrays are read as a whole.
  if (!config.source.keeps_pictures() && !source.is_mapped()) return SIZE_MAX;
  return std::clamp<std::size_t>(kPieceBytes / shape.size(), 1, kMostInPiece);
}

void pack_images(const DataConfig& config, const PartSurvey& part, const Shape& shape,
                 const ReadOptions& options, AppendedFile& file) {
  const std::unique_ptr<DataSource> source = config.source.open(part.part);
  const std::vector<std::uint32_t> images = part.usable();
  std::vector<std::size_t> extents = {images.size()};
  if (shape.channels != 1) extents.push_back(static_cast<std::size_t>(shape.channels));
  extents.push_back(static_cast<std::size_t>(shape.height));
  extents.push_back(static_cast<std::size_t>(shape.width));
  file.append(header(0x08, extents));
  ReadOptions whole = options;
  std::size_t before = 0;  // in the pieces that are done
  if (options.on_progress) {
    whole.on_progress = [&](std::size_t done, std::size_t) {
      options.on_progress(before + done, images.size());
    };
  }
  const std::size_t most = piece_size(config, *source, shape);
  for (std::span<const std::uint32_t> left = images; !left.empty();) {
    const auto piece = left.first(std::min(most, left.size()));
    const Dataset read = source->read_some(whole, piece);
    if (options.stopped()) throw ReadingStopped();
    if (read.count() != piece.size() || read.shape != shape) {
      throw file_error(source->describe(), "changes while it is read; pack it again");
    }
    for (const std::span<const std::uint8_t> pixels : read.pixel_pieces()) {
      file.append(as_text(pixels));
    }
    left = left.subspan(piece.size());
    before += piece.size();
  }
  file.sync();
}

std::string label_bytes(const PartSurvey& part, std::size_t classes) {
  constexpr std::size_t kMostInByte = 256;
  const bool wide = classes > kMostInByte;
  const std::vector<std::uint32_t> images = part.usable();
  std::string bytes = header(wide ? 0x0C : 0x08, {images.size()});
  for (const std::uint32_t i : images) {
    const std::uint16_t label = part.images[i].label;
    if (wide) bytes += {0, 0, static_cast<char>(label >> 8)};
    bytes += static_cast<char>(label & 0xFF);
  }
  return bytes;
}

void write(const FilePlace& place, std::string_view bytes) {
  AppendedFile file(place);
  file.append(bytes);
  file.sync();
}

// The directory itself, without a slash behind its name.
fs::path target_of(const fs::path& dir) {
  const fs::path target = resolved(dir);
  return target.has_filename() ? target : target.parent_path();
}

bool is_ours(const std::string& name) {
  if (name == kClassFile || name == kPackedMark) return true;
  for (const DataPart part : {DataPart::train, DataPart::test, DataPart::validation}) {
    if (name == label_file(part) || name == image_file(part, {1, 1, 1}) ||
        name == image_file(part, {3, 1, 1})) {
      return true;
    }
  }
  return false;
}

}  // namespace

void require_packable(const fs::path& dir) {
  // It takes its place by a rename, which would replace a link itself.
  const fs::path target = target_of(dir);
  if (fs::is_symlink(fs::symlink_status(target))) {
    throw ConfigError("error: " + display_path(target) +
                      " is a symbolic link, which packing would replace; name the directory that "
                      "it leads to");
  }
  const NewDirectory removed_at_once(target);
}

void pack_data(const DataConfig& config, const DataSurvey& survey, const fs::path& dir,
               const ReadOptions& options) {
  const Shape shape = image_shape(config, survey);
  const fs::path target = target_of(dir);
  NewDirectory directory(target);
  for (const PartSurvey& part : survey.parts) {
    AppendedFile images(directory.at(image_file(part.part, shape)));
    pack_images(config, part, shape, options, images);
    write(directory.at(label_file(part.part)), label_bytes(part, survey.classes.size()));
  }
  std::string names;
  for (const std::string& name : survey.classes) names += name + "\n";
  write(directory.at(kClassFile), names);
  write(directory.at(kPackedMark), "");
  // Somebody may have put something there meanwhile.
  if (is_there(target) && !is_packed_data(target)) {
    throw file_error(target, "is no longer empty, nor a set that cnn-data packed; it stays");
  }
  directory.take_place();
}

std::size_t packing_bytes(const DataConfig& config, int threads) {
  std::size_t most = 0;
  for (const DataPart part : config.source.parts()) {
    try {
      const std::unique_ptr<DataSource> source = config.source.open(part);
      const std::size_t reading = source->reading_bytes(threads);
      if (!config.source.keeps_pictures()) {
        // Arrays are read, and the part is copied out of them.
        DatasetHeader header = source->header();
        if (header.is_mapped) header.count = std::min(header.count, kMostInPiece);
        header.is_mapped = false;
        most = std::max(most, 2 * dataset_bytes(header) + reading);
        continue;
      }
      // Pictures that keep their size may be larger than a piece.
      const std::optional<Size2> size = config.source.pictures().size;
      const std::size_t one = size ? Shape{3, size->height, size->width}.size() : reading;
      const std::size_t piece = std::min(std::max(kPieceBytes, one), one * source->count());
      most = std::max(most, piece + reading);
    } catch (const FileError&) {
      continue;  // the survey says what is wrong
    }
  }
  return most;
}

bool is_packed_data(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  const std::vector<fs::path> files = list_directory(path);
  // Other people's files have these names, too.
  return files.empty() ||
         (std::ranges::all_of(
              files, [](const fs::path& file) { return is_ours(file.filename().string()); }) &&
          is_there(path / kPackedMark));
}

}  // namespace cnn
