// Keys of a configuration that can do nothing in a run of its length.

#pragma once

#include <string>
#include <vector>

#include "optim/schedule.hpp"
#include "run/run_config.hpp"

namespace cnn {

// One message per key: a schedule that changes nothing, a warm-up or an average longer than the
// run, epochs of patience, or a time between checkpoints, that are not over before it ends. None of
// this is a mistake, a short trial of a long run has it; but nobody should wait for it.
std::vector<std::string> idle_keys(const RunConfig& config, const RunLength& length);

}  // namespace cnn
