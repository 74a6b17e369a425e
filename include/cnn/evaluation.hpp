// What a model makes of labelled images.

#pragma once

#include <cstddef>
#include <vector>

#include "cnn/metrics.hpp"

namespace cnn {

struct Evaluation {
  std::vector<Prediction> predictions;  // in the order of the selection
  double loss = 0;                      // mean of J(W,b;x,y), without the λ term
  std::size_t correct = 0;

  double accuracy() const {
    return predictions.empty()
               ? 0.0
               : static_cast<double>(correct) / static_cast<double>(predictions.size());
  }
};

}  // namespace cnn
