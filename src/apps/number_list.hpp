// Numbers as a user lists them: "1-64", "1,2,4".

#pragma once

#include <string_view>
#include <vector>

namespace cnn::app {

// In rising order, each once. "A-B" is every number up to kEach, the powers of two beyond, and both
// ends. Throws ConfigError, in the name of `option`, for what is no such list and for numbers below
// 1 or above `most`.
std::vector<int> number_list(std::string_view option, std::string_view text, int most);

constexpr int kEach = 16;

}  // namespace cnn::app
