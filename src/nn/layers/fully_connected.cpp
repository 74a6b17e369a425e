#include "nn/layers/fully_connected.hpp"

#include <algorithm>
#include <cstddef>

#include "cnn/error.hpp"

#include "kernels/blas.hpp"
#include "kernels/packed_product.hpp"
#include "nn/layers/limits.hpp"

namespace cnn {
namespace {

// Inputs or outputs of a piece, at least: each packs the samples anew, which costs a forward pass
// 2 % more than pieces of 128.
constexpr int kRange = 64;

class FullyConnected final : public LayerOf<FullyConnected> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  void pack(const PackArgs& args) const override;
  std::unique_ptr<Layer> with_bias() const override;
  std::unique_ptr<Layer> with_range(const OutputRange& range) const override;

 private:
  std::int64_t count_ = 0;
  bool bias_ = true;
  OutputRange range_;

  // Piece after piece is a range of the outputs in forward, of the inputs in backward: both cut the
  // weights, so that no value of these is packed for two products.
  struct Range {
    int first;
    int size;
  };
  Range range_of(std::size_t piece, int all) const;
  void evaluate(const ForwardArgs& args) const;

  int input_size_ = 0;
  PackedProduct product_;  // of evaluation
  std::size_t pieces_ = 1;
};

}  // namespace

void FullyConnected::options(OptionVisitor& visitor) {
  visitor.integer("count", count_, {1, kMostOutputs}, Presence::required);
  visitor.boolean("bias", bias_);
}

std::unique_ptr<Layer> FullyConnected::with_bias() const {
  auto copy = std::make_unique<FullyConnected>(*this);
  copy->bias_ = true;
  return copy;
}

std::unique_ptr<Layer> FullyConnected::with_range(const OutputRange& range) const {
  auto copy = std::make_unique<FullyConnected>(*this);
  copy->range_ = range;
  return copy;
}

LayerPlan FullyConnected::plan(std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  constexpr std::size_t kLargestMatrix = std::size_t{1} << 30;
  if (input.size() > kLargestMatrix / static_cast<std::size_t>(count_)) {
    throw ShapeError(std::to_string(count_) + " outputs of " + to_string(input) +
                     " inputs need a matrix of more than 2^30 elements");
  }
  input_size_ = static_cast<int>(input.size());

  LayerPlan plan;
  plan.output = {static_cast<int>(count_), 1, 1};
  plan.parameters.push_back({"weight",
                             {count_, input_size_},
                             ParameterKind::weight,
                             {static_cast<double>(input_size_), static_cast<double>(count_)}});
  if (bias_) plan.parameters.push_back({"bias", {count_}, ParameterKind::bias, {}});
  plan.multiply_adds = count_ * input_size_;
  constexpr std::int64_t kSmall = 1 << 15;  // weights that are not worth cutting
  constexpr std::int64_t kMostPieces = 16;
  if (plan.multiply_adds > kSmall) {
    pieces_ = static_cast<std::size_t>(std::clamp<std::int64_t>(
        std::max<std::int64_t>(count_, input_size_) / kRange, 1, kMostPieces));
  }
  plan.sharing = Sharing::pieces;
  plan.pieces = pieces_;
  plan.prefers_all_samples = true;
  plan.evaluates_all_samples = true;
  plan.is_linear = true;
  product_ = PackedProduct(static_cast<std::size_t>(count_), input.size());
  plan.packed = product_.packed();
  plan.scratch = product_.scratch();
  plan.channel_cut = ChannelCut::all;
  plan.channel_step = PackedProduct::step();
  return plan;
}

void FullyConnected::pack(const PackArgs& args) const {
  product_.pack(args.parameters[0], args.packed);
}

