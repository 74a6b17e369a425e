// Losses: J(W,b;x,y) of each sample and its gradient, in one fused function. A loss is not a layer.
//
// Legend: n samples, K classes; z the network's outputs, h what the loss compares with the one-hot
// y.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/view.hpp"

namespace cnn {

class ConfigVisitor;

enum class Loss {
  softmax_cross_entropy,  // J = −log h_y, h = softmax(z)
  euclidean,              // J = ½ ‖h − y‖², h = z
};
inline constexpr std::array<std::string_view, 2> kLossNames = {"softmax_cross_entropy",
                                                               "euclidean"};

// Changes of the loss in training; evaluation makes none.
struct LossOptions {
  // s of softmax_cross_entropy, which then compares h with y' = (1 − s)·y + s/K: J = −Σ y'_k log
  // h_k (Szegedy et al., 2016).
  double label_smoothing = 0;
  // Factor on each sample's J, one per class; empty if there are none. Those that a configuration
  // asks for are known once the classes are: a ClassWeights gives them.
  std::vector<double> class_weights;
};

// The class weights that a configuration asks for.
struct ClassWeights {
  bool balanced = false;                              // n/(K·n_k) for class k, instead of `given`
  std::vector<std::pair<std::string, double>> given;  // by name or label; 1 where there is none
};

// The keys of `training` that are about its loss: label_smoothing, which softmax_cross_entropy
// alone has, and class_weights.
void visit(ConfigVisitor& visitor, Loss loss, LossOptions& options, ClassWeights& weights);

// outputs: (n, K); labels: n values below K. Assigns losses: n values of J(W,b;x,y), and, unless it
// is empty, doutputs: (n, K) = gradient_scale · ∂J(W,b;x,y)/∂z. With gradient_scale = 1/m the
// gradients of a batch of m samples add up to that of J's data term. Throws ShapeError if the sizes
// do not agree, and ArgumentError for a label of K or more; nothing is assigned then.
void compute_loss(Loss loss, CView outputs, std::span<const std::uint16_t> labels,
                  Real gradient_scale, std::span<double> losses, View doutputs,
                  const LossOptions& options = {});

// outputs, probabilities: K values of one sample. softmax(z), or for the euclidean loss the
// outputs' positive parts scaled to the sum 1 (all equal if none is positive): its h estimates P(y
// = k | x) but need not sum to 1. Throws ShapeError unless there are as many of both, at least one.
void class_probabilities(Loss loss, CView outputs, std::span<double> probabilities);

// The class with the largest value; the first among equals. 0 if there is none.
std::size_t arg_max(CView outputs);

}  // namespace cnn
