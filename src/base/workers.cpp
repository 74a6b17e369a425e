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

// A parked worker looks this often for new work, some 50 microseconds, before it sleeps. The gap
// between two calls within a training step is a few microseconds, waking a sleeping thread costs
// tens; spinning for longer, or with more workers than processors, would only take time from
// whoever has work.
constexpr int kSpins = 2000;

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

void require_worker(int count) {
  if (count < 1) throw ArgumentError("workers: " + std::to_string(count) + ", expected at least 1");
}

}  // namespace

struct Workers::State {
  std::mutex mutex;
  std::condition_variable wake;
  // The number of the call of run, whose change is the signal to start, and in the lower half how
  // many of its tasks nobody has taken yet. In one word, so that a thread that comes late takes
  // none of the next call for one of this: nobody waits for a thread that has taken no task.
  std::atomic<std::uint64_t> tickets{0};
  std::atomic<int> done{0};  // tasks of the present call
  std::atomic<bool> stop{false};

  // Written by run before `tickets` changes, read by whoever has taken a task that is not done.
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
  std::uint64_t call() const { return tickets.load(std::memory_order_acquire) >> kCallShift; }

  // False if none is left.
  bool take(int& task) {
    std::uint64_t seen = tickets.load(std::memory_order_acquire);
    do {
      if (static_cast<std::uint32_t>(seen) == 0) return false;
    } while (!tickets.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel,
                                            std::memory_order_acquire));
    task = tasks - static_cast<int>(static_cast<std::uint32_t>(seen));
    return true;
  }

  void work(int worker) {
    for (int task = 0; take(task);) {
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
    std::uint64_t seen = 0;
    while (true) {
      for (int spin = 0; spin < spins && call() == seen; ++spin) pause();
      if (call() == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return call() != seen; });
      }
      seen = call();
      if (stop.load()) return;
      work(worker);
    }
  }

  // Begins a call, and wakes as many threads as it has work for beside the caller.
  void announce() {
    {
      const std::lock_guard lock(mutex);
      tickets.store(((call() + 1) << kCallShift) | static_cast<std::uint32_t>(tasks),
                    std::memory_order_release);
    }
    const int helpers = tasks - 1;
    if (helpers >= static_cast<int>(threads.size())) return wake.notify_all();
    for (int i = 0; i < helpers; ++i) wake.notify_one();
  }

  // Wakes all threads, ends them and waits for them.
  void end() {
    stop.store(true);
    tasks = 0;
    announce();
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

Workers::Workers(int count) : state_(std::make_unique<State>()) {
  require_worker(count);
  state_->count = count;
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

Workers::Workers(int count, TaskLog& log) : state_(std::make_unique<State>()) {
  require_worker(count);
  state_->count = count;
  state_->log = &log;
}

Workers::~Workers() {
  state_->end();
}

int Workers::count() const {
  return state_->count;
}

void Workers::note_line(std::size_t line) {
  if (state_->log != nullptr) state_->log->wait_in_line(line);
}

void Workers::run_erased(std::string_view stage, int tasks, Invoke invoke, void* callable) {
  State& state = *state_;
  if (tasks <= 0) return;
  if (tasks == 1 && state.log == nullptr) return invoke(callable, 0, 0);
  if (state.log != nullptr) state.log->begin_stage(stage, tasks);
  state.tasks = tasks;
  state.invoke = invoke;
  state.callable = callable;
  state.done.store(0);
  state.announce();
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
