#include "base/workers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/task_log.hpp"
#include "support/allocation_counter.hpp"

namespace cnn {
namespace {

class WorkersOfAnyNumber : public testing::TestWithParam<int> {};

TEST_P(WorkersOfAnyNumber, RunEveryTaskExactlyOnce) {
  Workers workers(GetParam());
  for (const int tasks : {0, 1, 2, 7, 1000}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
    workers.run(tasks, [&](int, int task) { ++runs.at(static_cast<std::size_t>(task)); });
    EXPECT_TRUE(std::ranges::all_of(runs, [](const auto& count) { return count == 1; }))
        << tasks << " tasks";
  }
}

TEST_P(WorkersOfAnyNumber, RunEveryTaskNearThemOnce) {
  Workers workers(GetParam());
  for (const int tasks : {0, 1, 2, 7, 1000, 3}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
    workers.run_near("", tasks, [&](int, int task) { ++runs.at(static_cast<std::size_t>(task)); });
    workers.run(tasks, [&](int, int task) { ++runs.at(static_cast<std::size_t>(task)); });
    EXPECT_TRUE(std::ranges::all_of(runs, [](const auto& count) { return count == 2; }))
        << tasks << " tasks";
  }
}

TEST_P(WorkersOfAnyNumber, AreNumberedFromTheCallerOn) {
  Workers workers(GetParam());
  EXPECT_EQ(workers.count(), GetParam());
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> wrong{0};
  workers.run(1000, [&](int worker, int) {
    if (worker < 0 || worker >= GetParam()) ++wrong;
    if ((worker == 0) != (std::this_thread::get_id() == caller)) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
}

// What a worker wrote is visible to the caller after run, and the next run sees it too, without
// atomics.
TEST_P(WorkersOfAnyNumber, HandTheirResultsOver) {
  Workers workers(GetParam());
  std::vector<int> values(100, 0);
  for (int round = 0; round < 200; ++round) {
    workers.run(100, [&](int, int task) { ++values[static_cast<std::size_t>(task)]; });
  }
  EXPECT_EQ(values, std::vector<int>(100, 200));
}

TEST_P(WorkersOfAnyNumber, SurviveThousandsOfTinyRuns) {
  Workers workers(GetParam());
  std::atomic<int> runs{0};
  constexpr int kRuns = 3000;
  for (int run = 0; run < kRuns; ++run) workers.run(2, [&](int, int) { ++runs; });
  EXPECT_EQ(runs, 2 * kRuns);
}

TEST_P(WorkersOfAnyNumber, RethrowTheExceptionOfTheLowestTask) {
  Workers workers(GetParam());
  for (int round = 0; round < 50; ++round) {
    try {
      workers.run(20, [](int, int task) {
        if (task >= 3 && task % 2 == 1) throw std::runtime_error("task " + std::to_string(task));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      ASSERT_STREQ(error.what(), "task 3");
    }
  }
}

TEST_P(WorkersOfAnyNumber, RunTheOtherTasksWhenOneThrows) {
  Workers workers(GetParam());
  std::atomic<int> runs{0};
  EXPECT_THROW(workers.run(20,
                           [&](int, int task) {
                             ++runs;
                             if (task == 0) throw std::runtime_error("the first");
                           }),
               std::runtime_error);
  EXPECT_EQ(runs, 20);
}

TEST_P(WorkersOfAnyNumber, WorkOnAfterAnException) {
  Workers workers(GetParam());
  EXPECT_THROW(workers.run(4, [](int, int) { throw std::runtime_error("all"); }),
               std::runtime_error);
  std::atomic<int> runs{0};
  EXPECT_NO_THROW(workers.run(4, [&](int, int) { ++runs; }));
  EXPECT_EQ(runs, 4);
}

TEST_P(WorkersOfAnyNumber, AllocateNothingInARun) {
  Workers workers(GetParam());
  int sum = 0;
  const std::size_t before = allocations_of_this_thread();
  workers.run(100, [&](int worker, int) {
    if (worker == 0) ++sum;
  });
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST_P(WorkersOfAnyNumber, EndWithoutEverRunning) {
  const Workers workers(GetParam());
}

TEST_P(WorkersOfAnyNumber, EndWhileTheyAreAsleep) {
  Workers workers(GetParam());
  workers.run(10, [](int, int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(10));  // longer than they spin
}

TEST_P(WorkersOfAnyNumber, WakeUpAfterTheyFellAsleep) {
  Workers workers(GetParam());
  std::atomic<int> runs{0};
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    workers.run(10, [&](int, int) { ++runs; });
  }
  EXPECT_EQ(runs, 50);
}

// Some of them more than the machine has processors.
INSTANTIATE_TEST_SUITE_P(Count, WorkersOfAnyNumber, testing::Values(1, 2, 3, 4, 5, 16));

// The lowest task, not the first to throw: task 0 waits until the others are through.
TEST(Workers, RethrowTheExceptionOfTheLowestTaskEvenIfItComesLast) {
  Workers workers(2);
  std::atomic<int> thrown{0};
  try {
    workers.run(4, [&](int, int task) {
      if (task == 0) {
        while (thrown < 3) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      ++thrown;
      throw std::runtime_error("task " + std::to_string(task));
    });
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "task 0");
  }
}

TEST(Workers, RunTasksAtTheSameTime) {
  using Clock = std::chrono::steady_clock;
  Workers workers(2);
  std::atomic<int> started{0};
  std::atomic<bool> met{true};
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  workers.run(2, [&](int, int) {
    ++started;
    while (started < 2 && met) {
      std::this_thread::yield();
      if (Clock::now() > deadline) met = false;
    }
  });
  EXPECT_TRUE(met) << "one task waited for the other in vain";
}

// Writes down what it is told.
class Diary : public TaskLog {
 public:
  void begin_stage(std::string_view stage, int tasks) override {
    lines.push_back(std::string(stage) + " of " + std::to_string(tasks));
  }
  void end_stage() override { lines.emplace_back("end of stage"); }
  void begin_task() override { lines.emplace_back("task"); }
  void end_task() override { lines.emplace_back("end"); }
  void wait_in_line(std::size_t line, int parts) override {
    lines.push_back("line " + std::to_string(line) + " of " + std::to_string(parts));
  }

  std::vector<std::string> lines;
};

// The first task of each waits until all workers have one.
TEST(Workers, BeginWithAPartOfTheirOwn) {
  constexpr int kWorkers = 3;
  constexpr int kTasks = 9;
  Workers workers(kWorkers);
  std::vector<int> worker_of(kTasks, -1);
  std::atomic<int> begun{0};
  workers.run_near("", kTasks, [&](int worker, int task) {
    worker_of[static_cast<std::size_t>(task)] = worker;
    ++begun;
    while (begun < kWorkers) std::this_thread::yield();
  });
  EXPECT_EQ(worker_of[0], 0);
  EXPECT_EQ(worker_of[3], 1);
  EXPECT_EQ(worker_of[6], 2);
}

// Whoever has task 0 is in it until all others are done, those of its own part, too.
TEST(Workers, TakeTasksOfOthersWhenTheirOwnAreDone) {
  constexpr int kTasks = 8;
  Workers workers(2);
  std::atomic<int> done{0};
  workers.run_near("", kTasks, [&](int, int task) {
    while (task == 0 && done < kTasks - 1) std::this_thread::yield();
    ++done;
  });
  EXPECT_EQ(done, kTasks);
}

TEST(Workers, WithALogRunTasksInTheirOrderAndTellIt) {
  Diary diary;
  Workers workers(16, diary);
  EXPECT_EQ(workers.count(), 16);
  const std::thread::id caller = std::this_thread::get_id();
  workers.run("first", 2, [&](int worker, int task) {
    EXPECT_EQ(worker, 0);
    EXPECT_EQ(std::this_thread::get_id(), caller);
    if (task == 1) workers.note_line(7, 3);
    diary.lines.push_back(std::to_string(task));
  });
  workers.run(0, [](int, int) {});
  workers.run(1, [](int, int) {});
  EXPECT_EQ(diary.lines, (std::vector<std::string>{"first of 2", "task", "0", "end", "task",
                                                   "line 7 of 3", "1", "end", "end of stage",
                                                   " of 1", "task", "end", "end of stage"}));
  EXPECT_THROW(Workers(0, diary), ArgumentError);
}

TEST(Workers, AvailableProcessorsAreAtLeastOne) {
  EXPECT_GE(Workers::available(), 1);
}

}  // namespace
}  // namespace cnn
