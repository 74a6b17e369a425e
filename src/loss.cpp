#include "cnn/loss.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

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

}  // namespace

void compute_loss(Loss loss, CView outputs, std::span<const std::uint8_t> labels,
                  Real gradient_scale, std::span<double> losses, View doutputs,
                  const LossOptions& options) {
  assert(losses.size() == labels.size() && outputs.size() % labels.size() == 0);
  const std::size_t classes = outputs.size() / labels.size();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    assert(labels[i] < classes);
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
  assert(outputs.size() == probabilities.size());
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
