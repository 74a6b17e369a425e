#include "base/cpu_quota.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace cnn {
namespace {

namespace fs = std::filesystem;

// A hierarchy of control groups: where it is mounted, and which of its groups that shows.
struct Mount {
  bool v2 = false;
  fs::path root;   // the group that the mount point shows, as in /proc/self/cgroup
  fs::path point;  // absolute
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool names_cpu(const std::string& list) {
  const std::vector<std::string> names = split(list, ',');
  return std::ranges::find(names, "cpu") != names.end();
}

// The mounts whose groups may limit the processor, from lines as
// "31 23 0:28 /docker/7 /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu": after "-" the type
// and the options of the hierarchy.
std::vector<Mount> read_mounts(const fs::path& root) {
  std::vector<Mount> mounts;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 6 || words.end() - dash < 4) continue;
    const bool v2 = dash[1] == "cgroup2";
    if (v2 || (dash[1] == "cgroup" && names_cpu(dash[3]))) {
      mounts.push_back({v2, words[3], words[4]});
    }
  }
  return mounts;
}

// The group of this process in that hierarchy, from lines as "0::/user/7" for v2 and
// "4:cpu,cpuacct:/docker/7" for v1.
std::optional<fs::path> read_group(const fs::path& root, bool v2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? line.starts_with("0::") : names_cpu(controllers)) return line.substr(second + 1);
  }
  return std::nullopt;
}

// How many processors' time `quota` per `period` is.
std::optional<double> processors(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return std::nullopt;  // v1 writes -1 for no limit
  return quota / period;
}

std::optional<double> quota_of(const fs::path& directory, bool v2) {
  double quota = 0;
  double period = 0;
  if (v2) {
    std::ifstream file(directory / "cpu.max");  // "200000 100000", or "max 100000"
    return file >> quota >> period ? processors(quota, period) : std::nullopt;
  }
  std::ifstream quota_file(directory / "cpu.cfs_quota_us");
  std::ifstream period_file(directory / "cpu.cfs_period_us");
  return quota_file >> quota && period_file >> period ? processors(quota, period) : std::nullopt;
}

// The directories from the mount point down to the process's group; the mount point alone if the
// group lies outside of what the mount shows.
std::vector<fs::path> directories(const Mount& mount, const fs::path& group) {
  std::vector<fs::path> all = {mount.point};
  const fs::path below = group.lexically_relative(mount.root);
  if (below.empty() || *below.begin() == ".." || below == ".") return all;
  for (const fs::path& part : below) all.push_back(all.back() / part);
  return all;
}

}  // namespace

std::optional<int> cpu_quota(const fs::path& root) {
  std::optional<double> smallest;
  for (const Mount& mount : read_mounts(root)) {
    const std::optional<fs::path> group = read_group(root, mount.v2);
    if (!group) continue;
    for (const fs::path& directory : directories(mount, *group)) {
      const std::optional<double> quota = quota_of(root / directory.relative_path(), mount.v2);
      if (quota && (!smallest || *quota < *smallest)) smallest = quota;
    }
  }
  constexpr double kMost = 1 << 20;  // as good as none, and it fits an int
  if (!smallest) return std::nullopt;
  return static_cast<int>(std::clamp(std::ceil(*smallest), 1.0, kMost));
}

}  // namespace cnn
