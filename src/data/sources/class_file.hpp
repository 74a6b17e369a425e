// Files that hold the names of a data set's classes.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cnn {

// The lines of the file, without their ends (LF or CR LF); empty ones are left out. Throws
// FileError if it cannot be read, or holds none or more than kMostClasses.
std::vector<std::string> read_class_file(const std::filesystem::path& path);

}  // namespace cnn
