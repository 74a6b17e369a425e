// Paths and the current directory, which may have been deleted while a process was in it: what is
// absolute does not need it.

#pragma once

#include <filesystem>

namespace cnn {

// `path` from the root on, without "." and "..". Throws FileError for a relative path if the
// current directory is not there any more.
std::filesystem::path resolved(const std::filesystem::path& path);

// Empty if it is not there any more: paths relative to it stay as they are, and lead nowhere.
std::filesystem::path current_directory();

}  // namespace cnn
