// How long calls take on a machine on which others are at work, too.

#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace cnn::app {

// The seconds of each of the calls that fit into so many seconds, but of at least `fewest`.
std::vector<double> time_calls(double seconds, std::size_t fewest,
                               const std::function<void()>& call);

// One in ten is shorter: a call that nobody holds up, even where most are held up. Requires at
// least one.
double undisturbed(std::vector<double> seconds);

}  // namespace cnn::app
