// What run directories hold, compared and checked.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace cnn {

// What differs between the results of two finished runs, or "": model, best and last byte for byte,
// metrics.csv without its columns of times.
std::string run_difference(const std::filesystem::path& a, const std::filesystem::path& b);

// metrics.csv without the two columns that hold times; "" if there is no such file.
std::string metrics_apart_from_times(const std::filesystem::path& run);

// The complaint about the first *.safetensors of the directory that cannot be read whole, or "".
std::string first_unreadable(const std::filesystem::path& run);

// The step that last.safetensors holds, if there is one. Throws FileError if it cannot be read.
std::optional<std::uint64_t> last_step(const std::filesystem::path& run);

// Names of the files that an interrupted write left behind, or "".
std::string temporary_names(const std::filesystem::path& run);

}  // namespace cnn
