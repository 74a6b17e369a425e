#include "support/run_files.hpp"

#include <sstream>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "formats/safetensors.hpp"
#include "support/files.hpp"

namespace cnn {

namespace fs = std::filesystem;

std::string metrics_apart_from_times(const fs::path& run) {
  const fs::path path = run / "metrics.csv";
  if (!fs::exists(path)) return "";
  std::istringstream lines(slurp(path));
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    for (int column = 0; column < 2; ++column) line.resize(line.rfind(','));
    result += line + "\n";
  }
  return result;
}

std::string run_difference(const fs::path& a, const fs::path& b) {
  std::string differences;
  for (const char* name : {"model.safetensors", "best.safetensors", "last.safetensors"}) {
    const bool there = fs::exists(a / name);
    if (there != fs::exists(b / name)) {
      differences += std::string(name) + " is missing from one; ";
    } else if (there && !same_bytes(a / name, b / name)) {
      differences += std::string(name) + " differs; ";
    }
  }
  const std::string here = metrics_apart_from_times(a), other = metrics_apart_from_times(b);
  if (here != other) differences += "metrics.csv differs:\n" + here + "against\n" + other;
  return differences;
}

std::string first_unreadable(const fs::path& run) {
  if (!fs::exists(run)) return "";
  for (const fs::directory_entry& entry : fs::directory_iterator(run)) {
    if (entry.path().extension() != ".safetensors") continue;
    try {
      read_safetensors(entry.path());
    } catch (const FileError& error) {
      return error.what();
    }
  }
  return "";
}

std::optional<std::uint64_t> last_step(const fs::path& run) {
  const fs::path path = run / "last.safetensors";
  if (!fs::exists(path)) return std::nullopt;
  return std::stoull(read_safetensors(path).metadata.at("run.step"));
}

std::string temporary_names(const fs::path& run) {
  std::string names;
  for (const fs::directory_entry& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".tmp") || name == ".probe") names += name + " ";
  }
  return names;
}

}  // namespace cnn
