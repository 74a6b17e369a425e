#include "data/selection.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "cnn/error.hpp"

#include "base/random.hpp"

namespace cnn {
namespace {

// How many images of each class are held out; `sizes` are the classes' numbers of images.
std::vector<std::size_t> shares(const std::vector<std::size_t>& sizes, std::size_t validation) {
  const std::size_t total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  std::vector<std::size_t> held(sizes.size());
  std::size_t left = validation;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    held[k] = validation * sizes[k] / total;
    left -= held[k];
  }

  std::vector<std::size_t> order(sizes.size());  // largest remainder first
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return validation * sizes[a] % total > validation * sizes[b] % total;
  });
  // One more for each class that may give one, round by round.
  const auto distribute = [&](auto may_give) {
    for (bool given = true; left > 0 && given;) {
      given = false;
      for (const std::size_t k : order) {
        if (left == 0 || !may_give(k)) continue;
        ++held[k];
        --left;
        given = true;
      }
    }
  };
  distribute([&](std::size_t k) { return held[k] + 1 < sizes[k]; });
  distribute([&](std::size_t k) { return held[k] == 0 && sizes[k] == 1; });
  distribute([&](std::size_t k) { return held[k] < sizes[k]; });
  return held;
}

// Moves `count` images, drawn by the seed, from `images` to the result; both stay in their order.
Selection hold_out(std::span<const std::uint16_t> labels, Selection& images, std::size_t count,
                   std::uint64_t seed, std::uint64_t first_stream) {
  if (count == 0) return {};
  const std::size_t classes = std::size_t{*std::max_element(labels.begin(), labels.end())} + 1;
  std::vector<Selection> members(classes);
  for (const std::uint32_t i : images) members[labels[i]].push_back(i);
  std::vector<std::size_t> sizes;
  for (const Selection& of_class : members) sizes.push_back(of_class.size());
  const std::vector<std::size_t> held = shares(sizes, count);

  std::vector<bool> is_held(labels.size());
  for (std::size_t k = 0; k < classes; ++k) {
    const Selection order = permutation(Random(seed, Purpose::split, first_stream + k),
                                        static_cast<std::uint32_t>(sizes[k]));
    for (std::size_t i = 0; i < held[k]; ++i) is_held[members[k][order[i]]] = true;
  }
  Selection kept, taken;
  for (const std::uint32_t i : images) (is_held[i] ? taken : kept).push_back(i);
  images = std::move(kept);
  return taken;
}

}  // namespace

Selection everything(std::size_t count) {
  Selection all(count);
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

void require_images(const Dataset& dataset, std::span<const std::uint32_t> images,
                    const Shape& shape) {
  if (dataset.shape != shape) {
    throw ShapeError("data set: its images are " + to_string(dataset.shape) + ", expected " +
                     to_string(shape));
  }
  if (!images.empty()) dataset.image(*std::max_element(images.begin(), images.end()));
}

void require_labels(const Dataset& dataset, std::span<const std::uint32_t> images,
                    std::size_t classes) {
  for (const std::uint32_t i : images) {
    if (i >= dataset.labels.size()) {
      throw ArgumentError("data set: image " + std::to_string(i) + " has no label, there are " +
                          std::to_string(dataset.labels.size()));
    }
    if (dataset.labels[i] >= classes) {
      throw ArgumentError("data set: image " + std::to_string(i) + " has the label " +
                          std::to_string(dataset.labels[i]) + ", there are " +
                          std::to_string(classes) + " classes, counted from 0");
    }
  }
}

Split stratified_split(std::span<const std::uint16_t> labels, std::size_t validation,
                       std::uint64_t seed) {
  return stratified_split(labels, 0, validation, seed);
}

Split stratified_split(std::span<const std::uint16_t> labels, std::size_t test,
                       std::size_t validation, std::uint64_t seed) {
  if (test >= labels.size() || validation >= labels.size() - test) {
    throw ArgumentError("stratified_split: " + std::to_string(test + validation) +
                        " images held out of " + std::to_string(labels.size()) +
                        " leave none to train on");
  }
  Split split;
  split.train = everything(labels.size());
  // The streams of the two draws must differ: those of classes are below 2^16.
  constexpr std::uint64_t kTestStreams = kMostClasses;
  split.test = hold_out(labels, split.train, test, seed, kTestStreams);
  split.validation = hold_out(labels, split.train, validation, seed, 0);
  return split;
}

}  // namespace cnn
