#include "apps/machine_costs.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include <sched.h>

#include "apps/call_times.hpp"
#include "base/workers.hpp"

namespace cnn::app {
namespace {

// The least seconds of what takes microseconds: there is a call that nobody holds up even on a busy
// machine. Counts calls of which `call` says that they were what is to be measured; tries for
// longer where there are none.
double least_seconds(double seconds, const std::function<bool()>& call) {
  constexpr std::size_t kFewest = 50;
  constexpr int kMostRounds = 10;
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kMostRounds && !std::isfinite(least); ++round) {
    std::vector<bool> counts;
    const std::vector<double> times =
        time_calls(seconds, kFewest, [&] { counts.push_back(call()); });
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (counts[i]) least = std::min(least, times[i]);
    }
  }
  return std::isfinite(least) ? least : 0;
}

// Stages in which every worker takes one task, because each task waits for the others to begin.
class Meeting {
 public:
  explicit Meeting(Workers& workers)
      : workers_(workers), processors_(static_cast<std::size_t>(workers.count())) {}

  // False if some workers ran on the same processor, one after the other.
  template <typename Task>
  bool run(const Task& task) {
    constexpr int kSpins = 10000;
    const int all = workers_.count();
    std::atomic<int> begun{0};
    workers_.run(all, [&](int, int number) {
      begun.fetch_add(1);
      for (int spins = 0; begun.load() < all; ++spins) {
        if (spins > kSpins) std::this_thread::yield();
      }
      processors_[static_cast<std::size_t>(number)] = ::sched_getcpu();
      task(static_cast<std::size_t>(number));
    });
    std::ranges::sort(processors_);
    return std::ranges::adjacent_find(processors_) == processors_.end();
  }

 private:
  Workers& workers_;
  std::vector<int> processors_;  // per task
};

// From the announcement to the end of the barrier. The first of some meetings wakes threads that
// have gone to sleep.
double meeting_seconds(Workers& workers, double seconds) {
  constexpr int kMeetings = 4;
  Meeting meeting(workers);
  const auto call = [&] {
    bool apart = true;
    for (int i = 0; i < kMeetings; ++i) apart = meeting.run([](std::size_t) {}) && apart;
    return apart;
  };
  return least_seconds(seconds, call) / kMeetings;
}

// Of a task with nothing to do, where all workers take some: those who are alone are faster.
double task_seconds(Workers& workers, double seconds) {
  constexpr int kTasks = 4000;  // beside which the meeting before them costs nothing
  struct alignas(64) Count {
    int tasks = 0;
  };
  std::vector<Count> taken(static_cast<std::size_t>(workers.count()));
  Meeting meeting(workers);
  const auto call = [&] {
    meeting.run([](std::size_t) {});
    std::ranges::fill(taken, Count());
    workers.run(kTasks, [&](int worker, int) { ++taken[static_cast<std::size_t>(worker)].tasks; });
    const auto least = std::ranges::min_element(taken, {}, &Count::tasks);
    return least->tasks > kTasks / workers.count() / 2;
  };
  return least_seconds(seconds, call) / kTasks;
}

// Seconds of a byte that each worker copies within an array of its own, all at once. They copy
// piece after piece, so that some pieces are not held up by others on the machine.
double byte_seconds(Workers& workers, std::size_t bytes, double seconds) {
  constexpr std::size_t kPiece = std::size_t{1} << 18;
  using Array = std::vector<char>;
  const std::size_t half = std::max(kPiece, bytes / 2 / kPiece * kPiece);
  std::vector<Array> arrays(static_cast<std::size_t>(workers.count()), Array(2 * half, 1));
  std::vector<double> times(arrays.size());
  std::vector<double> slowest;  // of the threads that copied a piece together
  std::size_t at = 0;
  Meeting meeting(workers);
  least_seconds(seconds, [&] {
    const bool apart = meeting.run([&](std::size_t number) {
      Array& array = arrays[number];
      times[number] =
          time_calls(0, 1, [&] { std::copy_n(&array[at], kPiece, &array[half + at]); }).front();
    });
    if (apart) slowest.push_back(std::ranges::max(times));
    at = (at + kPiece) % half;
    return apart;
  });
  if (slowest.empty()) return std::numeric_limits<double>::infinity();
  return undisturbed(std::move(slowest)) / (2 * kPiece);
}

}  // namespace

MachineCosts measure_machine(std::size_t bytes, double seconds) {
  constexpr std::size_t kLeast = std::size_t{4} << 20;
  constexpr std::size_t kMost = std::size_t{256} << 20;
  const int processors = Workers::available();
  const std::size_t of_all = std::clamp(bytes, kLeast, kMost);
  const double part = seconds / 4;
  Workers one(1);
  Workers all(processors);

  MachineCosts costs{.processors = processors, .hand_over = {}};
  const double alone = byte_seconds(one, of_all, part);
  costs.bytes_per_second = 1 / alone;
  if (processors == 1) return costs;
  const double together = byte_seconds(all, of_all / static_cast<std::size_t>(processors), part);
  if (std::isfinite(together)) {
    costs.crowding = std::max(0.0, together / alone - 1) / (processors - 1);
  }
  costs.hand_over = {meeting_seconds(all, part) / (processors - 1), task_seconds(all, part)};
  return costs;
}

}  // namespace cnn::app
