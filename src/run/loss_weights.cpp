#include "run/loss_weights.hpp"

#include <algorithm>
#include <optional>

#include "cnn/error.hpp"

#include "base/text.hpp"
#include "config/option_reader.hpp"

namespace cnn {
namespace {

// n/(K·n_k) for each of the K classes that occur, so that a weight is 1 in the mean of the images.
std::vector<double> balanced_weights(const Dataset& dataset, const Selection& images,
                                     std::size_t classes) {
  std::vector<double> counts(classes);
  for (const std::uint32_t i : images) ++counts[dataset.labels[i]];
  const auto occurring =
      static_cast<double>(classes - static_cast<std::size_t>(std::ranges::count(counts, 0.0)));
  std::vector<double> weights(classes, 1.0);
  for (std::size_t k = 0; k < classes; ++k) {
    if (counts[k] > 0) weights[k] = static_cast<double>(images.size()) / (occurring * counts[k]);
  }
  return weights;
}

// The class of that name, or else of that label; `classes` are the names.
std::size_t class_of(const std::string& name, const std::vector<std::string>& classes) {
  const auto found = std::find(classes.begin(), classes.end(), name);
  if (found != classes.end()) return static_cast<std::size_t>(found - classes.begin());
  const std::optional<std::int64_t> label = parse_integer(name);
  if (label && *label >= 0 && static_cast<std::size_t>(*label) < classes.size()) {
    return static_cast<std::size_t>(*label);
  }
  constexpr std::size_t kMostNamed = 20;
  const std::vector<std::string> some(
      classes.begin(),
      classes.begin() + static_cast<std::ptrdiff_t>(std::min(classes.size(), kMostNamed)));
  throw ConfigError("error: training.class_weights gives a weight to " + in_quotes(name) +
                    ", which is no class; the " + std::to_string(classes.size()) + " classes are " +
                    join(some, ", ") + (some.size() < classes.size() ? ", …" : ""));
}

std::vector<double> given_weights(const ClassWeights& config,
                                  const std::vector<std::string>& classes) {
  std::vector<double> weights(classes.size(), 1.0);
  std::vector<bool> seen(classes.size());
  for (const auto& [name, weight] : config.given) {
    const std::size_t k = class_of(name, classes);
    if (seen[k]) {
      throw ConfigError("error: training.class_weights gives class " + in_quotes(classes[k]) +
                        " two weights, by name and by label; keep one of them");
    }
    seen[k] = true;
    weights[k] = weight;
  }
  return weights;
}

}  // namespace

LossOptions make_loss_options(const TrainingConfig& training,
                              const std::vector<std::string>& classes, const Dataset& dataset,
                              const Selection& images) {
  LossOptions options = training.loss_options;
  if (training.class_weights.balanced) {
    options.class_weights = balanced_weights(dataset, images, classes.size());
  } else if (!training.class_weights.given.empty()) {
    options.class_weights = given_weights(training.class_weights, classes);
  }
  return options;
}

}  // namespace cnn
