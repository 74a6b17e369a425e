// How people call the parts of a data set.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cnn/dataset.hpp"

namespace cnn {

// The names of a part, as folders and tables use them: "train", "training".
std::vector<std::string> part_names(DataPart part);
// The part of that name, whatever its capitals; nothing if it is none.
std::optional<DataPart> part_of(std::string_view name);
// For a message: "training", "test", "validation".
std::string_view part_title(DataPart part);

}  // namespace cnn
