// What the tests of the commands share.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/file.hpp"
#include "formats/safetensors.hpp"
#include "support/command.hpp"
#include "support/files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {

inline std::string digits_config() {
  return std::string(CNN_SOURCE_DIR) + "/configs/digits.yaml";
}

// A short run of LeNet on the project's digits: twelve steps unless `more` says otherwise.
inline std::vector<std::string> train_arguments(const std::filesystem::path& directory,
                                                const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {
      "--config", digits_config(),     "--out", directory.string(),
      "--set",    "data.validation=0", "--set", "training.steps=12"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

inline CommandResult train(const std::filesystem::path& directory,
                           const std::vector<std::string>& more) {
  return run_command("cnn-train", train_arguments(directory, more));
}

}  // namespace cnn
