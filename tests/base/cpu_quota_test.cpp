#include "base/cpu_quota.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// A machine's / with nothing but what tells of control groups.
class CpuQuota : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    write_file(root_ / path, text);
  }
  // One hierarchy of v2, as today's distributions have it; `shown` is the group that is mounted.
  void use_v2(const std::string& group, const std::string& shown = "/") {
    write("proc/self/cgroup", "0::" + group + "\n");
    write("proc/self/mountinfo",
          "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
          "31 23 0:28 " +
              shown + " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  void use_v1(const std::string& group, const std::string& shown = "/") {
    write("proc/self/cgroup",
          "5:memory:/elsewhere\n4:cpuset:/\n3:cpu,cpuacct:" + group + "\n1:name=systemd:/\n0::/\n");
    write("proc/self/mountinfo",
          "30 23 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
          "32 31 0:29 " +
              shown + " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  }
  std::optional<int> quota() const { return cpu_quota(root_.path()); }

  TempDir root_;
  const std::string v2_ = "sys/fs/cgroup/";
  const std::string v1_ = "sys/fs/cgroup/cpu,cpuacct/";
};

TEST_F(CpuQuota, IsRoundedUp) {
  use_v2("/");
  for (const auto& [text, processors] : {std::pair{"200000 100000", 2},
                                         {"200001 100000", 3},
                                         {"150000 100000", 2},
                                         {"25000 50000", 1},
                                         {"1000 1000000\n", 1},
                                         {"6400000 100000", 64}}) {
    write(v2_ + "cpu.max", text);
    EXPECT_EQ(quota(), processors) << text;
  }
}

TEST_F(CpuQuota, IsTheSmallestOfTheGroupsAroundTheProcess) {
  use_v2("/pod/container/job");
  EXPECT_EQ(quota(), std::nullopt);
  write(v2_ + "cpu.max", "800000 100000\n");
  EXPECT_EQ(quota(), 8);
  write(v2_ + "pod/container/job/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), 8);
  write(v2_ + "pod/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota(), 3);
  write(v2_ + "pod/container/job/cpu.max", "500000 100000\n");
  EXPECT_EQ(quota(), 3);
  write(v2_ + "pod/container/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), 1);
  write(v2_ + "other/cpu.max", "1 100000\n");
  EXPECT_EQ(quota(), 1);
}

TEST_F(CpuQuota, NoLimitIsNone) {
  EXPECT_EQ(quota(), std::nullopt) << "without any file";
  use_v2("/a");
  write(v2_ + "a/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), std::nullopt);
  use_v1("/a");
  write(v1_ + "a/cpu.cfs_quota_us", "-1\n");
  write(v1_ + "a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CpuQuota, OfTheFirstVersionHasTwoFiles) {
  use_v1("/docker/7");
  write(v1_ + "docker/7/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(quota(), std::nullopt) << "half of it";
  write(v1_ + "docker/7/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 3);
  write(v1_ + "docker/cpu.cfs_quota_us", "100000\n");
  write(v1_ + "docker/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 1);
}

// A container sees its own group at the mount point, but may be told its name on the host.
TEST_F(CpuQuota, OfAContainerStandsAtTheMountPoint) {
  use_v1("/docker/7/job", "/docker/7");
  write(v1_ + "cpu.cfs_quota_us", "400000\n");
  write(v1_ + "cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 4);
  write(v1_ + "job/cpu.cfs_quota_us", "200000\n");
  write(v1_ + "job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 2);
  use_v1("/docker/8", "/docker/7");
  EXPECT_EQ(quota(), 4);
  use_v2("/../8", "/");
  write(v2_ + "cpu.max", "100000 100000");
  write("sys/fs/8/cpu.max", "500000 100000");
  EXPECT_EQ(quota(), 1);
}

TEST_F(CpuQuota, BrokenFilesAreIgnored) {
  use_v2("/a/b");
  write(v2_ + "cpu.max", "300000 100000");
  for (const char* text : {"", "\n", "nonsense", "200000", "200000 0", "0 100000", "-5 100000",
                           "nan 100000", "100000 max", "\xFF\xFE"}) {
    write(v2_ + "a/cpu.max", text);
    EXPECT_EQ(quota(), 3) << text;
  }
  fs::create_directories(root_ / (v2_ + "a/b/cpu.max"));
  EXPECT_EQ(quota(), 3) << "a directory";
  write(v2_ + "a/cpu.max", "1e300 1");
  EXPECT_EQ(quota(), 3) << "no limit at all";
  for (const char* text : {"", "0", "::", "0:", "nonsense\n", "7:memory:/\n"}) {
    write("proc/self/cgroup", text);
    EXPECT_EQ(quota(), std::nullopt) << text;
  }
  use_v2("/a/b");
  for (const char* text : {"", "-", "a b c d e f -\n", "1 2 3 / /sys/fs/cgroup rw -", "- - - -"}) {
    write("proc/self/mountinfo", text);
    EXPECT_EQ(quota(), std::nullopt) << text;
  }
}

TEST_F(CpuQuota, BothVersionsHoldSideBySide) {
  use_v1("/a");
  write("proc/self/mountinfo",
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        "38 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "300000");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000");
  EXPECT_EQ(quota(), 3);
  write("sys/fs/cgroup/unified/cpu.max", "200000 100000");
  EXPECT_EQ(quota(), 2);
}

}  // namespace
}  // namespace cnn
