// configs/README.md, which documents every key, as text in the library.

#pragma once

#include <string_view>

namespace cnn {

extern const std::string_view kConfigReference;

}  // namespace cnn
