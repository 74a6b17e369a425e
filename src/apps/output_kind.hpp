// What an option that names an output may replace: a file or directory of its own kind, and nothing
// else. A name typed wrong must not cost a configuration.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "data/source.hpp"

namespace cnn::app {

enum class OutputKind {
  png,
  directory,
  onnx,
  imported,
  html,
  npy,
  packed,
  confusion,
  predictions,
  sweep
};

// The first line of a configuration that cnn-import writes.
inline constexpr std::string_view kImportedHeader =
    "# A network that cnn-import read; train it with --data DIR.\n";

// Throws ConfigError naming the option if there is something of another kind under that name. To be
// asked before anything else is done. An empty path is an option that was not given.
void require_output_kind(const std::string& option, const std::filesystem::path& path,
                         OutputKind kind);

// Throws ConfigError naming the option if the output, an absolute path, would be a class of the
// set, or in one: a set of pictures whose classes are the folders beside it.
void require_outside_classes(const std::string& option, const std::filesystem::path& output,
                             const SourceConfig& source);

}  // namespace cnn::app
