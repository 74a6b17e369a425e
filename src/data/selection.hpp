// Which images of a dataset are meant: all, those trained on, those held out.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// One of `count` equal parts of a data set, counted from 1; none by default.
struct Fold {
  std::int64_t number = 0;
  std::int64_t count = 0;

  bool operator==(const Fold&) const = default;
};

// The most folds of a data set.
inline constexpr std::int64_t kMostFolds = 1000;

// "2 of 5"; nothing if it is none of 2 folds or more.
std::optional<Fold> parse_fold(std::string_view text);
std::string to_text(const Fold& fold);

// Holds one fold out as validation, after `test` images as above. The folds of one seed are drawn
// together: each image is in one of them, and neither their sizes nor their numbers of images of a
// class differ by more than 1. Throws ArgumentError if there are fewer images than folds.
Split fold_split(std::span<const std::uint16_t> labels, std::size_t test, const Fold& fold,
                 std::uint64_t seed);

}  // namespace cnn
