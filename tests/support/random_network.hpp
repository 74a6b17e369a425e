// Small networks drawn by a seed: chains with branches that add and concat join again, dropout, and
// layers whose output several others read.

#pragma once

#include <cstdint>

#include "nn/network.hpp"

namespace cnn {

// `smooth`: without relu and maximum. The network's parameters are drawn, too.
Network random_network(std::uint32_t seed, bool smooth);

}  // namespace cnn
