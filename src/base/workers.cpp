#include "base/workers.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sched.h>

#include "cnn/error.hpp"

#include "base/cpu_quota.hpp"
#include "base/processor_share.hpp"
#include "base/task_log.hpp"

namespace cnn {
namespace {

// A parked worker looks this often for new work, some 50 microseconds: the gap between two calls
// within a training step is a few.
constexpr int kSpins = 2000;
// Then this often, for about a millisecond, giving way to whoever has work: a worker that is done
// early waits for the slowest, and waking a sleeping one costs tens of microseconds. Then it
// sleeps; at once where there are more workers than processors.
constexpr int kYields = 2000;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

// By the affinity mask.
int processors_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  const unsigned count = std::thread::hardware_concurrency();
  return count > 0 ? static_cast<int>(count) : 1;
}

int at_least_one(int count) {
  if (count < 1) throw ArgumentError("workers: " + std::to_string(count) + ", expected at least 1");
  return count;
}

}  // namespace

struct Workers::State {
  std::mutex mutex;
  std::condition_variable wake;
  // Successive tasks of a call: its number, and in the lower half how many of them nobody has taken
  // yet. In one word, so that a thread that comes late takes none of the next call for one of this:
  // nobody waits for a thread that has taken no task.
  struct alignas(64) Part {
    std::atomic<std::uint64_t> tickets{0};
    int end = 0;  // one after its last task
  };

  std::atomic<std::uint32_t> call{0};  // its change is the signal to start
  std::atomic<int> parts{1};           // of the present call
  std::unique_ptr<Part[]> part;        // as many as workers
  std::atomic<int> done{0};            // tasks of the present call
  std::atomic<bool> stop{false};

  // Written by run before any `tickets` change, read by whoever has taken a task that is not done.
  int tasks = 0;
  Invoke invoke = nullptr;
  void* callable = nullptr;

  std::mutex error_mutex;
  int error_task = 0;
  std::exception_ptr error;

  int spins = 0;
  int count = 1;
  TaskLog* log = nullptr;
  std::vector<std::thread> threads;

  static constexpr int kCallShift = 32;

  explicit State(int workers) : part(std::make_unique<Part[]>(static_cast<std::size_t>(workers))) {
    count = workers;
  }

  // False if none is left.
  static bool take_of(Part& from, int& task) {
    std::uint64_t seen = from.tickets.load(std::memory_order_acquire);
    do {
      if (static_cast<std::uint32_t>(seen) == 0) return false;
    } while (!from.tickets.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel,
                                                 std::memory_order_acquire));
    task = from.end - static_cast<int>(static_cast<std::uint32_t>(seen));
    return true;
  }

  // Of a worker's own part while there are, then of the others'. False if none is left.
  bool take(int worker, int& task) {
    const int of = parts.load(std::memory_order_acquire);
    for (int i = 0; i < of; ++i) {
      if (take_of(part[static_cast<std::size_t>((worker + i) % of)], task)) return true;
    }
    return false;
  }

  void work(int worker) {
    for (int task = 0; take(worker, task);) {
      if (log != nullptr) log->begin_task();
      try {
        invoke(callable, worker, task);
        if (log != nullptr) log->end_task();
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error || task < error_task) {
          error = std::current_exception();
          error_task = task;
        }
      }
      done.fetch_add(1, std::memory_order_release);
    }
  }

  void serve(int worker) {
    std::uint32_t seen = 0;
    while (true) {
      for (int spin = 0; spin < spins && call.load() == seen; ++spin) pause();
      for (int i = 0; spins > 0 && i < kYields && call.load() == seen; ++i) {
        std::this_thread::yield();
      }
      if (call.load() == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return call.load() != seen; });
      }
      seen = call.load();
      if (stop.load()) return;
      work(worker);
    }
  }

  // Begins a call of so many parts, and wakes as many threads as it has work for beside the caller.
  void announce(int of) {
    {
      const std::lock_guard lock(mutex);
      const std::uint32_t next = call.load() + 1;
      parts.store(of, std::memory_order_release);
      for (int i = 0, begin = 0; i < of; ++i) {
        Part& to = part[static_cast<std::size_t>(i)];
        to.end = static_cast<int>(std::int64_t{tasks} * (i + 1) / of);
        to.tickets.store((std::uint64_t{next} << kCallShift) |
                             static_cast<std::uint32_t>(to.end - std::exchange(begin, to.end)),
                         std::memory_order_release);
      }
      call.store(next);
    }
    const int helpers = tasks - 1;
    if (helpers >= static_cast<int>(threads.size())) return wake.notify_all();
    for (int i = 0; i < helpers; ++i) wake.notify_one();
  }

  // Wakes all threads, ends them and waits for them.
  void end() {
    stop.store(true);
    tasks = 0;
    announce(1);
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

Workers::Workers(int count) : state_(std::make_unique<State>(at_least_one(count))) {
  state_->spins = count <= available() ? kSpins : 0;
  state_->threads.reserve(static_cast<std::size_t>(count) - 1);
  try {
    for (int worker = 1; worker < count; ++worker) {
      state_->threads.emplace_back([state = state_.get(), worker] { state->serve(worker); });
    }
  } catch (const std::system_error& error) {
    state_->end();
    throw std::system_error(error.code(),
                            "cannot start " + std::to_string(count - 1) + " more threads");
  } catch (...) {
    state_->end();
    throw;
  }
}

Workers::Workers(int count, TaskLog& log) : state_(std::make_unique<State>(at_least_one(count))) {
  state_->log = &log;
}

Workers::~Workers() {
  state_->end();
}

int Workers::count() const {
  return state_->count;
}

void Workers::note_line(std::size_t line, int parts) {
  if (state_->log != nullptr) state_->log->wait_in_line(line, parts);
}

void Workers::run_erased(std::string_view stage, int tasks, int parts, Invoke invoke,
                         void* callable) {
  State& state = *state_;
  if (tasks <= 0) return;
  if (tasks == 1 && state.log == nullptr) return invoke(callable, 0, 0);
  if (state.log != nullptr) state.log->begin_stage(stage, tasks);
  state.tasks = tasks;
  state.invoke = invoke;
  state.callable = callable;
  state.done.store(0);
  state.announce(parts);
  state.work(0);
  for (int left = state.spins; state.done.load(std::memory_order_acquire) < tasks;) {
    if (left > 0) {
      --left;
      pause();
    } else {
      std::this_thread::yield();
    }
  }
  if (state.log != nullptr) state.log->end_stage();
  if (state.error) std::rethrow_exception(std::exchange(state.error, nullptr));
}

int Workers::available() {
  const int allowed = processors_allowed();
  return std::min({allowed, cpu_quota().value_or(allowed), processor_limit()});
}

}  // namespace cnn
