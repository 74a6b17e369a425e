#include "infer/mcnemar.hpp"

#include <algorithm>
#include <cmath>

namespace cnn {

double mcnemar_p(std::size_t only_first, std::size_t only_second) {
  const std::size_t n = only_first + only_second, fewer = std::min(only_first, only_second);
  // 2·Σ_{i ≤ fewer} C(n, i)/2^n, from the largest term down.
  const auto log_factorial = [](std::size_t k) { return std::lgamma(static_cast<double>(k) + 1); };
  double p = 0;
  for (std::size_t i = 0; i <= fewer; ++i) {
    p += std::exp(log_factorial(n) - log_factorial(i) - log_factorial(n - i) -
                  static_cast<double>(n) * std::log(2.0));
  }
  return std::min(1.0, 2 * p);
}

}  // namespace cnn
