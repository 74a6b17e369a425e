// A layer by itself.

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <utility>

#include "base/arena.hpp"
#include "nn/gradient_check.hpp"
#include "nn/gradient_check_draw.hpp"

namespace cnn {
namespace {

constexpr bool kFloat = sizeof(Real) == sizeof(float);

std::size_t moved_values(std::span<const Direction> directions) {
  std::size_t count = 0;
  for (const Direction& direction : directions) count += direction.indices.size();
  return count;
}

// Few values for each direction, so that one of a sparse gradient is seen among them.
constexpr std::size_t kValuesOfDirection = 16;

// Step 1 is for what is linear, where rounding is all there is to fear. The other is for what bends
// (the error of a central difference is h²/6·f''', and rounding's is ε/h) or has kinks.
constexpr double kCurvedStep = kFloat ? 0x1p-8 : 0x1p-16;

// `most` different ones of 0 … count-1, in order; all if there are no more.
std::vector<std::size_t> draw_indices(std::size_t count, std::size_t most, std::uint64_t key) {
  std::set<std::size_t> indices;
  for (std::size_t i = 0; indices.size() < std::min(count, most); ++i) {
    indices.insert(count <= most ? i : mix(key, i) % count);
  }
  return {indices.begin(), indices.end()};
}

// Random signs on some of `count` values.
std::vector<Direction> sparse_directions(std::size_t count, std::size_t directions,
                                         std::uint64_t key) {
  const std::size_t most = directions < count ? directions * kValuesOfDirection : count;
  const std::vector<std::size_t> indices = draw_indices(count, most, key);
  std::vector<Direction> result(std::min(directions, indices.size()));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Direction& direction = result[i % result.size()];
    direction.indices.push_back(indices[i]);
    direction.lengths.push_back(draw_sign(key, indices[i]));
  }
  return result;
}

// A layer with the memory of one pass. Its objective is Σ doutput·output, whose gradients are what
// backward should give.
class LayerPass {
 public:
  struct Tensor {
    std::string name;
    View values;
    View gradient;
    bool learnt;
  };

  LayerPass(const Layer& layer, const LayerPlan& plan, std::span<const Shape> inputs, std::size_t n,
            std::uint64_t seed)
      : layer_(layer), plan_(plan), n_(n), inputs_(inputs.size()), seed_(seed) {
    std::vector<Extent> extents;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const std::string number = inputs.size() > 1 ? " " + std::to_string(k + 1) : "";
      extents.push_back({"dx" + number, n * inputs[k].size(), true});
    }
    for (const ParameterSpec& p : plan.parameters) {
      extents.push_back({p.name, element_count(p.dims), p.kind != ParameterKind::statistic});
    }
    lay_out(extents);
    draw_parameters();
    for (std::size_t i = 0; i < doutput_.size(); ++i) {
      doutput_[i] = static_cast<Real>(draw_sign(seed, i) * (0.5 + draw_uniform(seed, i) / 2));
    }
  }

  // Inputs, then parameters.
  const std::vector<Tensor>& tensors() const { return tensors_; }
  std::span<const Tensor> inputs() const { return std::span(tensors_).first(inputs_); }

  void forward_and_backward() {
    forward();
    base_.assign(output_.begin(), output_.end());
    layer_.backward({.n = n_,
                     .inputs = std::span(values_).first(inputs_),
                     .output = output_,
                     .doutput = doutput_,
                     .dinputs = std::span(gradients_).first(inputs_),
                     .parameters = std::span(values_).subspan(inputs_),
                     .dparameters = std::span(gradients_).subspan(inputs_),
                     .saved = saved_,
                     .scratch = scratch_});
  }

  // Σ doutput·(output − output after forward_and_backward). The constant cancels in every
  // difference; subtracted per element, it keeps the rounding of outputs that do not change, most
  // of them, out of the sum.
  double objective() {
    forward();
    double sum = 0;
    for (std::size_t i = 0; i < output_.size(); ++i) {
      sum += doutput_[i] * (double{output_[i]} - double{base_[i]});
    }
    return sum;
  }

 private:
  struct Extent {
    std::string name;
    std::size_t size;
    bool learnt;
  };

  void lay_out(const std::vector<Extent>& extents) {
    const std::size_t outputs = n_ * plan_.output.size();
    const std::size_t saved = n_ * plan_.saved_bytes_per_sample;
    std::vector<std::size_t> offsets;
    for (const Extent& extent : extents) {
      offsets.push_back(arena_.reserve<Real>(extent.size));
      offsets.push_back(arena_.reserve<Real>(extent.size));
    }
    const std::size_t output = arena_.reserve<Real>(outputs);
    const std::size_t doutput = arena_.reserve<Real>(outputs);
    const std::size_t scratch = arena_.reserve<Real>(plan_.scratch);
    const std::size_t saved_offset = arena_.reserve<std::byte>(saved);
    arena_.allocate();
    for (std::size_t i = 0; i < extents.size(); ++i) {
      const auto& [name, size, learnt] = extents[i];
      tensors_.push_back({name, arena_.view<Real>(offsets[2 * i], size),
                          arena_.view<Real>(offsets[2 * i + 1], size), learnt});
      values_.push_back(tensors_.back().values);
      gradients_.push_back(tensors_.back().gradient);
    }
    output_ = arena_.view<Real>(output, outputs);
    doutput_ = arena_.view<Real>(doutput, outputs);
    scratch_ = arena_.view<Real>(scratch, plan_.scratch);
    saved_ = arena_.view<std::byte>(saved_offset, saved);
  }

