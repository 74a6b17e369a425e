// cnn-train --init: a configuration for the pictures of a directory, written to a file.

#pragma once

#include "apps/command_line.hpp"

namespace cnn::app {

// Looks at the pictures in o.init, and writes the file: o.out, or one called after the directory in
// the current one. Returns the exit code. Throws ConfigError if there is such a file; FileError as
// cnn-train does for pictures that cannot be trained on.
int write_starter_file(const TrainOptions& o);

}  // namespace cnn::app
