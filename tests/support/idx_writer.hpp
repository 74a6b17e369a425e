// IDX files for tests, right and wrong ones, and small data sets.

#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cnn/dataset.hpp"

#include "data/sources/idx_source.hpp"

namespace cnn {

enum class Packing { plain, gzip };

// The header of an IDX file of unsigned bytes of any rank (up to 255).
std::string idx_header(const std::vector<std::uint32_t>& dims);

// One gzip member that holds `bytes`.
std::string gzip(std::string_view bytes);

// The file as given: nothing is checked, so that tests can write broken ones.
void write_bytes(const std::filesystem::path& path, std::string_view bytes);

void write_idx(const std::filesystem::path& path, const std::vector<std::uint32_t>& dims,
               std::span<const std::uint8_t> values, Packing packing = Packing::plain);

// `count` images of `shape`, labelled 0, 1, … classes-1, 0, 1, … In the plane of an image of class
// k the k-th of `classes` equal parts is bright (192 … 255) and the rest is dim (0 … 63): easily
// learnt, and no two images alike.
Dataset make_dataset(const Shape& shape, std::size_t count, std::size_t classes,
                     std::uint32_t seed = 1);

// Labels of up to 256 classes, as one byte each.
void write_labels(const std::filesystem::path& path, std::span<const std::uint16_t> labels,
                  Packing packing = Packing::plain);

// Writes it under MNIST's names, and returns these: rank 3, or rank 4 if there are several
// channels.
IdxFiles write_dataset(const std::filesystem::path& dir, DataPart part, const Dataset& dataset,
                       Packing packing = Packing::plain);

}  // namespace cnn
