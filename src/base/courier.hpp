// Courier: a thread that does a few jobs while others compute.

#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace cnn {

// Its thread is made once, and sleeps where there is nothing to do.
class Courier {
 public:
  static constexpr std::size_t kMostJobs = 8;

  // Of a round it does job(0), job(1), … in this order, each once it is allowed.
  explicit Courier(std::function<void(std::size_t)> job);
  // Waits for what is allowed.
  ~Courier();
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // By any thread, in any order.
  void allow(std::size_t i);
  // Ends the round, when all that is allowed and has nothing before it that is not, is done.
  // Returns how many jobs those were; throws what one of them threw, which was the last.
  std::size_t wait();

 private:
  void work();
  bool has_job() const { return next_ < kMostJobs && allowed_[next_] && !error_; }

  std::function<void(std::size_t)> job_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<bool, kMostJobs> allowed_{};
  std::size_t next_ = 0;
  std::exception_ptr error_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace cnn
