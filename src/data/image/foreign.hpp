// Files that are not read, by what they are.

#pragma once

#include <string_view>

namespace cnn {

struct ForeignFormat {
  std::string_view name;  // in the plural: "HEIC pictures"; empty if it is not known
  bool is_picture = false;
};

// By the first bytes of a file.
ForeignFormat foreign_format(std::string_view bytes);

}  // namespace cnn
