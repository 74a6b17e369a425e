#include "cnn/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "cnn/error.hpp"

namespace cnn {
namespace {

double ratio(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : 0.0;
}

}  // namespace

Confusion::Confusion(std::size_t classes, const std::vector<Prediction>& predictions)
    : Confusion(classes) {
  for (const Prediction& p : predictions) {
    if (p.label >= classes || p.predicted >= classes) {
      throw ArgumentError("confusion matrix: class " +
                          std::to_string(std::max(p.label, p.predicted)) + " of " +
                          std::to_string(classes) + ", counted from 0");
    }
    ++counts_[p.label * classes_ + p.predicted];
  }
}

std::size_t Confusion::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0});
}

std::size_t Confusion::correct() const {
  std::size_t sum = 0;
  for (std::size_t k = 0; k < classes_; ++k) sum += count(k, k);
  return sum;
}

std::vector<ClassMetrics> class_metrics(const Confusion& confusion) {
  std::vector<ClassMetrics> result;
  for (std::size_t k = 0; k < confusion.classes(); ++k) {
    std::size_t images = 0;
    std::size_t predicted = 0;
    for (std::size_t other = 0; other < confusion.classes(); ++other) {
      images += confusion.count(k, other);
      predicted += confusion.count(other, k);
    }
    const auto hits = static_cast<double>(confusion.count(k, k));
    const double precision = ratio(hits, static_cast<double>(predicted));
    const double recall = ratio(hits, static_cast<double>(images));
    result.push_back(
        {precision, recall, ratio(2 * precision * recall, precision + recall), images});
  }
  return result;
}

std::vector<ConfusedPair> most_confused(const Confusion& confusion, std::size_t most) {
  std::vector<ConfusedPair> pairs;
  for (std::size_t label = 0; label < confusion.classes(); ++label) {
    for (std::size_t predicted = 0; predicted < confusion.classes(); ++predicted) {
      const std::size_t count = confusion.count(label, predicted);
      if (label != predicted && count > 0) pairs.push_back({label, predicted, count});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const ConfusedPair& a, const ConfusedPair& b) { return a.count > b.count; });
  pairs.resize(std::min(pairs.size(), most));
  return pairs;
}

ProportionInterval wilson_interval(std::size_t correct, std::size_t total) {
  if (total == 0) return {0.0, 1.0};
  constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the standard normal
  const auto n = static_cast<double>(total);
  const double p = static_cast<double>(correct) / n;
  const double centre = p + kZ * kZ / (2 * n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return {std::max(0.0, (centre - half) / scale), std::min(1.0, (centre + half) / scale)};
}

}  // namespace cnn
