// Short configurations for tests, and what is wrong with them.

#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "cnn/error.hpp"

#include "run/run_config.hpp"
#include "support/temp_dir.hpp"

namespace cnn {

inline constexpr const char* kData = "data: {dir: d}\n";
inline constexpr const char* kNetwork = "network:\n  - fc: {count: 10}\n";

inline RunConfig parse(const std::string& text) {
  return parse_config("a.yaml", text);
}

// A configuration with these lines of one section, and all else as short as can be.
inline RunConfig with_data(const std::string& data) {
  return parse("data: {" + data + "}\n" + kNetwork);
}
inline RunConfig with_training(const std::string& training) {
  return parse(std::string(kData) + kNetwork + "training: {" + training + "}\n");
}
inline RunConfig with_schedule(const std::string& schedule) {
  return with_training("schedule: " + schedule);
}
inline RunConfig with_output(const std::string& output) {
  return parse(std::string(kData) + kNetwork + "output: {" + output + "}\n");
}
inline RunConfig with_layers(const std::string& layers) {
  return parse(std::string(kData) + "network:\n" + layers);
}

template <typename Read>
inline std::string error_of(const Read& read) {
  try {
    read();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// The first line without the place.
inline std::string message_of(const std::string& errors) {
  const std::size_t at = errors.find("error: ");
  return at == std::string::npos ? "" : errors.substr(at + 7, errors.find('\n') - at - 7);
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// The configuration of that text, from a file in `temp`.
inline LoadedConfig load_text(const TempDir& temp, const std::string& text,
                              const std::vector<std::string>& overrides = {}) {
  write_text(temp / "a.yaml", text);
  return load_config(temp / "a.yaml", overrides);
}

}  // namespace cnn
