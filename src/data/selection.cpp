#include "data/selection.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "cnn/error.hpp"

#include "base/random.hpp"
#include "config/option_reader.hpp"

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

// The streams of two draws must differ: those of classes are below 2^16.
constexpr std::uint64_t kValidationStreams = 0;
constexpr std::uint64_t kTestStreams = kMostClasses;

// The images of each class, in an order drawn by the seed.
std::vector<Selection> shuffled_classes(std::span<const std::uint16_t> labels,
                                        const Selection& images, std::uint64_t seed,
                                        std::uint64_t first_stream) {
  std::vector<Selection> members(std::size_t{*std::max_element(labels.begin(), labels.end())} + 1);
  for (const std::uint32_t i : images) members[labels[i]].push_back(i);
  for (std::size_t k = 0; k < members.size(); ++k) {
    const Selection order = permutation(Random(seed, Purpose::split, first_stream + k),
                                        static_cast<std::uint32_t>(members[k].size()));
    Selection shuffled;
    for (const std::uint32_t place : order) shuffled.push_back(members[k][place]);
    members[k] = std::move(shuffled);
  }
  return members;
}

// Moves those that are held from `images` to the result; both stay in their order.
Selection take_out(Selection& images, const std::vector<bool>& is_held) {
  Selection kept, taken;
  for (const std::uint32_t i : images) (is_held[i] ? taken : kept).push_back(i);
  images = std::move(kept);
  return taken;
}

// Moves `count` images, drawn by the seed, from `images` to the result.
Selection hold_out(std::span<const std::uint16_t> labels, Selection& images, std::size_t count,
                   std::uint64_t seed, std::uint64_t first_stream) {
  if (count == 0) return {};
  const std::vector<Selection> members = shuffled_classes(labels, images, seed, first_stream);
  std::vector<std::size_t> sizes;
  for (const Selection& of_class : members) sizes.push_back(of_class.size());
  const std::vector<std::size_t> held = shares(sizes, count);
  std::vector<bool> is_held(labels.size());
  for (std::size_t k = 0; k < members.size(); ++k) {
    for (std::size_t i = 0; i < held[k]; ++i) is_held[members[k][i]] = true;
  }
  return take_out(images, is_held);
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
  split.test = hold_out(labels, split.train, test, seed, kTestStreams);
  split.validation = hold_out(labels, split.train, validation, seed, kValidationStreams);
  return split;
}

std::optional<Fold> parse_fold(std::string_view text) {
  constexpr std::string_view kOf = " of ";
  const std::size_t at = text.find(kOf);
  if (at == std::string_view::npos) return std::nullopt;
  const std::optional<std::int64_t> number = parse_integer(text.substr(0, at));
  const std::optional<std::int64_t> count = parse_integer(text.substr(at + kOf.size()));
  if (!number || !count || *count < 2 || *count > kMostFolds) return std::nullopt;
  if (*number < 1 || *number > *count) return std::nullopt;
  return Fold{*number, *count};
}

std::string to_text(const Fold& fold) {
  return std::to_string(fold.number) + " of " + std::to_string(fold.count);
}

Split fold_split(std::span<const std::uint16_t> labels, std::size_t test, const Fold& fold,
                 std::uint64_t seed) {
  const auto count = static_cast<std::size_t>(fold.count);
  if (test >= labels.size() || count > labels.size() - test) {
    throw ArgumentError("fold_split: " + std::to_string(count) + " folds of " +
                        std::to_string(labels.size()) + " images, of which " +
                        std::to_string(test) + " are held out");
  }
  Split split;
  split.train = everything(labels.size());
  split.test = hold_out(labels, split.train, test, seed, kTestStreams);
  // Dealt like cards, class by class, without beginning anew at a class: so all folds fill evenly.
  std::vector<bool> is_held(labels.size());
  std::size_t dealt = 0;
  for (const Selection& of_class :
       shuffled_classes(labels, split.train, seed, kValidationStreams)) {
    for (const std::uint32_t i : of_class) {
      is_held[i] = dealt++ % count == static_cast<std::size_t>(fold.number - 1);
    }
  }
  split.validation = take_out(split.train, is_held);
  return split;
}

}  // namespace cnn
