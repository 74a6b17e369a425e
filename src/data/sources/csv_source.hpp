// Data sets in CSV tables that name picture files and their classes, a row per picture.

#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "data/source.hpp"

namespace cnn {

inline constexpr std::array<std::string_view, 1> kCsvFileKeys = {"table"};
std::unique_ptr<SourceFormat> make_csv_format();

}  // namespace cnn
