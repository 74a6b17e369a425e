// The bytes of files, as tests compare them.

#pragma once

#include <filesystem>
#include <string>

namespace cnn {

// The bytes of a file.
std::string slurp(const std::filesystem::path& path);
// Do two files hold the same bytes? (Comparing texts would print megabytes where they differ.)
bool same_bytes(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace cnn
