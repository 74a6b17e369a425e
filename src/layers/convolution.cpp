#include "cnn/layers/convolution.hpp"

#include <algorithm>

#include "cnn/blas.hpp"

#include "limits.hpp"

namespace cnn {

void Convolution::options(OptionVisitor& visitor) {
  visitor.integer("count", count_, {1, kLargestExtent}, Presence::required);
  visitor.size2("kernel", kernel_, {1, kLargestExtent}, Presence::required);
  visitor.size2("stride", stride_, {1, kLargestExtent});
  visitor.size2("pad", pad_, {0, kLargestExtent});
  visitor.boolean("bias", bias_);
}

LayerPlan Convolution::plan(std::span<const Shape> inputs) {
  window_ = make_window(only_input(inputs), kernel_, stride_, pad_);
  pointwise_ = kernel_ == Size2{1, 1} && stride_ == Size2{1, 1} && pad_ == Size2{0, 0};

  const double taps = double(kernel_.height) * kernel_.width;
  LayerPlan plan;
  plan.output = {static_cast<int>(count_), window_.output.height, window_.output.width};
  plan.parameters.push_back({"weight",
                             {count_, window_.input.channels, kernel_.height, kernel_.width},
                             ParameterKind::weight,
                             {window_.input.channels * taps, static_cast<double>(count_) * taps}});
  if (bias_) plan.parameters.push_back({"bias", {count_}, ParameterKind::bias, {}});
  if (!pointwise_) {
    plan.scratch =
        static_cast<std::size_t>(window_.patch()) * static_cast<std::size_t>(window_.positions());
  }
  plan.multiply_adds = count_ * window_.patch() * window_.positions();
  plan.notice = dropped_notice(window_);
  return plan;
}

ConstMatrix Convolution::column(CView x, View scratch) const {
  if (pointwise_) return {x, window_.patch(), window_.positions()};
  im2col(window_, x, scratch);
  return {CView(scratch), window_.patch(), window_.positions()};
}

// y = W·im2col(x) + b, one sample after the other: a sample's column matrix stays in cache.
void Convolution::forward(const ForwardArgs& args) const {
  const int filters = static_cast<int>(count_);
  const int positions = window_.positions();
  const std::size_t x_size = window_.input.size();
  const std::size_t y_size =
      static_cast<std::size_t>(filters) * static_cast<std::size_t>(positions);
  const ConstMatrix weight(args.parameters[0], filters, window_.patch());
  for (std::size_t i = 0; i < args.n; ++i) {
    const ConstMatrix col = column(args.inputs[0].subspan(i * x_size, x_size), args.scratch);
    const View y = args.output.subspan(i * y_size, y_size);
    Real beta = 0;
    if (bias_) {
      for (std::size_t f = 0; f < args.parameters[1].size(); ++f) {
        std::fill_n(y.begin() + static_cast<std::ptrdiff_t>(f) * positions, positions,
                    args.parameters[1][f]);
      }
      beta = 1;
    }
    gemm(weight, Transpose::no, col, Transpose::no, beta, {y, filters, positions});
  }
}

// Forward was y = W·im2col(x) + b, so
//   dW += dy·im2col(x)ᵀ,   db += Σ_positions dy,   dx = col2im(Wᵀ·dy):
// col2im adds up what each window sends back to a pixel, which is the lecture's sliding of the
// kernel, rotated by 180°, over the zero-padded δ. The column matrix is built again: cheaper than
// keeping one for each sample.
void Convolution::backward(const BackwardArgs& args) const {
  const int filters = static_cast<int>(count_);
  const int positions = window_.positions();
  const std::size_t x_size = window_.input.size();
  const std::size_t y_size =
      static_cast<std::size_t>(filters) * static_cast<std::size_t>(positions);
  const ConstMatrix weight(args.parameters[0], filters, window_.patch());
  const Matrix dweight(args.dparameters[0], filters, window_.patch());
  for (std::size_t i = 0; i < args.n; ++i) {
    const ConstMatrix dy(args.doutput.subspan(i * y_size, y_size), filters, positions);
    gemm(dy, Transpose::no, column(args.inputs[0].subspan(i * x_size, x_size), args.scratch),
         Transpose::yes, 1, dweight);
    if (bias_) add_row_sums(dy, args.dparameters[1]);
    if (args.dinputs[0].empty()) continue;
    const View dx = args.dinputs[0].subspan(i * x_size, x_size);
    if (pointwise_) {
      gemm(weight, Transpose::yes, dy, Transpose::no, 0, {dx, window_.patch(), positions});
    } else {
      gemm(weight, Transpose::yes, dy, Transpose::no, 0,
           {args.scratch, window_.patch(), positions});
      col2im(window_, args.scratch, dx);
    }
  }
}

}  // namespace cnn
