// A layer in a few words, for tables of networks.

#pragma once

#include <cstddef>
#include <string>

#include "nn/network.hpp"

namespace cnn {

// The options of a layer that say something new: "5x5", "max 2x2/2", "rate 0.5".
std::string option_words(const Layer& layer);

// How many values of that layer are learnt.
std::size_t learnt_values(const Network& network, const Network::Node& node);

}  // namespace cnn
