#include "nn/gradient_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include "cnn/error.hpp"

#include "base/finite.hpp"
#include "nn/gradient_check_draw.hpp"

namespace cnn {
namespace {

constexpr bool kFloat = sizeof(Real) == sizeof(float);
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double norm(CView values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

// How large steps are: the first changes J by about this part of itself, if that is no longer
// than kLongestStep; each is half of the one before.
constexpr double kFirstChange = kFloat ? 0x1p-4 : 0x1p-18;
constexpr double kLongestStep = kFloat ? 0x1p-1 : 0x1p-10;
constexpr double kCaution = 16;
constexpr int kSteps = kFloat ? 15 : 10;

// More values of a tensor than these are not moved, to save memory: then it is one in each stretch
// of equal length.
constexpr std::size_t kMostValues = std::size_t{1} << 22;

// Unit vectors, in equal parts the gradient's own direction, along which J changes most and
// rounding matters least, and random numbers, which also find values whose gradient is wrongly
// zero.
std::vector<Direction> gradient_directions(CView gradient, std::size_t directions,
                                           std::uint64_t key) {
  const double mean = norm(gradient) / std::sqrt(static_cast<double>(gradient.size()));
  const std::size_t stretch = (gradient.size() + kMostValues - 1) / kMostValues;
  const std::size_t count = gradient.size() / stretch;
  std::vector<Direction> result(std::min(directions, count));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = i * stretch + mix(key, i, 1) % stretch;
    const double random = draw_sign(key, i) * (0.5 + draw_uniform(key, i));
    Direction& direction = result[i % result.size()];
    direction.indices.push_back(index);
    direction.lengths.push_back(random + (mean > 0 ? gradient[index] / mean : 0));
  }
  for (Direction& direction : result) {
    double squares = 0;
    for (const double length : direction.lengths) squares += length * length;
    for (double& length : direction.lengths) length /= std::sqrt(squares);
  }
  return result;
}

// The change of J along one direction, per unit of length.
struct Slope {
  double analytic = 0;
  double residual = kInfinity;  // numeric − analytic of the best quotient
  double proven = 0;            // the part of it that the quotients cannot be blamed for
};

// J at x, the error of that value by rounding, and the residual that still passes.
struct Terrain {
  double objective;
  double rounding;
  double tolerance;
};

// Halves the step until the quotient is good enough, and keeps the best: a wrong gradient would
// have to be wrong by just what one of the quotients is.
// - A quotient of one side counts only once it has settled, that is, hardly differs from the step
//   before: there may be a kink on the other side.
// - "Proven wrong" is what the residual exceeds kCaution·doubt by, where doubt is the sum of J's
//   rounding per step, the change since the step before (curvature), and how far the difference of
//   the two sides is from half of what it was (kinks). Caution, because where kinks are dense all
//   three are often small by chance.
Slope settle(View x, CView gradient, const Direction& direction, double first_step,
             const Terrain& terrain, const Objective& objective) {
  Slope slope;
  const auto keep = [&](double residual) {
    if (std::abs(residual) < std::abs(slope.residual)) slope.residual = residual;
  };
  double above_before = kInfinity;
  double below_before = kInfinity;
  double step = first_step;
  for (int i = 0; i < kSteps; ++i, step /= 2) {
    const Difference d = central_difference(x, gradient, direction, step, objective);
    const double above = (d.above.objective - terrain.objective - d.above.analytic) / step;
    const double below = (terrain.objective - d.below.objective + d.below.analytic) / step;
    const double central = (above + below) / 2;
    if (!std::isfinite(central)) continue;
    slope.analytic = d.analytic() / (2 * step);
    keep(central);
    if (std::abs(above - above_before) <= terrain.tolerance) keep(above);
    if (std::abs(below - below_before) <= terrain.tolerance) keep(below);
    const double change = central - (above_before + below_before) / 2;
    const double bend = (above - below) - (above_before - below_before) / 2;
    const double doubt = std::abs(change) + std::abs(bend) + terrain.rounding / step;
    if (i > 0) slope.proven = std::max(slope.proven, std::abs(central) - kCaution * doubt);
    above_before = above;
    below_before = below;
    if (std::abs(slope.residual) <= terrain.tolerance / 4) break;  // need not be improved upon
  }
  slope.proven = std::min(slope.proven, std::abs(slope.residual));
  return slope;
}

std::string error_text(double error) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1e", error);
  return text.data();
}

bool differs(const GradientComparison& comparison) {
  return comparison.verdict == Verdict::differs;
}

// "\n  conv 'conv2': weight 5.0e-03, dx 3.1e-01" for each layer that is off
std::string list_layers(const Network& network, std::span<const GradientComparison> comparisons) {
  std::string text;
  std::size_t previous = network.nodes().size();
  for (const GradientComparison& c : comparisons) {
    if (!differs(c)) continue;
    const LayerSpec& spec = network.nodes()[c.layer].spec;
    text += c.layer == previous ? ", " : "\n  " + spec.type + " '" + spec.name + "': ";
    text += c.gradient + " " + error_text(c.error);
    previous = c.layer;
  }
  return text;
}

}  // namespace

