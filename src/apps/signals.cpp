#include "apps/signals.hpp"

#include <signal.h>
#include <unistd.h>

namespace cnn::app {
namespace {

// A handler can reach nothing but globals.
StopSwitch stop_switch;
std::atomic<int> received{0};

void on_stop(int signal) {
  if (received.exchange(signal) != 0) _exit(128 + signal);
  stop_switch.stop.store(true);
}

void on_hangup(int) {
  stop_switch.checkpoint.store(true);
}

void install(int signal, void (*handler)(int)) {
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
