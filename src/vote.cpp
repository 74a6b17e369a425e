#include "cnn/vote.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace cnn {

std::vector<PixelShift> neighbour_shifts() {
  std::vector<PixelShift> shifts = {{0, 0}};
  for (const int down : {-1, 0, 1}) {
    for (const int right : {-1, 0, 1}) {
      if (down != 0 || right != 0) shifts.push_back({down, right});
    }
  }
  return shifts;
}

Dataset shifted(const Dataset& dataset, PixelShift shift) {
  Dataset result = dataset;
  if (shift == PixelShift{}) return result;
  std::fill(result.pixels.begin(), result.pixels.end(), std::uint8_t{0});
  const int height = dataset.shape.height, width = dataset.shape.width;
  const auto plane = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  const int top = std::max(shift.down, 0), bottom = std::min(height + shift.down, height);
  const int left = std::max(shift.right, 0), right = std::min(width + shift.right, width);
  if (left >= right) return result;
  for (std::size_t at = 0; at < result.pixels.size(); at += plane) {
    for (int y = top; y < bottom; ++y) {
      const int from = (y - shift.down) * width + left - shift.right;
      std::copy_n(&dataset.pixels[at + static_cast<std::size_t>(from)], right - left,
                  &result.pixels[at + static_cast<std::size_t>(y * width + left)]);
    }
  }
  return result;
}

Vote::Vote(std::size_t images, std::size_t classes) : classes_(classes), sums_(images * classes) {}

bool Vote::add(Inference& inference, Loss loss, const Dataset& dataset, const Selection& selection,
               const std::vector<PixelShift>& shifts, const std::atomic<bool>& stop) {
  assert(selection.size() * classes_ == sums_.size());
  for (const PixelShift& shift : shifts) {
    ++voters_;
    const Dataset images = shifted(dataset, shift);
    const bool done = inference.run(
        selection.size(), [&](std::size_t i) { return images.image(selection[i]); },
        [&](std::size_t i, CView outputs) {
          std::vector<double> probabilities(classes_);
          class_probabilities(loss, outputs, probabilities);
          for (std::size_t k = 0; k < classes_; ++k) sums_[i * classes_ + k] += probabilities[k];
        },
        stop);
    if (!done) return false;
  }
  return true;
}

Evaluation Vote::evaluation(const Dataset& dataset, const Selection& selection) const {
  assert(voters_ > 0);
  const auto voters = static_cast<double>(voters_);
  Evaluation result;
  for (std::size_t i = 0; i < selection.size(); ++i) {
    const std::span<const double> sums = std::span(sums_).subspan(i * classes_, classes_);
    const auto best =
        static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
    const std::size_t label = dataset.labels[selection[i]];
    result.predictions.push_back({label, best, sums[best] / voters});
    result.loss -= std::log(std::max(sums[label] / voters, std::numeric_limits<double>::min()));
    result.correct += best == label ? 1 : 0;
  }
  if (!selection.empty()) result.loss /= static_cast<double>(selection.size());
  return result;
}

}  // namespace cnn
