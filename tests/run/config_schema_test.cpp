#include "run/config_schema.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "run/config_reference.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// CNN_UPDATE_GOLDEN=1 in the environment writes it, as does cnn-train --print-schema.
TEST(ConfigSchema, IsTheOneBesideTheConfigurations) {
  const fs::path file = fs::path(CNN_SOURCE_DIR) / "configs/cnn.schema.json";
  if (std::getenv("CNN_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << config_schema();
  EXPECT_TRUE(config_schema() == slurp(file))
      << "cnn-train --print-schema > configs/cnn.schema.json brings it up to date";
}

TEST(ConfigSchema, TheReferenceIsTheReadme) {
  EXPECT_TRUE(kConfigReference == slurp(fs::path(CNN_SOURCE_DIR) / "configs/README.md"));
}

TEST(ConfigSchema, EveryFileThatShipsNamesIt) {
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(CNN_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() != ".yaml") continue;
    std::string first;
    std::ifstream file(entry.path());
    std::getline(file, first);
    const std::string mark = "# yaml-language-server: $schema=";
    ASSERT_TRUE(first.starts_with(mark)) << entry.path();
    EXPECT_TRUE(fs::exists(entry.path().parent_path() / first.substr(mark.size()))) << entry.path();
  }
}

}  // namespace
}  // namespace cnn
