// Gradient checking: is what backpropagation gives what central differences of J give?
//
// Two checks, each of which sees what the other cannot:
// - A layer by itself, at its planned shape, on inputs, parameters and δ drawn in general position.
//   It names the layer whose backward is not the derivative of its forward, however deep, flat or
//   saturated the network around it may be.
// - J of the whole network, on real images, a hundredth of a step of initialisation beside its real
//   parameters. It also covers how the graph is wired, how shared tensors add up, the loss and
//   its 1/m.
// J is the data term, Σ J(W,b;x,y)/m, with label smoothing and class weights as in training; λ is
// the solver's, which adds λ·W by itself.
//
// A gradient g of values x is compared along directions d: J(x + h·d) − J(x − h·d) against
// ⟨g, 2h·d⟩. A tensor's values are dealt out to its directions, none to two of them; with as many
// directions as values, each value is checked by itself. A tensor's error is
// ‖numeric − analytic‖ / ‖numeric + analytic‖ over its directions (the measure of UFLDL).
//
// Everything drawn is a function of the seed. Used by one thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/view.hpp"
#include "nn/layer.hpp"
#include "nn/loss.hpp"
#include "nn/network.hpp"
#include "nn/workspace.hpp"

namespace cnn {

// The largest error that still passes. In double it is UFLDL's for smooth networks; in float
// rounding allows no less.
inline constexpr double kGradientTolerance = sizeof(Real) == sizeof(float) ? 1e-3 : 1e-9;

using Objective = std::function<double()>;

// Which values a step moves, and how far each for a step of 1.
struct Direction {
  std::vector<std::size_t> indices;
  std::vector<double> lengths;
};

// J at x + h·d and at x − h·d, and what the gradient says that J changes by on the way there from
// x. Both points are taken as rounded to Real.
struct Difference {
  struct Side {
    double objective;
    double analytic;
  };
  Side above;
  Side below;

  double numeric() const { return above.objective - below.objective; }
  double analytic() const { return above.analytic - below.analytic; }
};

// The one difference quotient of this project, not yet divided. Leaves x as it was.
Difference central_difference(View x, CView gradient, const Direction& direction, double step,
                              const Objective& objective);

// ‖numeric − analytic‖ / ‖numeric + analytic‖; 0 if all are zero, infinite if the sizes differ or
// something is not a number.
double norm_wise_error(std::span<const double> numeric, std::span<const double> analytic);

enum class Verdict {
  agrees,
  differs,
  unclear,  // J is too flat or bends too sharply here for its differences to say anything
};

// One gradient of one layer, compared.
struct GradientComparison {
  std::size_t layer = 0;  // its index in network.nodes()
  std::string gradient;   // the parameter's name ("weight"), or "dx"; "dx 1", … of several inputs
  std::size_t values = 0;   // how many the tensor has
  std::size_t checked = 0;  // how many of them were moved
  double error = 0;
  Verdict verdict = Verdict::agrees;
};

// How many directions a tensor gets if each value is to be checked by itself.
inline constexpr std::size_t kEveryValue = std::numeric_limits<std::size_t>::max();

// The layer, planned for `inputs`, on a batch of `samples`: dx of every input, then all parameters
// but statistics, which have no gradient.
std::vector<GradientComparison> check_layer_gradients(const Layer& layer, const LayerPlan& plan,
                                                      std::span<const Shape> inputs,
                                                      std::size_t samples, std::size_t directions,
                                                      std::uint64_t seed);

struct GradientCheck {
  Network& network;  // its parameters are moved, and put back when the checker ends
  Loss loss;
  CView images;                           // (m, C·H·W) of the network's input
  std::span<const std::uint16_t> labels;  // (m)
  LossOptions loss_options = {};
  std::uint64_t seed = 1;  // also of the dropout, which stays the same throughout
  std::size_t layer_directions = 16;
  std::size_t network_directions = 4;
};

class GradientChecker {
 public:
  // Runs the network forward and backward. Throws DivergedError if J is not finite, ArgumentError
  // without images and for a label that is none, ShapeError if images and labels do not fit the
  // network.
  explicit GradientChecker(const GradientCheck& check);
  ~GradientChecker();
  GradientChecker(const GradientChecker&) = delete;
  GradientChecker& operator=(const GradientChecker&) = delete;

  const Network& network() const { return check_.network; }
  double loss() const { return loss_; }  // J of the images, where it is checked

  // Layer `layer` by itself.
  std::vector<GradientComparison> check_layer(std::size_t layer) const;
  // J of the whole network by parameter `parameter` of network().parameters(), which must be
  // learnt.
  GradientComparison check_parameter(std::size_t parameter);

 private:
  void leave_kinks();
  double forward();

  GradientCheck check_;
  std::vector<Real> values_;  // the network's, as they were
  Workspace workspace_;
  Gradients gradients_;
  std::vector<double> losses_;
  double loss_ = 0;
  double rounding_ = 0;  // what J is uncertain by
};

// A message that names the layers whose gradients are wrong; empty if nothing differs. A layer that
// is off by itself is the culprit, and makes J differ in every layer before it; if none is, the
// fault is in what lies between them.
std::string gradient_complaint(const Network& network, std::span<const GradientComparison> layers,
                               std::span<const GradientComparison> parameters);

}  // namespace cnn
