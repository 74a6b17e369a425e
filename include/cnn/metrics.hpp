// What a set of predictions is worth.
//
// Legend: K classes; rows of a confusion matrix are true classes, columns predicted ones.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cnn/export.hpp"

namespace cnn {

// One image's result.
struct Prediction {
  std::size_t label = 0;
  std::size_t predicted = 0;
  double probability = 0;  // of the predicted class
  std::size_t rank = 0;    // of the label: how many classes come before it
};

// A cell of a confusion matrix.
struct ConfusedPair {
  std::size_t label;
  std::size_t predicted;
  std::size_t count;

  bool operator==(const ConfusedPair&) const = default;
};

// A confusion matrix. Only cells that are not zero are kept: of 65,536 classes all would take 34
// GB.
class CNN_EXPORT Confusion {
 public:
  // Counts every prediction once. Throws ArgumentError unless labels and predictions lie below
  // `classes`.
  Confusion(std::size_t classes, const std::vector<Prediction>& predictions);

  std::size_t classes() const { return classes_; }
  std::size_t count(std::size_t label, std::size_t predicted) const;
  // The counts of a row: (K).
  std::vector<std::size_t> row(std::size_t label) const;
  // The cells that are not zero, row by row.
  const std::vector<ConfusedPair>& cells() const { return cells_; }
  std::size_t total() const;
  std::size_t correct() const;

 private:
  std::size_t classes_;
  std::vector<ConfusedPair> cells_;
};

// precision = hits/predicted, recall = hits/images, f1 = their harmonic mean; each 0 where its
// denominator is 0.
struct ClassMetrics {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  std::size_t images = 0;
};
CNN_EXPORT std::vector<ClassMetrics> class_metrics(const Confusion& confusion);

// The off-diagonal cells that are not zero, largest first (in row order among equals), at most
// `most`.
CNN_EXPORT std::vector<ConfusedPair> most_confused(const Confusion& confusion, std::size_t most);

// Wilson's score interval at 95 % for `correct` successes in `total` trials (Wilson 1927); [0, 1]
// for no trials.
struct ProportionInterval {
  double low;
  double high;
};
CNN_EXPORT ProportionInterval wilson_interval(std::size_t correct, std::size_t total);

}  // namespace cnn
