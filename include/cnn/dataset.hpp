// Dataset: labelled images, kept as bytes. Immutable once read; any thread may read it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "cnn/export.hpp"
#include "cnn/shape.hpp"

namespace cnn {

struct DatasetFiles {
  std::filesystem::path images;
  std::filesystem::path labels;
};

enum class DataPart { train, test };

struct Dataset {
  DatasetFiles files;
  Shape shape;                       // of one image
  std::vector<std::uint8_t> pixels;  // (count, C·H·W)
  std::vector<std::uint8_t> labels;  // (count)

  std::size_t count() const { return labels.size(); }
  // Throws ArgumentError if there is no such image.
  std::span<const std::uint8_t> image(std::size_t i) const {
    const std::size_t size = shape.size();
    if (size == 0 || i >= pixels.size() / size) refuse_image(i);
    return std::span(pixels).subspan(i * size, size);
  }
  // One more than the largest label.
  CNN_EXPORT std::size_t label_bound() const;

 private:
  [[noreturn]] CNN_EXPORT void refuse_image(std::size_t i) const;
};

// What the headers of the two files say.
struct DatasetHeader {
  Shape shape;
  std::size_t count = 0;
};

// The two files of MNIST's usual names in `dir`: train-… or t10k-…, images-idx3-ubyte or
// images.idx3-ubyte (and labels with idx1; idx4 for images of rank 4), with or without .gz. Of
// several the first in this order is taken: rank 3 before rank 4, '-' before '.', plain before .gz.
// Throws FileError saying what was looked for and what the directory holds.
DatasetFiles find_dataset(const std::filesystem::path& dir, DataPart part);

// Images of rank 3 (n, h, w) or 4 (n, channels, h, w), labels of rank 1, as many as images. Throws
// FileError.
DatasetHeader read_dataset_header(const DatasetFiles& files);
Dataset read_dataset(const DatasetFiles& files);

// The images and labels of a part in `dir`, under MNIST's usual names. Throws FileError.
CNN_EXPORT Dataset load_dataset(const std::filesystem::path& dir, DataPart part);

// Places in a dataset.
using Selection = std::vector<std::uint32_t>;

// All of 0 … count-1.
Selection everything(std::size_t count);

// Throws ShapeError unless the dataset's images are of that shape, and ArgumentError unless there
// is one at each of the places.
void require_images(const Dataset& dataset, std::span<const std::uint32_t> places,
                    const Shape& shape);
// Throws ArgumentError unless the label at each of the places is one of that many classes.
void require_labels(const Dataset& dataset, std::span<const std::uint32_t> places,
                    std::size_t classes);

struct Split {
  Selection train;
  Selection validation;
};

// Holds `validation` images out: of each class its share (the largest remainders get what rounding
// leaves over), drawn by the seed; both parts stay in the order of the file. As long as it is
// possible every class keeps an image to train on; where it is not, classes of a single image lose
// theirs first. Throws ArgumentError unless validation < labels.size().
Split stratified_split(std::span<const std::uint8_t> labels, std::size_t validation,
                       std::uint64_t seed);

}  // namespace cnn
