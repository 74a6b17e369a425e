// The configuration as a JSON Schema (draft 7): for editors, and for those who write configurations
// by programs.

#pragma once

#include <string>

namespace cnn {

// Types, bounds and defaults are those of the options; descriptions are those of configs/README.md.
std::string config_schema();

}  // namespace cnn
