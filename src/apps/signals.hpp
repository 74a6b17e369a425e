// SIGINT and SIGTERM ask the trainer to stop after this step, a second one ends the process at
// once; SIGHUP asks for a checkpoint.

#pragma once

#include "run/trainer.hpp"

namespace cnn::app {

// Installs the handlers; they write to the one switch that this returns, which lives as long as the
// process.
StopSwitch& install_signal_handlers();

// The signal that asked to stop, or 0. The exit code is 128 + its number (130 or 143).
int stop_signal();

}  // namespace cnn::app
