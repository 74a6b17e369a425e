// Dataset: labelled images, kept as bytes. Immutable once read; any thread may read it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cnn/export.hpp"
#include "cnn/shape.hpp"

namespace cnn {

// What a set keeps apart for training, for scoring, and for choosing among models.
enum class DataPart { train, test, validation };

// Labels have 16 bits.
inline constexpr std::size_t kMostClasses = 65'536;

// Where the images of a dataset and their labels were read: paths, for messages. Both may be one
// directory; both are empty for a dataset that was made in memory.
struct DatasetOrigin {
  std::string images;
  std::string labels;
};

struct Dataset {
  DatasetOrigin origin;
  Shape shape;                           // of one image
  std::vector<std::uint8_t> pixels;      // (count, C·H·W), less the images that are mapped
  std::vector<std::uint16_t> labels;     // (count), from 0
  std::vector<std::string> class_names;  // one per class, in the order of the labels; or empty
  std::vector<std::string> file_names;   // one per image; empty for arrays of images
  std::vector<std::string> left_out;  // files that were passed over as broken, each with its fault

  // The first images may stand in a large file, which is read as they are looked at; `mapping`
  // holds it. Whoever makes that file shorter takes pages away: looking at them is the signal
  // SIGBUS. To remove it, or to put another one in its place, does no harm.
  std::span<const std::uint8_t> mapped_pixels = {};
  std::shared_ptr<const void> mapping = {};

  // All of (count, C·H·W), in two pieces, each of whole images.
  std::array<std::span<const std::uint8_t>, 2> pixel_pieces() const {
    return {mapped_pixels, pixels};
  }
  std::size_t count() const { return labels.size(); }
  // Throws ArgumentError if there is no such image.
  std::span<const std::uint8_t> image(std::size_t i) const {
    const std::size_t size = shape.size();
    const std::size_t mapped = size == 0 ? 0 : mapped_pixels.size() / size;
    if (i < mapped) return mapped_pixels.subspan(i * size, size);
    if (size == 0 || i - mapped >= pixels.size() / size) refuse_image(i);
    return std::span(pixels).subspan((i - mapped) * size, size);
  }
  // One more than the largest label.
  CNN_EXPORT std::size_t label_bound() const;
  // As many as have names, or label_bound() if that is more.
  CNN_EXPORT std::size_t class_count() const;

 private:
  [[noreturn]] CNN_EXPORT void refuse_image(std::size_t i) const;
};

// Reads a part of the data set in a directory, in whichever format it is kept there. Throws
// FileError naming the path: there is no such part, or something of it is broken.
CNN_EXPORT Dataset read_dataset(const std::filesystem::path& dir, DataPart part);

}  // namespace cnn
