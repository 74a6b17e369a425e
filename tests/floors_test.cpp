// The structure of the code, enforced: a file includes only what stands on its own floor or below,
// without cycles, and each outside library is known to as few files as possible.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

const std::vector<std::vector<std::string>> kFloors = {
    {"error", "shape", "view", "random", "arena", "cpu_quota", "workers", "options", "text",
     "vectors", "lanes"},
    {"blas", "im2col", "winograd", "file", "diagnostics", "config_reader", "config_edit",
     "option_reader", "option_printer"},
    {"layer", "init", "layers/*", "registry", "loss"},
    {"network", "workspace"},
    {"solver", "schedule", "idx", "dataset", "batches", "augment", "safetensors", "image",
     "image/*", "image_statistics", "prepare_image", "metrics", "gradient_check", "fold"},
    {"run_config", "evaluate", "vote", "model", "train_step", "run_directory", "training_data",
     "trainer", "learning_check"},
    {"apps/*"},
};

// Who may include what of the outside.
const std::map<std::string, std::vector<std::string>> kOutside = {
    {"cblas.h", {"blas"}},
    {"yaml-cpp/", {"config_reader"}},
    {"zlib.h", {"idx", "safetensors", "model", "image/*"}},
    {"stb_", {"image/*"}},
    {"nlohmann/", {"safetensors", "apps/*"}},
    {"CLI/", {"apps/command_line"}},
    {"spdlog/", {"apps/*"}},
    {"fmt/", {"apps/*"}},
};

bool matches(const std::string& module, const std::string& pattern) {
  if (pattern.ends_with("/*")) return module.starts_with(pattern.substr(0, pattern.size() - 1));
  return module == pattern ||
         module.starts_with(pattern + "_");  // run_config_network belongs to run_config
}

int floor_of(const std::string& module) {
  for (std::size_t floor = 0; floor < kFloors.size(); ++floor) {
    for (const std::string& pattern : kFloors[floor]) {
      if (pattern == module) return static_cast<int>(floor);
    }
  }
  for (std::size_t floor = 0; floor < kFloors.size(); ++floor) {
    for (const std::string& pattern : kFloors[floor]) {
      if (matches(module, pattern)) return static_cast<int>(floor);
    }
  }
  return -1;
}

struct Source {
  fs::path path;
  std::string module;                 // "layers/pooling" of both its header and its source
  std::vector<std::string> includes;  // as they stand between the quotes or brackets
};

std::vector<Source> read_sources() {
  const fs::path root = CNN_SOURCE_DIR;
  std::vector<Source> sources;
  for (const fs::path& top : {root / "include" / "cnn", root / "src"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp") continue;
      Source source{entry.path(), fs::relative(entry.path(), top).replace_extension().string(), {}};
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("#include")) continue;
        const std::size_t begin = line.find_first_of("\"<") + 1;
        source.includes.push_back(line.substr(begin, line.find_first_of("\">", begin) - begin));
      }
      sources.push_back(std::move(source));
    }
  }
  return sources;
}

// "cnn/layers/pooling.hpp" → "layers/pooling"; empty for what is not the library's.
std::string module_of_include(const std::string& include) {
  if (!include.starts_with("cnn/")) return "";
  return fs::path(include.substr(4)).replace_extension().string();
}

TEST(Floors, EveryFileHasAFloor) {
  for (const Source& source : read_sources()) {
    const bool private_header = source.path.extension() == ".hpp" &&
                                source.path.string().find("/include/") == std::string::npos;
    if (private_header) continue;
    EXPECT_GE(floor_of(source.module), 0)
        << source.path << " stands on no floor: name it in this test's table";
  }
}

TEST(Floors, NobodyIncludesAHigherFloor) {
  for (const Source& source : read_sources()) {
    for (const std::string& include : source.includes) {
      const std::string module = module_of_include(include);
      if (module.empty()) continue;
      EXPECT_LE(floor_of(module), floor_of(source.module))
          << source.path << " includes " << include;
    }
  }
}

TEST(Floors, HeadersHaveNoCycles) {
  std::map<std::string, std::set<std::string>> graph;
  for (const Source& source : read_sources()) {
    if (source.path.extension() != ".hpp") continue;
    for (const std::string& include : source.includes) {
      if (const std::string module = module_of_include(include); !module.empty()) {
        graph[source.module].insert(module);
      }
    }
  }
  std::set<std::string> done, open;
  const std::function<void(const std::string&)> visit = [&](const std::string& module) {
    if (done.contains(module)) return;
    ASSERT_TRUE(open.insert(module).second) << "a cycle of includes passes through " << module;
    for (const std::string& next : graph[module]) visit(next);
    done.insert(module);
  };
  for (const auto& [module, includes] : std::map(graph)) visit(module);
}

TEST(Floors, OutsideLibrariesStayWhereTheyBelong) {
  for (const Source& source : read_sources()) {
    for (const std::string& include : source.includes) {
      for (const auto& [prefix, allowed] : kOutside) {
        if (!include.starts_with(prefix)) continue;
        EXPECT_TRUE(std::any_of(
            allowed.begin(), allowed.end(),
            [&](const std::string& pattern) { return matches(source.module, pattern); }))
            << source.path << " includes " << include;
      }
    }
  }
}

}  // namespace
