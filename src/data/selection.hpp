// Which images of a dataset are meant: all, those trained on, those held out.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cnn/dataset.hpp"

namespace cnn {

// Indices of images in a dataset.
using Selection = std::vector<std::uint32_t>;

// All of 0 … count-1.
Selection everything(std::size_t count);

// Throws ShapeError unless the dataset's images are of that shape, and ArgumentError unless all of
// `images` are there.
void require_images(const Dataset& dataset, std::span<const std::uint32_t> images,
                    const Shape& shape);
// Throws ArgumentError unless each of `images` has a label, and all of these are below `classes`.
void require_labels(const Dataset& dataset, std::span<const std::uint32_t> images,
                    std::size_t classes);

struct Split {
  Selection train;
  Selection validation;
  Selection test = {};
};

// Holds `validation` images out, drawn by the seed. Each class gives its share; what rounding
// leaves over goes to the largest remainders. Both parts stay in the order of the dataset. Every
// class keeps an image to train on as long as that is possible; after that, classes of a single
// image lose theirs first. Throws ArgumentError unless validation < labels.size().
Split stratified_split(std::span<const std::uint16_t> labels, std::size_t validation,
                       std::uint64_t seed);
// The same after `test` images have been held out in that way. Throws ArgumentError unless
// test + validation < labels.size().
Split stratified_split(std::span<const std::uint16_t> labels, std::size_t test,
                       std::size_t validation, std::uint64_t seed);

}  // namespace cnn
