#include "base/statistics.hpp"

#include <cmath>

namespace cnn {

Statistics statistics(std::span<const double> values) {
  Statistics result;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) result.mean += value / n;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - result.mean, 2);
  if (values.size() > 1) result.deviation = std::sqrt(squares / (n - 1));
  return result;
}

}  // namespace cnn
