#include "nn/loss.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "cnn/error.hpp"

#include "config/config_visitor.hpp"

namespace cnn {
namespace {

// J = log Σ_k e^{z_k − max} − Σ_k y_k·(z_k − max);   dz_k = h_k − y_k
// y_k = (1 − s)·[k is the label] + s/K. Shifted by the maximum so that no exponential overflows.
double softmax_cross_entropy(CView z, std::size_t label, double smoothing, double scale, View dz) {
  const double largest = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (const Real value : z) sum += std::exp(value - largest);
  const double share = smoothing / static_cast<double>(z.size());
  for (std::size_t k = 0; k < dz.size(); ++k) {
    const double h = std::exp(z[k] - largest) / sum;
    dz[k] = static_cast<Real>(scale * (h - (k == label ? 1.0 - smoothing + share : share)));
  }
  double likely = z[label] - largest;
  if (smoothing > 0) {
    likely *= 1.0 - smoothing;
    for (const Real value : z) likely += share * (value - largest);
  }
  return std::log(sum) - likely;
}

// J = ½ Σ_k (h_k − y_k)²;   dh_k = h_k − y_k
double euclidean(CView h, std::size_t label, double scale, View dh) {
  double sum = 0;
  for (std::size_t k = 0; k < h.size(); ++k) {
    const double difference = h[k] - (k == label ? 1.0 : 0.0);
    sum += difference * difference;
    if (!dh.empty()) dh[k] = static_cast<Real>(scale * difference);
  }
  return sum / 2;
}

// The number of classes, if everything that compute_loss is given fits.
std::size_t checked_classes(CView outputs, std::span<const std::uint16_t> labels,
                            std::size_t losses, std::size_t doutputs, std::size_t weights) {
  const std::size_t n = labels.size();
  const std::size_t classes = n > 0 ? outputs.size() / n : 0;
  if (outputs.size() != n * classes || losses != n ||
      (doutputs != 0 && doutputs != outputs.size())) {
    throw ShapeError("loss: " + std::to_string(outputs.size()) + " outputs, " + std::to_string(n) +
                     " labels, " + std::to_string(losses) + " losses and " +
                     std::to_string(doutputs) + " gradients do not fit together");
  }
  if (weights != 0 && n > 0 && weights != classes) {
    throw ShapeError("loss: " + std::to_string(weights) + " class weights for " +
                     std::to_string(classes) + " classes");
  }
  for (const std::uint16_t label : labels) {
    if (label >= classes) {
      throw ArgumentError("loss: the label " + std::to_string(label) + ", there are " +
                          std::to_string(classes) + " classes, counted from 0");
    }
  }
  return classes;
}

}  // namespace

void visit(ConfigVisitor& visitor, Loss loss, LossOptions& options, ClassWeights& weights) {
  if (loss == Loss::softmax_cross_entropy) {
    visitor.real("label_smoothing", options.label_smoothing,
                 {.low = 0, .high = 1, .below_high = true});
  } else {
    visitor.rule_out("label_smoothing", "loss",
                     {"label_smoothing is for the loss softmax_cross_entropy", "leave it out"});
  }
  if (visitor.wants("class_weights", weights.balanced || !weights.given.empty())) {
    visitor.numbers("class_weights", weights.given, {.low = 0, .high = kLargestReal}, "balanced",
                    weights.balanced);
  }
}

void compute_loss(Loss loss, CView outputs, std::span<const std::uint16_t> labels,
                  Real gradient_scale, std::span<double> losses, View doutputs,
                  const LossOptions& options) {
  const std::size_t classes = checked_classes(outputs, labels, losses.size(), doutputs.size(),
                                              options.class_weights.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const CView z = outputs.subspan(i * classes, classes);
    const View dz = doutputs.empty() ? View() : doutputs.subspan(i * classes, classes);
    const double weight = options.class_weights.empty() ? 1 : options.class_weights[labels[i]];
    const double scale = weight * gradient_scale;
    losses[i] =
        weight * (loss == Loss::euclidean
                      ? euclidean(z, labels[i], scale, dz)
                      : softmax_cross_entropy(z, labels[i], options.label_smoothing, scale, dz));
  }
}

void class_probabilities(Loss loss, CView outputs, std::span<double> probabilities) {
  if (outputs.empty() || outputs.size() != probabilities.size()) {
    throw ShapeError("class_probabilities: " + std::to_string(outputs.size()) + " outputs for " +
                     std::to_string(probabilities.size()) + " probabilities");
  }
  const double largest = *std::max_element(outputs.begin(), outputs.end());
  double sum = 0;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    probabilities[k] = loss == Loss::euclidean ? std::max(0.0, static_cast<double>(outputs[k]))
                                               : std::exp(outputs[k] - largest);
    sum += probabilities[k];
  }
  for (double& p : probabilities) {
    p = sum > 0 ? p / sum : 1.0 / static_cast<double>(outputs.size());
  }
}

std::size_t arg_max(CView outputs) {
  return static_cast<std::size_t>(std::max_element(outputs.begin(), outputs.end()) -
                                  outputs.begin());
}

}  // namespace cnn
