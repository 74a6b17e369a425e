// cnn-train while calls on its files fail: never a crash, never a hang, never a lost checkpoint,
// never a wrong result; and a message with the reason.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/fault.hpp"
#include "faults/scene.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

// Calls that may be made again, or have done part of their work, are no reason to stop.
bool is_harmless(const Fault& fault) {
  return fault.error == EINTR || fault.error == 0;
}

// The documented end of a command that could not use a file: 3, or 2 if it is the configuration;
// and a message that names the file and the reason.
void expect_reason(const Fault& fault, const CommandResult& result, const Scene& scene) {
  EXPECT_FALSE(is_harmless(fault));
  const bool configuration = result.err.starts_with((scene.root() / "tiny.yaml").string());
  EXPECT_EQ(result.code, configuration ? 2 : 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr(scene.root().string()));
  EXPECT_THAT(result.err, HasSubstr(std::strerror(fault.error)));
}

class TrainFaults : public testing::TestWithParam<Sweep> {};

TEST_P(TrainFaults, OfAResumedRunCostNoCheckpoint) {
  const Scene scene;
  const int struck = for_each_call(GetParam(), [&](const Fault& fault) {
    SCOPED_TRACE(testing::Message() << fault);
    scene.reset_run();
    const FaultedResult result =
        run_with_fault(fault, scene.root(), "cnn-train", scene.resume_arguments());
    if (fault.kind != "unlink") {
      EXPECT_EQ(temporary_names(scene.run()), "");
    }
    EXPECT_EQ(first_unreadable(scene.run()), "");
    EXPECT_GE(last_step(scene.run()), Scene::kStopped);
    if (result.command.code != 0) {
      expect_reason(fault, result.command, scene);
      const CommandResult resumed = run_command("cnn-train", scene.resume_arguments());
      EXPECT_EQ(resumed.code, 0) << resumed.err;
    }
    EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
    return result.struck;
  });
  EXPECT_GT(struck, 0) << "the module is not loaded, or stands before nothing";
}

TEST_P(TrainFaults, OfANewRunLeaveNothingInTheWay) {
  const Scene scene;
  const int struck = for_each_call(GetParam(), [&](const Fault& fault) {
    SCOPED_TRACE(testing::Message() << fault);
    std::filesystem::remove_all(scene.run());
    std::vector<std::string> arguments = scene.train_arguments(scene.run());
    const FaultedResult result = run_with_fault(fault, scene.root(), "cnn-train", arguments);
    if (result.command.code != 0) {
      expect_reason(fault, result.command, scene);
      arguments.push_back("--overwrite");
      const CommandResult again = run_command("cnn-train", arguments);
      EXPECT_EQ(again.code, 0) << again.err;
    }
    EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
    return result.struck;
  });
  EXPECT_GT(struck, 0) << "the module is not loaded, or stands before nothing";
}

INSTANTIATE_TEST_SUITE_P(Sampled, TrainFaults,
                         testing::Values(Sweep{"WriteEnospc", {"write", ENOSPC}, 37},
                                         Sweep{"SyncEio", {"sync", EIO}, 9}),
                         sweep_name);

INSTANTIATE_TEST_SUITE_P(
    Complete, TrainFaults,
    testing::Values(Sweep{"OpenEmfile", {"open", EMFILE}}, Sweep{"OpenEintr", {"open", EINTR}, 3},
                    Sweep{"ReadEio", {"read", EIO}}, Sweep{"ReadEintr", {"read", EINTR}, 3},
                    Sweep{"ReadShort", {"read", 0}, 3}, Sweep{"WriteEnospc", {"write", ENOSPC}},
                    Sweep{"WriteEio", {"write", EIO}, 9},
                    Sweep{"WriteEdquot", {"write", EDQUOT}, 7},
                    Sweep{"WriteEintr", {"write", EINTR}, 3}, Sweep{"WriteShort", {"write", 0}, 3},
                    Sweep{"SyncEio", {"sync", EIO}}, Sweep{"SyncEintr", {"sync", EINTR}, 3},
                    Sweep{"RenameEio", {"rename", EIO}}, Sweep{"RenameEnospc", {"rename", ENOSPC}},
                    Sweep{"LinkEnospc", {"link", ENOSPC}}, Sweep{"CloseEio", {"close", EIO}},
                    Sweep{"CloseEintr", {"close", EINTR}, 3}, Sweep{"UnlinkEio", {"unlink", EIO}},
                    Sweep{"StatEio", {"stat", EIO}, 2}, Sweep{"ListEio", {"list", EIO}, 5}),
    sweep_name);

// Once a disk is broken it stays so.
INSTANTIATE_TEST_SUITE_P(CompleteLasting, TrainFaults,
                         testing::Values(Sweep{"WriteEnospc", {"write", ENOSPC, 1, true}, 5},
                                         Sweep{"SyncEio", {"sync", EIO, 1, true}, 3},
                                         Sweep{"OpenEmfile", {"open", EMFILE, 1, true}, 5},
                                         Sweep{"ReadEio", {"read", EIO, 1, true}, 5}),
                         sweep_name);

TEST(TrainFaults, OfMakingTheRunDirectoryAreReported) {
  const Scene scene;
  const Fault fault{"mkdir", EACCES};
  const FaultedResult result =
      run_with_fault(fault, scene.root(), "cnn-train", scene.train_arguments(scene.run()));
  EXPECT_TRUE(result.struck);
  expect_reason(fault, result.command, scene);
  EXPECT_FALSE(std::filesystem::exists(scene.run()));
}

// exFAT, for one, has none.
TEST(TrainFaults, AFileSystemWithoutHardLinksWillDo) {
  const Scene scene;
  scene.reset_run();
  const FaultedResult result =
      run_with_fault({"link", EPERM, 1, true}, scene.root(), "cnn-train", scene.resume_arguments());
  EXPECT_TRUE(result.struck);
  EXPECT_EQ(result.command.code, 0) << result.command.err;
  EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
  EXPECT_TRUE(std::filesystem::exists(scene.run() / "step-8.safetensors"));
  EXPECT_EQ(first_unreadable(scene.run()), "");
}

// Only where there are no hard links does the last checkpoint give its place away for a moment.
TEST(TrainFaults, ALinkThatFailsLeavesTheLastCheckpoint) {
  const Scene scene;
  scene.reset_run();
  const FaultedResult result = run_with_fault({"link", ENOSPC, 1, true}, scene.root(), "cnn-train",
                                              scene.resume_arguments());
  EXPECT_TRUE(result.struck);
  EXPECT_EQ(result.command.code, 3) << result.command.err;
  EXPECT_TRUE(std::filesystem::exists(scene.run() / "last.safetensors"));
  EXPECT_EQ(first_unreadable(scene.run()), "");
}

// A log is no reason to end a run; but nobody should believe it to be complete.
TEST(TrainFaults, OfTheLogAreReportedOnceAndTheRunGoesOn) {
  const Scene scene;
  scene.reset_run();
  const FaultedResult result = run_with_fault({"write", ENOSPC, 3, true}, scene.run() / "train.log",
                                              "cnn-train", scene.resume_arguments());
  EXPECT_TRUE(result.struck);
  EXPECT_EQ(result.command.code, 0);
  EXPECT_THAT(result.command.err, testing::StartsWith((scene.run() / "train.log").string() +
                                                      ": warning: the log is incomplete"));
  EXPECT_THAT(result.command.err, HasSubstr(std::strerror(ENOSPC)));
  EXPECT_EQ(std::count(result.command.err.begin(), result.command.err.end(), '\n'), 1);
  EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
}

}  // namespace
}  // namespace cnn
