// cnn-eval --compare: two models on the same images, and whether one is better.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cnn/evaluation.hpp"

#include "data/selection.hpp"

namespace cnn::app {

struct Comparison {
  std::string title;                // "test set …/t10k-images-idx3-ubyte.gz"
  std::vector<std::string> models;  // two files
  const Evaluation& first;          // both of the same images
  const Evaluation& second;
  const Selection& selection;        // indices in the file, in the order of the predictions
  std::vector<std::string> classes;  // names, of both
};

std::string comparison_text(const Comparison& comparison);
// images, models ([{file, correct, accuracy}, …]), both_right, only_first, only_second, both_wrong,
// agreement, p, differ ([{index, true, first, second}, …]).
std::string comparison_json(const Comparison& comparison);

}  // namespace cnn::app