Difference central_difference(View x, CView gradient, const Direction& direction, double step,
                              const Objective& objective) {
  const std::size_t count = direction.indices.size();
  std::vector<Real> before(count);
  for (std::size_t i = 0; i < count; ++i) before[i] = x[direction.indices[i]];
  const auto side = [&](double length) {
    Difference::Side result{};
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t index = direction.indices[i];
      x[index] = static_cast<Real>(before[i] + length * direction.lengths[i]);
      result.analytic += double{gradient[index]} * (double{x[index]} - double{before[i]});
    }
    result.objective = objective();
    return result;
  };
  const Difference difference{.above = side(step), .below = side(-step)};
  for (std::size_t i = 0; i < count; ++i) x[direction.indices[i]] = before[i];
  return difference;
}

double norm_wise_error(std::span<const double> numeric, std::span<const double> analytic) {
  if (numeric.size() != analytic.size()) return kInfinity;
  double difference = 0;
  double sum = 0;
  for (std::size_t i = 0; i < numeric.size(); ++i) {
    difference += std::pow(numeric[i] - analytic[i], 2);
    sum += std::pow(numeric[i] + analytic[i], 2);
  }
  if (difference == 0) return 0;
  const double error = std::sqrt(difference / sum);
  return std::isnan(error) ? kInfinity : error;
}

namespace {

// The check, if what it is given fits together.
const GradientCheck& checked(const GradientCheck& check) {
  const std::size_t n = check.labels.size();
  if (n == 0) throw ArgumentError("gradient check: needs at least one image");
  if (check.images.size() != n * check.network.input().size()) {
    throw ShapeError("gradient check: " + std::to_string(check.images.size()) + " values of " +
                     std::to_string(n) + " images, expected " + to_string(check.network.input()) +
                     " of each");
  }
  const std::size_t classes = check.network.output().size();
  const std::size_t weights = check.loss_options.class_weights.size();
  if (weights != 0 && weights != classes) {
    throw ShapeError("gradient check: " + std::to_string(weights) + " class weights for " +
                     std::to_string(classes) + " classes");
  }
  const std::uint16_t largest = *std::max_element(check.labels.begin(), check.labels.end());
  if (largest >= classes) {
    throw ArgumentError("gradient check: the label " + std::to_string(largest) + ", there are " +
                        std::to_string(classes) + " classes, counted from 0");
  }
  return check;
}

}  // namespace

GradientChecker::GradientChecker(const GradientCheck& check)
    : check_(checked(check)),
      values_(check.network.values().begin(), check.network.values().end()),
      workspace_(check.network, check.labels.size(), Phase::train),
      gradients_(check.network),
      losses_(check.labels.size()) {
  const std::size_t n = check.labels.size();
  std::copy(check.images.begin(), check.images.end(), workspace_.input(n).begin());
  leave_kinks();
  loss_ = forward();
  if (!std::isfinite(loss_)) {
    const std::string culprit = check.network.first_non_finite(workspace_, n);
    std::copy(values_.begin(), values_.end(), check.network.values().begin());
    throw DivergedError("error: the loss of the first " + std::to_string(n) +
                        " images is not finite (first non-finite value: " +
                        (culprit.empty() ? "the loss" : culprit) +
                        "); look at the starting weights (init, --weights) and at data.scale");
  }
  compute_loss(check.loss, workspace_.output(n), check.labels, Real{1} / static_cast<Real>(n),
               losses_, workspace_.doutput(n), check.loss_options);
  // Rounding an output by a unit in its last place changes J by that times its gradient.
  rounding_ = loss_;
  for (std::size_t i = 0; i < workspace_.output(n).size(); ++i) {
    rounding_ += std::abs(double{workspace_.doutput(n)[i]} * workspace_.output(n)[i]);
  }
  rounding_ *= std::numeric_limits<Real>::epsilon();
  check.network.backward(workspace_, n, gradients_);
}

GradientChecker::~GradientChecker() {
  std::copy(values_.begin(), values_.end(), check_.network.values().begin());
}

