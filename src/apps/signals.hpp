// SIGINT and SIGTERM ask the trainer to stop after this step; another one, at least half a second
// after the first, ends the process at once. What comes earlier belongs to the first. SIGHUP asks
// for a checkpoint. A signal that the process was started to ignore does nothing. Until main
// begins, while the system loads the libraries, each of them ends the process, as it ends any:
// nothing has been written then.

#pragma once

#include "run/trainer.hpp"

namespace cnn::app {

// Installs the handlers; they write to the one switch that this returns, which lives as long as the
// process.
StopSwitch& install_signal_handlers();

// The signal that asked to stop, or 0. The exit code is 128 + its number (130 or 143).
int stop_signal();

}  // namespace cnn::app
