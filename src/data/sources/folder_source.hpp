// Data sets in folders: one per class with its pictures, and around these one per part where there
// are several.

#pragma once

#include <memory>

#include "data/source.hpp"

namespace cnn {

std::unique_ptr<SourceFormat> make_folder_format();

}  // namespace cnn
