#include "infer/vote.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "cnn/error.hpp"

#include "data/class_names.hpp"
#include "infer/evaluate.hpp"

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

std::vector<PixelShift> mirror_images() {
  return {{0, 0, false}, {0, 0, true}};
}

std::vector<PixelShift> copies_called(std::string_view name) {
  if (name == "shifts") return neighbour_shifts();
  if (name == "flip") return mirror_images();
  if (name == "none") return {PixelShift{}};
  throw ArgumentError("vote: there are no copies called '" + std::string(name) + "'");
}

Dataset shifted(const Dataset& dataset, PixelShift shift) {
  Dataset result = dataset;
  if (shift == PixelShift{}) return result;
  result.mapped_pixels = {};
  result.mapping = nullptr;
  result.pixels.assign(dataset.count() * dataset.shape.size(), 0);
  const int height = dataset.shape.height, width = dataset.shape.width;
  const auto plane = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  const int by_rows = std::clamp(shift.down, -height, height);
  const int by_columns = std::clamp(shift.right, -width, width);
  const int top = std::max(by_rows, 0), bottom = std::min(height + by_rows, height);
  const int left = std::max(by_columns, 0), right = std::min(width + by_columns, width);
  if (left >= right) return result;
  const std::size_t size = dataset.shape.size();
  for (std::size_t at = 0; at + plane <= result.pixels.size(); at += plane) {
    const std::uint8_t* const from = &dataset.image(at / size)[at % size];
    for (int y = top; y < bottom; ++y) {
      const std::uint8_t* const row = from + static_cast<std::ptrdiff_t>(y - by_rows) * width;
      std::uint8_t* const to = &result.pixels[at + static_cast<std::size_t>(y * width + left)];
      if (shift.flip) {
        std::reverse_copy(row + width + by_columns - right, row + width + by_columns - left, to);
      } else {
        std::copy_n(row + left - by_columns, right - left, to);
      }
    }
  }
  return result;
}

Vote::Vote(std::size_t images, std::vector<std::string> classes)
    : images_(images), classes_(std::move(classes)), sums_(images * classes_.size()) {}

void Vote::require_number(std::size_t images) const {
  if (images == images_) return;
  throw ArgumentError("vote: on " + std::to_string(images_) + " images, got " +
                      std::to_string(images));
}

std::vector<std::size_t> Vote::order_of(const Voter& voter) const {
  const std::size_t outputs = voter.inference.network().output().size();
  if (voter.classes.size() != outputs) {
    throw ShapeError("vote: names for " + std::to_string(voter.classes.size()) +
                     " classes, the network tells " + std::to_string(outputs) + " apart");
  }
  std::optional<std::vector<std::size_t>> order = match_classes(classes_, voter.classes);
  if (order) return *std::move(order);
  throw ArgumentError("vote: the network tells other classes apart: " +
                      class_difference(voter.classes, classes_));
}

bool Vote::add(const Voter& voter, const Dataset& dataset, const Selection& selection,
               const std::vector<PixelShift>& shifts, const std::atomic<bool>& stop) {
  require_number(selection.size());
  require_images(dataset, selection, voter.inference.network().input());
  const std::vector<std::size_t> order = order_of(voter);
  const std::size_t classes = classes_.size();
  for (const PixelShift& shift : shifts) {
    ++voters_;
    const bool moved = shift != PixelShift{};
    const Dataset copy = moved ? shifted(dataset, shift) : Dataset{};
    const Dataset& images = moved ? copy : dataset;
    const bool done = voter.inference.run(
        selection.size(), [&](std::size_t i) { return images.image(selection[i]); },
        [&](std::size_t i, CView outputs) {
          std::vector<double> probabilities(classes);
          class_probabilities(voter.loss, outputs, probabilities);
          for (std::size_t k = 0; k < classes; ++k) {
            sums_[i * classes + k] += probabilities[order[k]];
          }
        },
        stop);
    if (!done) return false;
  }
  return true;
}

Evaluation Vote::evaluation(const Dataset& dataset, const Selection& selection) const {
  if (voters_ == 0) throw ArgumentError("vote: there is no result, nothing has been added");
  require_number(selection.size());
  const std::size_t classes = classes_.size();
  require_labels(dataset, selection, classes);
  const auto voters = static_cast<double>(voters_);
  Evaluation result;
  for (std::size_t i = 0; i < selection.size(); ++i) {
    const std::span<const double> sums = std::span(sums_).subspan(i * classes, classes);
    const auto best =
        static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
    const std::size_t label = dataset.labels[selection[i]];
    result.predictions.push_back({label, best, sums[best] / voters, rank_of(label, sums)});
    result.loss -= std::log(std::max(sums[label] / voters, std::numeric_limits<double>::min()));
    result.correct += best == label ? 1 : 0;
  }
  if (!selection.empty()) result.loss /= static_cast<double>(selection.size());
  return result;
}

}  // namespace cnn
