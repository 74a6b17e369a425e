// The part of the machine that a container's CPU quota leaves.

#pragma once

#include <filesystem>
#include <optional>

namespace cnn {

// The processors' worth of time that the control groups of this process allow it, rounded up, at
// least 1; nothing if they set no limit. The smallest quota of the process's group and of the
// groups around it holds: cpu.max of cgroup v2, cpu.cfs_quota_us per cpu.cfs_period_us of v1. Files
// that are missing or broken set no limit. `root` is the directory that stands for / (tests have
// one of their own).
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace cnn
