#include "apps/signals.hpp"

#include <atomic>
#include <cstdint>

#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace cnn::app {
namespace {

// timeout signals its child, and then its group, of which that is one; so do shells and batch
// systems.
constexpr std::int64_t kOneRequest = 500'000'000;  // nanoseconds

// A handler can reach nothing but globals, and of these only what needs no lock.
StopSwitch stop_switch;
std::atomic<int> received{0};
std::atomic<std::int64_t> asked_at{0};  // nanoseconds since some moment; 0 = not yet
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void on_stop(int signal) {
  const std::int64_t moment = now();
  std::int64_t first = 0;
  if (asked_at.compare_exchange_strong(first, moment)) {
    received.store(signal);
    stop_switch.stop.store(true);
  } else if (moment - first >= kOneRequest) {
    _exit(128 + signal);
  }
}

void on_hangup(int) {
  stop_switch.checkpoint.store(true);
}

// A signal that is ignored stays ignored: that is how nohup, and a shell that starts a job in the
// background, keep it from a process.
void install(int signal, void (*handler)(int)) {
  struct sigaction before {};
  if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

StopSwitch& install_signal_handlers() {
  install(SIGINT, on_stop);
  install(SIGTERM, on_stop);
  install(SIGHUP, on_hangup);
  return stop_switch;
}

int stop_signal() {
  return received.load();
}

}  // namespace cnn::app