// Before the first step biases are zero, and so is z wherever the image is black: right on the kink
// of a relu, where J has no gradient. So every parameter moves by about a hundredth of what
// initialisation gives a weight, or of 1 if it is a bias.
void GradientChecker::leave_kinks() {
  Network& network = check_.network;
  for (std::size_t k = 0; k < network.parameters().size(); ++k) {
    const Parameter& p = network.parameters()[k];
    if (!p.is_learnt()) continue;  // a variance that is read must not become negative
    const Network::Node& node = network.nodes()[p.layer];
    const double fan_in = node.plan.parameters[k - node.first_parameter].fan.in;
    const double scale = 0x1p-6 / std::sqrt(std::max(1.0, fan_in));
    const std::uint64_t key = mix(check_.seed, k, 6);
    for (std::size_t i = 0; i < p.size; ++i) {
      Real& value = network.value(p)[i];
      value =
          static_cast<Real>(value + scale * draw_sign(key, i) * (0.5 + draw_uniform(key, i) / 2));
    }
  }
}

double GradientChecker::forward() {
  const std::size_t n = check_.labels.size();
  check_.network.forward(workspace_, n, {.seed = check_.seed});
  compute_loss(check_.loss, workspace_.output(n), check_.labels, 0, losses_, {},
               check_.loss_options);
  double sum = 0;
  for (const double loss : losses_) sum += loss;
  return sum / static_cast<double>(n);
}

std::vector<GradientComparison> GradientChecker::check_layer(std::size_t layer) const {
  constexpr std::size_t kSamples = 3;  // of two, batch_norm makes 1 and −1, whatever they are
  const Network::Node& node = check_.network.nodes()[layer];
  std::vector<Shape> inputs;
  for (const std::size_t tensor : node.inputs) {
    inputs.push_back(check_.network.tensor_shape(tensor));
  }
  std::vector<GradientComparison> result = check_layer_gradients(
      *node.layer, node.plan, inputs, kSamples, check_.layer_directions, mix(check_.seed, layer));
  for (GradientComparison& comparison : result) comparison.layer = layer;
  return result;
}

GradientComparison GradientChecker::check_parameter(std::size_t parameter) {
  const Parameter& p = check_.network.parameters()[parameter];
  const View x = check_.network.value(p);
  const CView gradient = std::as_const(gradients_).values().subspan(p.offset, p.size);
  const Network::Node& node = check_.network.nodes()[p.layer];
  GradientComparison result{.layer = p.layer,
                            .gradient = node.plan.parameters[parameter - node.first_parameter].name,
                            .values = p.size,
                            .checked = p.size};
  if (!all_finite(gradient)) {
    result.error = kInfinity;
    result.verdict = Verdict::differs;
    return result;
  }
  const std::vector<Direction> directions =
      gradient_directions(gradient, check_.network_directions, mix(check_.seed, parameter, 5));
  result.checked = 0;
  for (const Direction& direction : directions) result.checked += direction.indices.size();
  // What ⟨gradient, direction⟩ is about.
  const double moved = static_cast<double>(result.checked) / static_cast<double>(p.size);
  const double typical = norm(gradient) * std::sqrt(moved / static_cast<double>(directions.size()));
  const bool steep = typical * kLongestStep > loss_ * kFirstChange;
  const double first_step = steep ? loss_ * kFirstChange / typical : kLongestStep;
  const Terrain terrain{loss_, rounding_, kGradientTolerance * typical};
  std::vector<double> numeric, analytic;
  double proven = 0;
  double scale = 0;
  for (const Direction& direction : directions) {
    const Slope slope =
        settle(x, gradient, direction, first_step, terrain, [this] { return forward(); });
    analytic.push_back(slope.analytic);
    numeric.push_back(slope.analytic + slope.residual);
    proven += std::pow(slope.proven, 2);
    scale += std::pow(numeric.back() + slope.analytic, 2);
  }
  result.error = norm_wise_error(numeric, analytic);
  if (result.error > kGradientTolerance) {
    const bool is_proven = proven > std::pow(kGradientTolerance, 2) * scale;
    result.verdict = is_proven ? Verdict::differs : Verdict::unclear;
  }
  return result;
}

std::string gradient_complaint(const Network& network, std::span<const GradientComparison> layers,
                               std::span<const GradientComparison> parameters) {
  if (const std::string culprits = list_layers(network, layers); !culprits.empty()) {
    return "error: backpropagation is wrong in" + culprits +
           "\n  backward is not the derivative of forward there, by the relative errors given; "
           "what "
           "this program trains with these layers is not to be trusted";
  }
  const std::string affected = list_layers(network, parameters);
  if (affected.empty()) return {};
  const auto last = std::find_if(parameters.rbegin(), parameters.rend(), differs);
  return "error: the gradient of J is wrong in" + affected +
         "\n  by the relative errors given, though every layer by itself is right: the fault is in "
         "'" +
         network.nodes()[last->layer].spec.name +
         "' or between it and the loss; what this program trains with this network is not to be "
         "trusted";
}

}  // namespace cnn
