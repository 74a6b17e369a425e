// What may happen to a run directory at every moment: a kill, a full disk, a second process. A
// whole run is there afterwards, the old one or the new one, and what else lay in the directory.

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/file.hpp"
#include "faults/fault.hpp"
#include "faults/scene.hpp"
#include "support/files.hpp"
#include "support/run_files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

// What the program has no name for and must not touch.
const std::string kNotes = "notes.txt";

class RunDirectoryFaults : public testing::TestWithParam<int> {
 protected:
  RunDirectoryFaults() {
    EXPECT_EQ(run_command("cnn-train", in(other_whole(), kOther)).code, 0);
    EXPECT_EQ(run_command("cnn-train", in(longer_whole(), kLonger)).code, 0);
  }

  Arguments in(const fs::path& directory, const Arguments& more) const {
    Arguments all = scene_.train_arguments(directory);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static Arguments both(Arguments a, const Arguments& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  fs::path run() const { return scene_.run(); }
  fs::path whole() const { return scene_.whole(); }
  fs::path other_whole() const { return scene_.root() / "other"; }
  fs::path longer_whole() const { return scene_.root() / "longer"; }

  // The directory holds the finished run, a run that has stopped, or none; and the notes.
  void hold_finished() const { hold(whole()); }
  void hold_stopped() const {
    scene_.reset_run();
    write_file(run() / kNotes, "mine");
  }
  void hold_nothing() const {
    fs::remove_all(run());
    fs::create_directory(run());
    write_file(run() / kNotes, "mine");
  }

  bool stands(const fs::path& expected) const { return run_difference(run(), expected).empty(); }

  // One of both runs can be scored, and goes on to its end; nothing else is left, or lost.
  void expect_old_or_new(const fs::path& old_run, const Arguments& old_options,
                         const fs::path& new_run, const Arguments& new_options) {
    EXPECT_EQ(first_unreadable(run()), "");
    const Arguments score = {"--model", (run() / "last.safetensors").string(), "--data",
                             scene_.data().string()};
    EXPECT_EQ(run_command("cnn-eval", score).code, 0);
    const CommandResult as_new =
        run_command("cnn-train", in(run(), both(new_options, {"--resume"})));
    if (as_new.code == 0) {
      EXPECT_EQ(run_difference(run(), new_run), "");
      ++new_ones_;
    } else {
      const CommandResult as_old =
          run_command("cnn-train", in(run(), both(old_options, {"--resume"})));
      EXPECT_EQ(as_old.code, 0) << as_old.err << as_new.err;
      EXPECT_EQ(run_difference(run(), old_run), "");
      ++old_ones_;
    }
    expect_tidy();
  }

  void expect_tidy() const {
    EXPECT_EQ(slurp(run() / kNotes), "mine");
    EXPECT_EQ(temporary_names(run()), "");
    EXPECT_FALSE(fs::exists(run() / ".cnn-next"));
    EXPECT_FALSE(fs::exists(run() / ".cnn-whole"));
  }

  // Ends the command before each of its calls that change the directory.
  template <typename Prepare, typename Check>
  int kill_everywhere(const Arguments& arguments, const Prepare& prepare, const Check& check) {
    return for_each_call({"", {"kill"}, GetParam()}, [&](const Fault& fault) {
      SCOPED_TRACE(testing::Message() << "killed before change " << fault.call);
      prepare();
      const FaultedResult result = run_with_fault(fault, run(), "cnn-train", arguments);
      EXPECT_EQ(result.command.code, result.struck ? 128 + SIGKILL : 0) << result.command.err;
      check();
      return result.struck && !HasFailure();
    });
  }

  // Stops `first` before each of its calls on the directory, runs `second` from start to end, and
  // lets the first go on.
  template <typename Prepare, typename Check>
  int stop_everywhere(const Arguments& first, const Arguments& second, const Prepare& prepare,
                      const Check& check) {
    return for_each_call({"", {"stop"}, GetParam()}, [&](const Fault& fault) {
      SCOPED_TRACE(testing::Message() << "stopped before call " << fault.call);
      prepare();
      const TempDir temp;
      RunningCommand running("cnn-train", first, temp.path(), {},
                             fault_variables(fault, run(), temp / "struck"));
      const bool struck = running.wait_until([&] { return running.is_stopped(); });
      if (!struck) {
        EXPECT_EQ(running.wait().code, 0);
        return false;
      }
      const CommandResult two = run_command("cnn-train", second);
      running.send(SIGCONT);
      const CommandResult one = running.wait();
      EXPECT_TRUE(one.code == 0 || one.code == 2 || one.code == 3) << one.err;
      EXPECT_TRUE(two.code == 0 || two.code == 2 || two.code == 3) << two.err;
      check(one, two);
      expect_tidy();
      return !HasFailure();
    });
  }

  const Scene scene_;
  const Arguments kOther = {"--seed", "2"};
  const Arguments kLonger = {"--set", "training.steps=14"};
  int old_ones_ = 0;
  int new_ones_ = 0;

 private:
  void hold(const fs::path& held) const {
    fs::remove_all(run());
    fs::copy(held, run(), fs::copy_options::recursive);
    write_file(run() / kNotes, "mine");
  }
};

TEST_P(RunDirectoryFaults, AKillWhileOverwritingLeavesTheOldOrTheNewRun) {
  const int struck = kill_everywhere(
      in(run(), both(kOther, {"--overwrite"})), [&] { hold_finished(); },
      [&] { expect_old_or_new(whole(), {}, other_whole(), kOther); });
  EXPECT_GT(struck, 0);
  EXPECT_GT(old_ones_, 0);
  EXPECT_GT(new_ones_, 0);
}

TEST_P(RunDirectoryFaults, AKillWhileResumingLeavesTheRun) {
  const int struck = kill_everywhere(
      in(run(), {"--resume"}), [&] { hold_stopped(); },
      [&] {
        EXPECT_GE(last_step(run()), Scene::kStopped);
        expect_old_or_new(whole(), {}, whole(), {});
      });
  EXPECT_GT(struck, 0);
}

TEST_P(RunDirectoryFaults, AKillOfANewRunLeavesItOrNothing) {
  const int struck = kill_everywhere(
      in(run(), {}), [&] { hold_nothing(); },
      [&] {
        EXPECT_EQ(first_unreadable(run()), "");
        Arguments again = {};
        if (fs::exists(run() / "last.safetensors")) again.push_back("--resume");
        if (fs::exists(run() / ".cnn-whole")) again = {"--resume"};
        const CommandResult result = run_command("cnn-train", in(run(), again));
        EXPECT_EQ(result.code, 0) << result.err;
        EXPECT_TRUE(stands(whole()));
        expect_tidy();
      });
  EXPECT_GT(struck, 0);
}

// Into an empty directory, from a checkpoint of another.
TEST_P(RunDirectoryFaults, AKillWhileARunMovesInLeavesItOrNothing) {
  const Arguments arguments =
      in(run(), {"--resume", (scene_.root() / "stopped" / "last.safetensors").string()});
  const int struck = kill_everywhere(
      arguments, [&] { hold_nothing(); },
      [&] {
        EXPECT_EQ(first_unreadable(run()), "");
        const CommandResult result = run_command("cnn-train", arguments);
        EXPECT_EQ(result.code, 0) << result.err;
        EXPECT_TRUE(stands(whole()));
        expect_tidy();
      });
  EXPECT_GT(struck, 0);
}

TEST_P(RunDirectoryFaults, AFullDiskWhileOverwritingLeavesTheOldOrTheNewRun) {
  Fault fault{"write", ENOSPC};
  int ended = 0;
  for (fault.room = 1;; fault.room += static_cast<std::size_t>(GetParam()) * 300) {
    SCOPED_TRACE(testing::Message() << fault);
    hold_finished();
    const FaultedResult result =
        run_with_fault(fault, run(), "cnn-train", in(run(), both(kOther, {"--overwrite"})));
    if (result.command.code == 0) {
      EXPECT_TRUE(stands(other_whole())) << "what may be missing is the end of the log";
    } else {
      EXPECT_EQ(result.command.code, 3) << result.command.err;
    }
    expect_old_or_new(whole(), {}, other_whole(), kOther);
    if (!result.struck || HasFailure()) break;
    ++ended;
  }
  EXPECT_GT(ended, 1);
  EXPECT_GT(old_ones_, 0);
}

TEST_P(RunDirectoryFaults, OfTwoNewRunsOneWins) {
  const int stops = stop_everywhere(
      in(run(), {}), in(run(), kOther), [&] { hold_nothing(); },
      [&](const CommandResult& one, const CommandResult& two) {
        EXPECT_NE(one.code == 0, two.code == 0) << one.err << two.err;
        EXPECT_TRUE(stands(one.code == 0 ? whole() : other_whole()));
      });
  EXPECT_GT(stops, 0);
}

// One after the other is as good as one alone: what counts is that what stands is a whole run.
TEST_P(RunDirectoryFaults, OfTwoThatOverwriteOneStandsWhole) {
  const int stops = stop_everywhere(
      in(run(), {"--overwrite"}), in(run(), both(kOther, {"--overwrite"})),
      [&] { hold_finished(); },
      [&](const CommandResult& one, const CommandResult& two) {
        EXPECT_EQ(one.code, 0) << one.err;
        EXPECT_TRUE(two.code == 0 || two.code == 3) << two.err;
        // The second may have come when the first had done its work and given the directory up.
        EXPECT_TRUE(stands(whole()) || (two.code == 0 && stands(other_whole())));
      });
  EXPECT_GT(stops, 0);
}

TEST_P(RunDirectoryFaults, OfTwoThatResumeNoneTakesStepsFromTheOther) {
  const int stops = stop_everywhere(
      in(run(), {"--resume"}), in(run(), both(kLonger, {"--resume"})), [&] { hold_stopped(); },
      [&](const CommandResult& one, const CommandResult& two) {
        // Both, if the second came when the first had done its work.
        EXPECT_TRUE(one.code == 0 || two.code == 0) << one.err << two.err;
        EXPECT_TRUE(stands(two.code == 0 ? longer_whole() : whole()));
      });
  EXPECT_GT(stops, 0);
}

INSTANTIATE_TEST_SUITE_P(Sampled, RunDirectoryFaults, testing::Values(11));
INSTANTIATE_TEST_SUITE_P(Complete, RunDirectoryFaults, testing::Values(1));

}  // namespace
}  // namespace cnn