  // Their size keeps outputs near one, whatever the network's own parameters are like.
  // Statistics keep their initial values: in training no output depends on them.
  void draw_parameters() {
    for (std::size_t k = 0; k < plan_.parameters.size(); ++k) {
      const ParameterSpec& spec = plan_.parameters[k];
      const std::uint64_t key = mix(seed_, inputs_ + k, 1);
      const bool weight = spec.kind == ParameterKind::weight;
      const bool statistic = spec.kind == ParameterKind::statistic;
      const double middle = weight ? 0 : spec.initial;
      const double bound = weight ? std::sqrt(3 / std::max(1.0, spec.fan.in)) : statistic ? 0 : 0.5;
      const View values = tensors_[inputs_ + k].values;
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<Real>(middle + bound * (2 * draw_uniform(key, i) - 1));
      }
    }
  }

  void forward() {
    layer_.forward({.n = n_,
                    .inputs = std::span(values_).first(inputs_),
                    .output = output_,
                    .parameters = std::span(values_).subspan(inputs_),
                    .saved = saved_,
                    .scratch = scratch_,
                    .phase = Phase::train,
                    .random = {.seed = seed_}});
  }

  const Layer& layer_;
  const LayerPlan& plan_;
  std::size_t n_;
  std::size_t inputs_;
  std::uint64_t seed_;
  Arena arena_;
  std::vector<Tensor> tensors_;
  std::vector<CView> values_;
  std::vector<View> gradients_;
  View output_, doutput_, scratch_;
  std::span<std::byte> saved_;
  std::vector<Real> base_;
};

// Draws all inputs from [−2, 2) and returns the step that leads to no kink, as long as kinks are
// where a value is zero or two are equal. Values that will move stand on a lattice of odd
// multiples of spacing/2, no two of them equal, all others on even multiples: they are
// spacing/2 or more away from those and from zero, spacing from one another.
constexpr std::size_t kFewestLevels = 64;
double draw_inputs(std::span<const LayerPass::Tensor> inputs,
                   std::span<const std::vector<Direction>> directions, std::uint64_t seed) {
  std::size_t moved = 0;
  for (std::size_t k = 0; k < inputs.size(); ++k) moved += moved_values(directions[k]);
  const std::size_t levels = std::bit_ceil(std::max(moved, kFewestLevels));
  const double spacing = 4.0 / static_cast<double>(levels);
  const auto value_at = [&](double level) { return static_cast<Real>(level * spacing - 2); };
  // An odd factor makes i ↦ factor·i a permutation of the levels, whose number is a power of two.
  const std::uint64_t factor = mix(seed, 2) | 1;
  std::uint64_t next = mix(seed, 3) % levels;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const View values = inputs[k].values;
    const std::uint64_t key = mix(seed, k, 7);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = value_at(static_cast<double>(mix(key, i) % levels));
    }
    for (const Direction& direction : directions[k]) {
      for (const std::size_t i : direction.indices) {
        values[i] = value_at(static_cast<double>(factor * next++ % levels) + 0.5);
      }
    }
  }
  return std::min(kCurvedStep, spacing / 4);
}

// The smaller of both steps' errors: a wrong gradient agrees with neither, a right one with the
// step that suits its layer.
GradientComparison compare(LayerPass& pass, const LayerPass::Tensor& tensor,
                           std::span<const Direction> directions, double small_step) {
  GradientComparison result{.gradient = tensor.name,
                            .values = tensor.values.size(),
                            .checked = moved_values(directions),
                            .error = std::numeric_limits<double>::infinity()};
  for (const double step : {1.0, small_step}) {
    std::vector<double> numeric, analytic;
    for (const Direction& direction : directions) {
      const Difference difference = central_difference(tensor.values, tensor.gradient, direction,
                                                       step, [&] { return pass.objective(); });
      numeric.push_back(difference.numeric());
      analytic.push_back(difference.analytic());
    }
    result.error = std::min(result.error, norm_wise_error(numeric, analytic));
    if (result.error <= kGradientTolerance / 4) break;  // need not be improved upon
  }
  result.verdict = result.error <= kGradientTolerance ? Verdict::agrees : Verdict::differs;
  return result;
}

}  // namespace

std::vector<GradientComparison> check_layer_gradients(const Layer& layer, const LayerPlan& plan,
                                                      std::span<const Shape> inputs,
                                                      std::size_t samples, std::size_t directions,
                                                      std::uint64_t seed) {
  LayerPass pass(layer, plan, inputs, samples, seed);
  std::vector<std::vector<Direction>> all;
  for (const LayerPass::Tensor& tensor : pass.tensors()) {
    all.push_back(sparse_directions(tensor.values.size(), directions, mix(seed, all.size(), 4)));
  }
  const double small_step = draw_inputs(pass.inputs(), all, seed);
  pass.forward_and_backward();
  std::vector<GradientComparison> result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!pass.tensors()[i].learnt) continue;
    result.push_back(compare(pass, pass.tensors()[i], all[i], small_step));
  }
  return result;
}

}  // namespace cnn
