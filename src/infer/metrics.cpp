#include "cnn/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cnn/error.hpp"

namespace cnn {
namespace {

double ratio(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : 0.0;
}

// The order of cells, row by row.
bool precedes(const ConfusedPair& a, const ConfusedPair& b) {
  return std::pair(a.label, a.predicted) < std::pair(b.label, b.predicted);
}

}  // namespace

Confusion::Confusion(std::size_t classes, const std::vector<Prediction>& predictions)
    : classes_(classes) {
  for (const Prediction& p : predictions) {
    if (p.label >= classes || p.predicted >= classes) {
      throw ArgumentError("confusion matrix: class " +
                          std::to_string(std::max(p.label, p.predicted)) + " of " +
                          std::to_string(classes) + ", counted from 0");
    }
    cells_.push_back({p.label, p.predicted, 1});
  }
  std::sort(cells_.begin(), cells_.end(), precedes);
  // Equal neighbours become one.
  std::size_t kept = 0;
  for (std::size_t i = 1; i < cells_.size(); ++i) {
    if (precedes(cells_[kept], cells_[i])) {
      cells_[++kept] = cells_[i];
    } else {
      ++cells_[kept].count;
    }
  }
  if (!cells_.empty())
    cells_.erase(cells_.begin() + static_cast<std::ptrdiff_t>(kept) + 1, cells_.end());
}

std::size_t Confusion::count(std::size_t label, std::size_t predicted) const {
  const ConfusedPair wanted{label, predicted, 0};
  const auto found = std::lower_bound(cells_.begin(), cells_.end(), wanted, precedes);
  return found == cells_.end() || precedes(wanted, *found) ? 0 : found->count;
}

std::vector<std::size_t> Confusion::row(std::size_t label) const {
  std::vector<std::size_t> counts(classes_);
  auto cell = std::lower_bound(cells_.begin(), cells_.end(), ConfusedPair{label, 0, 0}, precedes);
  for (; cell != cells_.end() && cell->label == label; ++cell) {
    counts[cell->predicted] = cell->count;
  }
  return counts;
}

std::size_t Confusion::total() const {
  std::size_t sum = 0;
  for (const ConfusedPair& cell : cells_) sum += cell.count;
  return sum;
}

std::size_t Confusion::correct() const {
  std::size_t sum = 0;
  for (const ConfusedPair& cell : cells_) sum += cell.label == cell.predicted ? cell.count : 0;
  return sum;
}

std::vector<ClassMetrics> class_metrics(const Confusion& confusion) {
  std::vector<std::size_t> images(confusion.classes());
  std::vector<std::size_t> predicted(confusion.classes());
  for (const ConfusedPair& cell : confusion.cells()) {
    images[cell.label] += cell.count;
    predicted[cell.predicted] += cell.count;
  }
  std::vector<ClassMetrics> result;
  for (std::size_t k = 0; k < confusion.classes(); ++k) {
    const auto hits = static_cast<double>(confusion.count(k, k));
    const double precision = ratio(hits, static_cast<double>(predicted[k]));
    const double recall = ratio(hits, static_cast<double>(images[k]));
    result.push_back(
        {precision, recall, ratio(2 * precision * recall, precision + recall), images[k]});
  }
  return result;
}

std::vector<ConfusedPair> most_confused(const Confusion& confusion, std::size_t most) {
  std::vector<ConfusedPair> pairs;
  for (const ConfusedPair& cell : confusion.cells()) {
    if (cell.label != cell.predicted) pairs.push_back(cell);
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
