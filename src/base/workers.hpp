// Workers: a fixed set of parked threads that run the tasks of one call together with the caller.
//
// Owned by whoever trains or evaluates; used by one thread at a time. Worker 0 is the calling
// thread. Which worker runs which task is not fixed, so a task must write only to what belongs to
// it (or to its worker, if nobody reads it later): then results are the same for any number of
// workers.

#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cnn {

class TaskLog;

class Workers {
 public:
  // `count` includes the calling thread. Threads are created here and nowhere else. Throws
  // ArgumentError for less than one, std::system_error if the system refuses a thread.
  explicit Workers(int count);
  // No threads: the caller runs all tasks, in their order and as worker 0, and tells the log, which
  // must outlive the workers. What asks for their number is told `count`, and cuts its work as it
  // would for so many. Throws ArgumentError for less than one.
  Workers(int count, TaskLog& log);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const;

  // Runs function(worker, task) for task = 0 … tasks-1 and returns when all are done. Allocates
  // nothing. If tasks throw, the others still run and the exception of the task with the lowest
  // number is rethrown. A log is told that this is `stage`.
  template <typename Function>
  void run(std::string_view stage, int tasks, Function&& function) {
    run_erased(stage, tasks, 1, call_to<Function>, address(function));
  }
  template <typename Function>
  void run(int tasks, Function&& function) {
    run({}, tasks, std::forward<Function>(function));
  }

  // The same, but each worker begins with a part of its own, as many successive tasks for each, and
  // takes others only when it has done these. What tasks of the same place in several calls work on
  // stays in the cache of one processor.
  template <typename Function>
  void run_near(std::string_view stage, int tasks, Function&& function) {
    run_erased(stage, tasks, count(), call_to<Function>, address(function));
  }

  // Called by a task that has waited for the first part of those before it of the same line: for a
  // log.
  void note_line(std::size_t line, int parts);

  // The processors this process may use, by its affinity mask and by the CPU quota of its control
  // groups (a container's): what `threads: auto` means.
  static int available();

 private:
  using Invoke = void (*)(void* callable, int worker, int task);

  template <typename Function>
  static void call_to(void* callable, int worker, int task) {
    (*static_cast<std::remove_reference_t<Function>*>(callable))(worker, task);
  }
  template <typename Function>
  static void* address(Function& function) {
    return const_cast<void*>(static_cast<const void*>(&function));
  }
  void run_erased(std::string_view stage, int tasks, int parts, Invoke invoke, void* callable);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cnn
