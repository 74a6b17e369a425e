// A disk that becomes full while a run writes to it: the run ends with the reason, its last good
// checkpoint stays, and with more room it goes on as if nothing had been.

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "faults/fault.hpp"
#include "faults/scene.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

// Goes on with what a run has left: resumes it if there is a checkpoint, starts anew if not.
CommandResult go_on(const Scene& scene) {
  std::vector<std::string> arguments = scene.train_arguments(scene.run());
  arguments.push_back(last_step(scene.run()) ? "--resume" : "--overwrite");
  return run_command("cnn-train", arguments);
}

void expect_disk_full(const CommandResult& result, const Scene& scene) {
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr(std::strerror(ENOSPC)));
  EXPECT_EQ(first_unreadable(scene.run()), "");
  EXPECT_EQ(temporary_names(scene.run()), "");
  const CommandResult resumed = go_on(scene);
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

// A resumed run writes some 20 kB in all.
class FullDisk : public testing::TestWithParam<int> {};

TEST_P(FullDisk, KeepsTheLastGoodCheckpoint) {
  const Scene scene;
  Fault fault{"write", ENOSPC};
  int ended = 0;
  for (fault.room = 1;; fault.room += static_cast<std::size_t>(GetParam())) {
    SCOPED_TRACE(testing::Message() << fault);
    scene.reset_run();
    const FaultedResult result =
        run_with_fault(fault, scene.run(), "cnn-train", scene.resume_arguments());
    EXPECT_GE(last_step(scene.run()), Scene::kStopped);
    if (result.command.code != 0) expect_disk_full(result.command, scene);
    EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
    if (!result.struck) break;
    ++ended;
  }
  EXPECT_GT(ended, 1);
}

INSTANTIATE_TEST_SUITE_P(Sampled, FullDisk, testing::Values(5003));
INSTANTIATE_TEST_SUITE_P(Complete, FullDisk, testing::Values(307));

// A small file system in memory at a directory.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path directory) : directory_(std::move(directory)) {
    std::filesystem::create_directory(directory_);
    mounted_ = mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=4k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount(directory_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void resize(int kilobytes) {
    const std::string size = "size=" + std::to_string(kilobytes) + "k";
    if (mount("tmpfs", directory_.c_str(), "tmpfs", MS_REMOUNT, size.c_str()) != 0) {
      throw std::runtime_error("cannot resize the file system");
    }
  }
  void empty() {
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      std::filesystem::remove_all(entry.path());
    }
  }

 private:
  std::filesystem::path directory_;
  bool mounted_ = false;
};

TEST(FullDisk, OfARealFileSystemKeepsTheLastGoodCheckpoint) {
  const Scene scene;
  SmallDisk disk(scene.run());
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a file system";
  int ended = 0;
  for (const int kilobytes : {4, 12, 16, 20, 24, 32, 40, 1024}) {
    SCOPED_TRACE(kilobytes);
    disk.empty();
    disk.resize(kilobytes);
    const CommandResult result = run_command("cnn-train", scene.train_arguments(scene.run()));
    disk.resize(1024);
    if (result.code != 0) {
      ++ended;
      expect_disk_full(result, scene);
    }
    EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
  }
  EXPECT_GE(ended, 3);
}

}  // namespace
}  // namespace cnn
