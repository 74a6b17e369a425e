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

// Folders of src/, the lowest first. Those on one line do not include each other.
const std::vector<std::vector<std::string>> kFloors = {
    {"base"},           {"config", "kernels"}, {"data"}, {"nn"},
    {"optim", "infer"}, {"formats"},           {"run"},  {"report"},
    {"apps"},
};

// The folder in which a public header's source stands.
const std::map<std::string, std::string> kPublic = {
    {"classifier", "run"},
    {"cnn", "run"},
    {"error", "base"},
    {"evaluation", "infer"},
    {"export", "base"},
    {"prepared_image", "data"},
    {"training_observer", "run"},
    {"training_run", "run"},
    {"version", "base"},
    {"shape", "base"},
    {"image", "data"},
    {"dataset", "data"},
    {"metrics", "infer"},
};

// Who may include what of the outside.
const std::map<std::string, std::vector<std::string>> kOutside = {
    {"cblas.h", {"kernels/openblas"}},
    {"mpi.h", {"base/mpi_module"}},
    {"yaml-cpp/", {"config/yaml_tree", "config/yaml_locator"}},
    {"zlib.h", {"data/idx", "formats/safetensors", "run/model"}},
    {"jpeglib.h", {"data/image/jpeg"}},
    {"jerror.h", {"data/image/jpeg"}},
    {"png.h", {"data/image/png"}},
    {"gif_lib.h", {"data/image/gif"}},
    {"webp/", {"data/image/webp"}},
    {"nlohmann/",
     {"formats/safetensors", "config/schema_printer", "run/onnx_export", "run/onnx_import",
      "apps/*"}},
    {"CLI/", {"apps/command_parts", "apps/option_list"}},
    {"spdlog/", {"apps/*"}},
    {"fmt/", {"report/*", "apps/*"}},
};

bool matches(const std::string& module, const std::string& pattern) {
  if (pattern.ends_with("/*")) return module.starts_with(pattern.substr(0, pattern.size() - 1));
  return module == pattern;
}

// "nn" of "nn/layers/pooling"
std::string folder_of(const std::string& module) {
  return module.substr(0, module.find('/'));
}

int floor_of(const std::string& folder) {
  for (std::size_t floor = 0; floor < kFloors.size(); ++floor) {
    const auto& folders = kFloors[floor];
    if (std::find(folders.begin(), folders.end(), folder) != folders.end()) {
      return static_cast<int>(floor);
    }
  }
  return -1;
}

struct Source {
  fs::path path;
  std::string module;                 // "layers/pooling" of both its header and its source
  std::vector<std::string> includes;  // as they stand between the quotes or brackets
};

Source read_source(const fs::path& path, std::string module) {
  Source source{path, std::move(module), {}};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("#include")) continue;
    const std::size_t begin = line.find_first_of("\"<") + 1;
    source.includes.push_back(line.substr(begin, line.find_first_of("\">", begin) - begin));
  }
  return source;
}

// "cnn/image.hpp" → "data/image", "nn/layers/pooling.hpp" → "nn/layers/pooling"; empty for what is
// not the project's.
std::string module_of_include(const std::string& include) {
  const fs::path path = fs::path(include).replace_extension();
  if (include.starts_with("cnn/")) {
    const std::string name = path.filename().string();
    const auto found = kPublic.find(name);
    return found == kPublic.end() ? "" : found->second + "/" + name;
  }
  return floor_of(folder_of(include)) < 0 ? "" : path.string();
}

std::vector<Source> read_sources() {
  const fs::path root = CNN_SOURCE_DIR;
  std::vector<Source> sources;
  for (const fs::path& top : {root / "include", root / "src"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp") continue;
      const fs::path place = fs::relative(entry.path(), top);
      const bool is_public = top.filename() == "include";
      sources.push_back(
          read_source(entry.path(), is_public ? module_of_include(place.string())
                                              : fs::path(place).replace_extension().string()));
    }
  }
  return sources;
}

TEST(Floors, EveryFileStandsInAFolderOfTheTable) {
  for (const Source& source : read_sources()) {
    EXPECT_GE(floor_of(folder_of(source.module)), 0)
        << source.path << " stands in no folder of this test's tables";
  }
}

// The rows "| `base/` | 0 | …" of src/README.md, by their number.
std::vector<std::vector<std::string>> documented_floors() {
  std::vector<std::vector<std::string>> floors(kFloors.size());
  std::ifstream file(fs::path(CNN_SOURCE_DIR) / "src/README.md");
  for (std::string line; std::getline(file, line);) {
    const std::size_t end = line.find("/` | ");
    if (!line.starts_with("| `") || end == std::string::npos) continue;
    const std::string number = line.substr(end + 5, line.find(" | ", end + 5) - (end + 5));
    floors.at(std::stoul(number)).push_back(line.substr(3, end - 3));
  }
  return floors;
}

TEST(Floors, AreThoseOfTheTableInTheReadme) {
  auto expected = kFloors;
  auto documented = documented_floors();
  for (auto& folders : expected) std::sort(folders.begin(), folders.end());
  for (auto& folders : documented) std::sort(folders.begin(), folders.end());
  EXPECT_EQ(documented, expected) << "src/README.md says otherwise than kFloors";
}

TEST(Floors, EveryFolderStandsInTheTable) {
  for (const fs::directory_entry& entry :
       fs::directory_iterator(fs::path(CNN_SOURCE_DIR) / "src")) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory()) {
      EXPECT_GE(floor_of(name), 0) << entry.path();
    } else {
      EXPECT_TRUE(name == "CMakeLists.txt" || name == "README.md" || name == "cnnConfig.cmake.in")
          << entry.path() << " belongs into a folder";
    }
  }
}

TEST(Floors, NobodyIncludesAHigherFloor) {
  for (const Source& source : read_sources()) {
    const std::string own = folder_of(source.module);
    for (const std::string& include : source.includes) {
      const std::string module = module_of_include(include);
      if (module.empty() || folder_of(module) == own) continue;
      EXPECT_LT(floor_of(folder_of(module)), floor_of(own))
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

// What is printed goes through write_lines of base/text, or through the log: names come from
// strangers, and a terminal would obey what stands in them.
TEST(Floors, NothingIsPrintedPastTheSink) {
  const std::set<std::string> sinks = {"base/text", "apps/console", "apps/terminal"};
  for (const Source& source : read_sources()) {
    if (sinks.contains(source.module)) continue;
    std::ifstream file(source.path);
    for (std::string line; std::getline(file, line);) {
      for (const char* call : {"std::printf(", "std::fprintf(", "std::puts(", "std::fputs(",
                               "std::fwrite(", "std::cout", "std::cerr", "fmt::print("}) {
        EXPECT_EQ(line.find(call), std::string::npos) << source.path << ": " << line;
      }
    }
  }
}

}  // namespace
