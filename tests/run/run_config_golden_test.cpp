// What users see: every broken configuration in tests/golden/errors and the exact text of its
// errors, and the reference of all keys in configs/README.md.
//
// CNN_UPDATE_GOLDEN=1 in the environment writes the texts instead of comparing them.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "config/option_printer.hpp"
#include "nn/network.hpp"
#include "nn/registry.hpp"
#include "run/config_sections.hpp"
#include "run/run_config.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = CNN_SOURCE_DIR;
const fs::path kErrors = kSource / "tests/golden/errors";

std::string slurp(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The arguments in the comments "# --set KEY=VALUE" at the beginning of a file.
std::vector<std::string> overrides_in(const std::string& text) {
  const std::string mark = "# --set ";
  std::vector<std::string> overrides;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && line.starts_with(mark);) {
    overrides.push_back(line.substr(mark.size()));
  }
  return overrides;
}

// All that is checked before training starts, on images of MNIST's shape with ten classes.
std::string errors_of(const fs::path& path) {
  Dataset dataset;
  dataset.origin.labels = "data/mnist/train-labels-idx1-ubyte.gz";
  dataset.labels = {9};
  try {
    const LoadedConfig loaded = load_config(path, overrides_in(slurp(path)));
    check_classes(loaded, build_network(loaded, {1, 28, 28}), dataset);
  } catch (const ConfigError& error) {
    std::string text = error.what();
    const std::string directory = path.parent_path().string() + "/";
    for (std::size_t at = text.find(directory); at != std::string::npos;
         at = text.find(directory)) {
      text.erase(at, directory.size());
    }
    return text + "\n";
  }
  return "no error\n";
}

TEST(Golden, ErrorsOfBrokenConfigurations) {
  const bool update = std::getenv("CNN_UPDATE_GOLDEN") != nullptr;
  int count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kErrors)) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    const fs::path expected = fs::path(entry.path()).replace_extension(".txt");
    const std::string errors = errors_of(entry.path());
    EXPECT_NE(errors, "no error\n") << entry.path();
    if (update) std::ofstream(expected, std::ios::binary) << errors;
    EXPECT_EQ(errors, slurp(expected)) << entry.path();
  }
  EXPECT_GE(count, 35);
}

// The rows "| `key` | …" of the sections of configs/README.md whose headings name `component`.
bool is_documented(const std::string& readme, const std::string& component,
                   const std::string& key) {
  std::istringstream lines(readme);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) {
      const std::string heading = line.substr(line.find_first_not_of("# "));
      inside = heading == component || heading.find("`" + component + "`") != std::string::npos;
    }
    if (inside && line.starts_with("| `" + key + "` |")) return true;
  }
  return false;
}

// "training.schedule.gamma" is "gamma" in "training.schedule"; "name" is in "Top level".
void expect_documented(const std::string& readme, const std::string& path) {
  const std::size_t dot = path.rfind('.');
  const std::string component = dot == std::string::npos ? "Top level" : path.substr(0, dot);
  EXPECT_TRUE(is_documented(readme, component, path.substr(dot + 1)))
      << "configs/README.md has no row '| `" << path.substr(dot + 1) << "` |' under " << component;
}

TEST(ConfigsReadme, ListsEveryKeyOfEverySection) {
  const std::string readme = slurp(kSource / "configs/README.md");
  for (std::size_t policy = 0; policy < Schedule::kPolicyNames.size(); ++policy) {
    RunConfig config;
    config.training.schedule.policy = static_cast<Schedule::Policy>(policy);
    OptionLister lister;
    visit(lister, config, ConfigText::complete, [] {});
    EXPECT_GT(lister.keys().size(), 20U);
    for (const std::string& path : lister.keys()) expect_documented(readme, path);
    EXPECT_NE(readme.find("| `" + std::string(Schedule::kPolicyNames[policy]) + "` |"),
              std::string::npos);
  }
  expect_documented(readme, "network");
}

TEST(ConfigsReadme, ListsEveryKeyOfEveryLayer) {
  const std::string readme = slurp(kSource / "configs/README.md");
  for (const LayerEntry& entry : layer_entries()) {
    const std::string type(entry.type);
    EXPECT_NE(readme.find("`" + type + "`"), std::string::npos) << type;
    for (std::size_t init = 0; init < Init::kTypeNames.size(); ++init) {
      LayerSpec spec;
      const std::unique_ptr<Layer> layer = entry.make();
      spec.init.type = static_cast<Init::Type>(init);
      OptionLister lister;
      visit(lister, spec, entry, [&] { layer->options(lister); });
      for (const std::string& key : lister.keys()) {
        const std::size_t dot = key.find('.');
        const bool known =
            dot != std::string::npos
                ? is_documented(readme, key.substr(0, dot), key.substr(dot + 1))
                : is_documented(readme, type, key) || is_documented(readme, "Every layer", key);
        EXPECT_TRUE(known) << "configs/README.md does not tell of '" << key << "' of " << type;
      }
    }
  }
}

TEST(ConfigsReadme, NamesEveryLossAndInit) {
  const std::string readme = slurp(kSource / "configs/README.md");
  for (const std::string_view name : kLossNames) {
    EXPECT_NE(readme.find("| `" + std::string(name) + "` |"), std::string::npos) << name;
  }
  for (const std::string_view name : Init::kTypeNames) {
    EXPECT_NE(readme.find("`" + std::string(name) + "`"), std::string::npos) << name;
  }
}

TEST(Configs, ThatShipAreValid) {
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kSource / "configs")) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    const LoadedConfig loaded = load_config(entry.path(), {});
    EXPECT_GE(build_network(loaded, {1, 28, 28}).output().size(), 10U) << entry.path();
  }
  EXPECT_GE(count, 14);
}

TEST(Configs, OfPublishedNetworksHaveTheirNumbersOfParameters) {
  const auto parameters = [](const char* name) {
    const LoadedConfig loaded = load_config(kSource / "configs" / name, {});
    return build_network(loaded, {1, 28, 28}).parameter_count();
  };
  EXPECT_EQ(parameters("lenet.yaml"), 431'080U);
  EXPECT_EQ(parameters("lenet5.yaml"), 61'706U);
  EXPECT_EQ(parameters("ufldl.yaml"), 21'650U);
  EXPECT_EQ(parameters("lecture.yaml"), 3'898U);
}

}  // namespace
}  // namespace cnn
