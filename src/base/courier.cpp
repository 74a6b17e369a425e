#include "base/courier.hpp"

#include <utility>

namespace cnn {

Courier::Courier(std::function<void(std::size_t)> job)
    : job_(std::move(job)), thread_([this] { work(); }) {}

Courier::~Courier() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Courier::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return has_job() || stops_; });
    if (!has_job()) return;
    lock.unlock();
    std::exception_ptr error;
    try {
      job_(next_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    ++next_;
    changed_.notify_all();
  }
}

void Courier::allow(std::size_t i) {
  {
    const std::lock_guard lock(mutex_);
    allowed_.at(i) = true;
  }
  changed_.notify_all();
}

std::size_t Courier::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !has_job(); });
  allowed_ = {};
  const std::size_t done = std::exchange(next_, 0);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return done;
}

}  // namespace cnn
