// The table of a network's layers that cnn-train prints: what each one is, gives, holds and costs.

#pragma once

#include <cstddef>
#include <string>

#include "nn/network.hpp"
#include "run/run_config.hpp"

namespace cnn::app {

// Ends with the layers' notices. `memory` is the number of bytes that training will use besides the
// data.
std::string network_table(const RunConfig& config, const Network& network, std::size_t memory);

}  // namespace cnn::app
