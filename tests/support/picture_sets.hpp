// Small data sets in every format, of the same images in the same order.

#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "cnn/dataset.hpp"

namespace cnn {

// Names of classes whose order in bytes is that of their labels.
inline const std::array<std::string, 4> kPetNames = {"Cat", "ant", "bee", "\xC3\xA4hre"};

// `count` images per class of 3x32x32, in the order of their labels, with these names.
Dataset make_pets(std::size_t count, std::size_t classes = 3, std::uint32_t seed = 1);

// One image of a data set as a picture.
void write_picture(const std::filesystem::path& path, const Dataset& dataset, std::size_t i);

// A folder per class in `dir`, with 000.png and so on.
void write_folders(const std::filesystem::path& dir, const Dataset& dataset);

// Writes both parts to `dir`, as "idx", "cifar", "folder", or as "csv": pictures with all.csv. All
// give the same images, labels and, but for the numbers of labels, names of classes.
void write_pets(std::string_view format, const std::filesystem::path& dir, const Dataset& train,
                const Dataset& test);

}  // namespace cnn
