// Whether probabilities mean what they say: images are put into ten bins by the probability of the
// predicted class, and each bin's accuracy is compared with its mean probability.

#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "cnn/metrics.hpp"

#include "report/template.hpp"

namespace cnn::report {

struct Calibration {
  static constexpr std::size_t kBins = 10;
  struct Bin {
    std::size_t images = 0;
    double accuracy = 0;     // both 0 for a bin without images
    double probability = 0;  // mean
  };
  std::array<Bin, kBins> bins;
  // Expected calibration error: Σ images/n · |accuracy − probability| (Guo et al., 2017).
  double error = 0;
};

// Bin b is of the probabilities [b/10, (b+1)/10), the last one includes 1.
Calibration calibrate(const std::vector<Prediction>& predictions);

// The fields of calibration.svg.
Fields calibration_fields(const Calibration& calibration);

}  // namespace cnn::report
