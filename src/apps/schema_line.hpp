// The first line of a configuration that tells an editor where its schema is.

#pragma once

#include <string>

namespace cnn::app {

// "# yaml-language-server: $schema=…\n": the schema that is installed with this program, or where
// there is none, cnn.schema.json beside the configuration.
std::string schema_line();

}  // namespace cnn::app
