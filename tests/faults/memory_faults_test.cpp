// The commands while memory or threads are refused: the right result or none, and the reason; never
// a crash, never a hang, and the run directory stays whole.

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/fault.hpp"
#include "faults/scene.hpp"
#include "support/files.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

// (A thread takes memory, too, where the system has no stack of an ended one left.)
void expect_out_of_memory(const CommandResult& result) {
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.err, AnyOf(HasSubstr("memory"), HasSubstr("cannot start")));
}

class MemoryFaults : public testing::TestWithParam<Sweep> {};

TEST_P(MemoryFaults, OfTrainingCostNoCheckpoint) {
  const Scene scene;
  std::vector<std::string> arguments = scene.resume_arguments();
  arguments.insert(arguments.end(), {"--threads", "2"});
  const int struck = for_each_call(GetParam(), [&](const Fault& fault) {
    SCOPED_TRACE(testing::Message() << fault);
    scene.reset_run();
    const FaultedResult result = run_with_fault(fault, "", "cnn-train", arguments);
    EXPECT_EQ(temporary_names(scene.run()), "");
    EXPECT_EQ(first_unreadable(scene.run()), "");
    EXPECT_GE(last_step(scene.run()), Scene::kStopped);
    if (result.command.code != 0) {
      expect_out_of_memory(result.command);
    } else {
      EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
    }
    return result.struck;
  });
  EXPECT_GT(struck, 0) << "the module is not loaded, or stands before nothing";
  const CommandResult resumed = run_command("cnn-train", arguments);
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
}

TEST_P(MemoryFaults, OfScoringGiveTheReason) {
  const Scene scene;
  const std::string model = (scene.whole() / "model.safetensors").string();
  const std::filesystem::path right = scene.root() / "right", here = scene.root() / "here";
  const auto arguments = [&](const std::filesystem::path& out) {
    return std::vector<std::string>{"--model", model,        "--data",    scene.data().string(),
                                    "--out",   out.string(), "--threads", "2",
                                    "--json"};
  };
  ASSERT_EQ(run_command("cnn-eval", arguments(right)).code, 0);
  for_each_call(GetParam(), [&](const Fault& fault) {
    SCOPED_TRACE(testing::Message() << fault);
    std::filesystem::remove_all(here);
    const FaultedResult result = run_with_fault(fault, "", "cnn-eval", arguments(here));
    if (result.command.code != 0) {
      expect_out_of_memory(result.command);
      EXPECT_EQ(result.command.out, "");
    } else {
      for (const char* name : {"confusion.csv", "predictions.csv"}) {
        EXPECT_TRUE(same_bytes(right / name, here / name)) << name;
      }
    }
    return result.struck;
  });
}

TEST_P(MemoryFaults, OfPredictingGiveTheReason) {
  const Scene scene;
  std::vector<std::string> arguments = scene.pictures();
  arguments.insert(arguments.end(),
                   {"--model", (scene.whole() / "model.safetensors").string(), "--json"});
  const std::string right = run_command("cnn-predict", arguments).out;
  for_each_call(GetParam(), [&](const Fault& fault) {
    SCOPED_TRACE(testing::Message() << fault);
    const FaultedResult result = run_with_fault(fault, "", "cnn-predict", arguments);
    if (result.command.code != 0) {
      expect_out_of_memory(result.command);
    } else {
      EXPECT_EQ(result.command.out, right);
    }
    return result.struck;
  });
}

// A command allocates some thousand times.
INSTANTIATE_TEST_SUITE_P(Sampled, MemoryFaults,
                         testing::Values(Sweep{"Once", {"allocate", ENOMEM}, 1499}), sweep_name);
INSTANTIATE_TEST_SUITE_P(Complete, MemoryFaults,
                         testing::Values(Sweep{"Once", {"allocate", ENOMEM}, 11},
                                         Sweep{"Lasting", {"allocate", ENOMEM, 1, true}, 29}),
                         sweep_name);

TEST(MemoryFaults, ThreadsThatCannotStartAreReported) {
  const Scene scene;
  const int struck = for_each_call({"Thread", {"thread", EAGAIN}}, [&](const Fault& fault) {
    SCOPED_TRACE(testing::Message() << fault);
    std::filesystem::remove_all(scene.run());
    std::vector<std::string> arguments = scene.train_arguments(scene.run());
    arguments.insert(arguments.end(), {"--threads", "4"});
    const FaultedResult result = run_with_fault(fault, "", "cnn-train", arguments);
    if (result.struck) {
      EXPECT_EQ(result.command.code, 3);
      EXPECT_THAT(result.command.err, HasSubstr("thread"));
      EXPECT_THAT(result.command.err, HasSubstr(std::strerror(EAGAIN)));
      EXPECT_FALSE(std::filesystem::exists(scene.run()));
    }
    return result.struck;
  });
  EXPECT_EQ(struck, 4);  // that of the BLAS check, and three workers
}

// As under a batch system.
TEST(MemoryFaults, ALimitOfTheAddressSpaceEndsInTheReason) {
  const Scene scene;
  int refused = 0;
  for (const int megabytes : {160, 400, 1600}) {
    SCOPED_TRACE(megabytes);
    scene.reset_run();
    std::vector<std::string> arguments = {
        "-c", "ulimit -v " + std::to_string(megabytes << 10) + "; exec \"$0\" \"$@\"",
        command_path("cnn-train").string()};
    for (const std::string& argument : scene.resume_arguments()) arguments.push_back(argument);
    arguments.insert(arguments.end(), {"--threads", "3"});
    const CommandResult result = run_command("/bin/sh", arguments);
    if (result.code != 0) {
      ++refused;
      EXPECT_EQ(result.code, 3) << result.err;
      EXPECT_THAT(result.err, AnyOf(HasSubstr("memory"), HasSubstr("thread")));
    } else {
      EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace cnn
