#pragma once

#include <string>

namespace cnn::app {

// A field of a CSV table (RFC 4180): quoted where it must be, and in no way harmful to a terminal.
std::string csv_field(const std::string& text);

}  // namespace cnn::app