// Ranges of kRange or, where there are not pieces enough, of more; each of whole panels.
FullyConnected::Range FullyConnected::range_of(std::size_t piece, int all) const {
  constexpr int kLanes = 64;
  const int pieces = static_cast<int>(pieces_);
  const int share = ((all + pieces - 1) / pieces + kLanes - 1) / kLanes * kLanes;
  const int size = pieces == 1 ? all : std::max(share, kRange);
  const int first = std::min(static_cast<int>(piece) * size, all);
  return {first, std::min(size, all - first)};
}

// y = x·Wᵀ + b, whose bits depend on the sample alone.
void FullyConnected::evaluate(const ForwardArgs& args) const {
  const CView bias = bias_ ? args.parameters[1] : CView();
  const auto compute = [&](std::size_t first, std::size_t last) {
    product_.multiply(args.n, {first, last}, args.inputs[0], args.parameters[0], args.packed, bias,
                      args.output, args.scratch, range_);
  };
  const auto outputs = static_cast<std::size_t>(count_);
  if (!args.channels.are_all()) return compute(args.channels.first, args.channels.last);
  for (std::size_t piece = args.pieces.first; piece < std::min(args.pieces.last, pieces_);
       ++piece) {
    const auto [first, size] = range_of(piece, static_cast<int>(outputs));
    const auto begin = static_cast<std::size_t>(first);
    compute(begin, begin + static_cast<std::size_t>(size));
  }
}

// y = x·Wᵀ + b
void FullyConnected::forward(const ForwardArgs& args) const {
  if (args.phase == Phase::evaluate) return evaluate(args);
  const int n = static_cast<int>(args.n);
  const int outputs = static_cast<int>(count_);
  for (std::size_t piece = args.pieces.first; piece < std::min(args.pieces.last, pieces_);
       ++piece) {
    const auto [first, size] = range_of(piece, outputs);
    if (size == 0) return;
    Matrix part(args.output, n, outputs);
    part.data += first;
    part.columns = size;
    if (bias_) {
      for (int i = 0; i < n; ++i) {
        std::copy_n(args.parameters[1].begin() + first, size,
                    part.data + std::ptrdiff_t{i} * outputs);
      }
    }
    ConstMatrix weight(args.parameters[0], outputs, input_size_);
    weight.data += std::ptrdiff_t{first} * input_size_;
    weight.rows = size;
    gemm({args.inputs[0], n, input_size_}, Transpose::no, weight, Transpose::yes, bias_ ? 1 : 0,
         part);
  }
}

// Forward was y = x·Wᵀ + b, so   dW += dyᵀ·x,   db += Σ_samples dy,   dx = dy·W
void FullyConnected::backward(const BackwardArgs& args) const {
  const int n = static_cast<int>(args.n);
  const int outputs = static_cast<int>(count_);
  const ConstMatrix dy(args.doutput, n, outputs);
  if (bias_ && args.pieces.first == 0) {
    for (std::size_t i = 0; i < args.n; ++i) {
      add_into(args.doutput.subspan(i * static_cast<std::size_t>(outputs),
                                    static_cast<std::size_t>(outputs)),
               args.dparameters[1]);
    }
  }
  for (std::size_t piece = args.pieces.first; piece < std::min(args.pieces.last, pieces_);
       ++piece) {
    const auto [first, size] = range_of(piece, input_size_);
    if (size == 0) return;
    const auto columns = [first = first, size = size](auto matrix) {
      matrix.data += first;
      matrix.columns = size;
      return matrix;
    };
    gemm(dy, Transpose::yes, columns(ConstMatrix(args.inputs[0], n, input_size_)), Transpose::no, 1,
         columns(Matrix(args.dparameters[0], outputs, input_size_)));
    if (args.dinputs[0].empty()) continue;
    gemm(dy, Transpose::no, columns(ConstMatrix(args.parameters[0], outputs, input_size_)),
         Transpose::no, 0, columns(Matrix(args.dinputs[0], n, input_size_)));
  }
}

std::unique_ptr<Layer> make_fully_connected() {
  return std::make_unique<FullyConnected>();
}

}  // namespace cnn
