// The pictures of data/samples, and what cnn-predict should say of them.

#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace cnn {

// Their paths, by name.
inline std::vector<std::string> sample_pictures() {
  std::vector<std::string> paths;
  const std::string folder = std::string(CNN_SOURCE_DIR) + "/data/samples";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

inline std::string sample_name(const nlohmann::json& prediction) {
  return std::filesystem::path(prediction["file"].get<std::string>()).filename().string();
}

// Names begin with the digit, or with "blank-"; of "4-beside-a-7.png" both digits are right.
inline bool is_right(const nlohmann::json& prediction) {
  const std::string name = sample_name(prediction);
  const bool blank = name.starts_with("blank-");
  if (prediction["blank"] != blank) return false;
  if (blank) return prediction["class"].is_null();
  const std::string beside = "-beside-a-";
  const std::size_t other = name.find(beside);
  return prediction["class"] == name.substr(0, 1) ||
         (other != std::string::npos &&
          prediction["class"] == name.substr(other + beside.size(), 1));
}

// "7-hairline.png as \"1\"; …": what was read wrongly of the elements of cnn-predict --json.
inline std::string misread_samples(const nlohmann::json& predictions) {
  std::string wrong;
  for (const nlohmann::json& prediction : predictions) {
    if (!is_right(prediction)) {
      wrong += sample_name(prediction) + " as " + prediction["class"].dump() + "; ";
    }
  }
  return wrong;
}

}  // namespace cnn
