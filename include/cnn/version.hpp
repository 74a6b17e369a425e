// The version of the library. Files and results of one minor version stay compatible; see
// CHANGELOG.md.

#pragma once

#include "cnn/export.hpp"

#define CNN_VERSION_MAJOR 0
#define CNN_VERSION_MINOR 2
#define CNN_VERSION_PATCH 0

namespace cnn {

// That of the library which is running, as in "0.2.0"; the macros are those of the headers.
CNN_EXPORT const char* version();

}  // namespace cnn
