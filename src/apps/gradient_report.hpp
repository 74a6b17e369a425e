// What cnn-train --check-gradients prints: a row for each gradient of each layer.

#pragma once

#include <string>

#include "nn/gradient_check.hpp"
#include "nn/network.hpp"
#include "run/model.hpp"
#include "run/trainer.hpp"
#include "run/training_data.hpp"

namespace cnn::app {

// Exit code: backpropagation is wrong.
inline constexpr int kGradientsWrong = 1;

// Checks every layer and every parameter and prints the table on stdout as it goes; if something is
// wrong, the layers' names on stderr. Returns kDone, kGradientsWrong, or 128 + the signal that
// asked to stop.
int report_gradients(GradientChecker& checker, const StopSwitch& stop);

// The same for a network with the values it has, on the images that the first step of its run would
// begin with, up to four.
int report_gradients(const ModelInfo& info, Network& network, const TrainingData& data,
                     const StopSwitch& stop);

}  // namespace cnn::app
