// cnn-train --find-alpha: the curve of losses over growing α, and what it recommends.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "run/alpha_search.hpp"
#include "run/trainer.hpp"

namespace cnn::app {

// The curve as lines of text, then its steepest and its lowest point.
std::string alpha_text(std::span<const AlphaStep> steps);

// At least one trial as a line of text each, then the recommendation as the option that sets it.
std::string trials_text(std::vector<AlphaTrial> trials);

// Prints them on stdout. Returns the exit code. Throws as search_alpha does.
int find_alpha(const ModelInfo& info, Network& network, const TrainingData& data, Workers& workers,
               const StopSwitch& stop);

}  // namespace cnn::app
