#include "nn/layers/convolution.hpp"

#include <algorithm>
#include <string>

#include "cnn/error.hpp"

#include "kernels/few_channels.hpp"
#include "kernels/hold.hpp"
#include "nn/layers/convolution_layer.hpp"
#include "nn/layers/limits.hpp"

namespace cnn {

void Convolution::options(OptionVisitor& visitor) {
  visitor.integer("count", count_, {1, kLargestOption}, Presence::required);
  visitor.size2("kernel", kernel_, {1, kLargestOption}, Presence::required);
  visitor.size2("stride", stride_, {1, kLargestOption});
  visitor.size2("pad", pad_, {0, kLargestOption});
  visitor.integer("groups", groups_, {1, kLargestOption});
  visitor.size2("dilation", dilation_, {1, kLargestOption});
  visitor.boolean("bias", bias_);
}

std::unique_ptr<Layer> Convolution::with_bias() const {
  auto copy = std::make_unique<Convolution>(*this);
  copy->bias_ = true;
  return copy;
}

std::unique_ptr<Layer> Convolution::with_range(const OutputRange& range) const {
  auto copy = std::make_unique<Convolution>(*this);
  copy->range_ = range;
  return copy;
}

// Throws ShapeError unless the groups divide both the channels and the kernels.
Shape Convolution::group_of(const Shape& input) const {
  const std::string groups = "groups " + std::to_string(groups_) + " do not divide ";
  if (input.channels % groups_ != 0) {
    throw ShapeError(groups + "the " + std::to_string(input.channels) + " channels of its input " +
                     to_string(input));
  }
  if (count_ % groups_ != 0) throw ShapeError(groups + "its count " + std::to_string(count_));
  return {input.channels / static_cast<int>(groups_), input.height, input.width};
}

LayerPlan Convolution::plan(std::span<const Shape> inputs) {
  window_ = make_window(group_of(only_input(inputs)), kernel_, stride_, pad_, dilation_);
  is_its_own_column_ = kernel_ == Size2{1, 1} && stride_ == Size2{1, 1} && pad_ == Size2{0, 0};

  const double taps = double(kernel_.height) * kernel_.width;
  LayerPlan plan;
  plan.output = {static_cast<int>(count_), window_.output.height, window_.output.width};
  plan.parameters.push_back({"weight",
                             {count_, window_.input.channels, kernel_.height, kernel_.width},
                             ParameterKind::weight,
                             {window_.input.channels * taps, filters() * taps}});
  if (bias_) plan.parameters.push_back({"bias", {count_}, ParameterKind::bias, {}});
  by_winograd_ = groups_ == 1 && Winograd::pays(window_, static_cast<int>(count_));
  is_depthwise_ = groups_ > 1 && filters() == 1 && Depthwise::applies(window_);
  panel_rows_ = is_its_own_column_ ? window_.output.height : rows_of_a_panel();
  if (is_depthwise_) {
    depthwise_ = Depthwise(window_);
    plan.scratch = depthwise_.scratch();
  } else if (by_winograd_) {
    winograd_ = Winograd(window_, static_cast<int>(count_));
    plan.scratch = winograd_.scratch();
    plan.prefers_all_samples = true;  // its transformed weights serve a whole call
    plan.evaluates_all_samples = winograd_.block() > kFewSamples;
    plan.unit = winograd_.part();
  } else if (!is_its_own_column_) {
    plan.scratch = static_cast<std::size_t>(window_.patch()) *
                   static_cast<std::size_t>(panel_rows_ * window_.output.width);
  }
  of_few_channels_ = !is_depthwise_ && !by_winograd_ && few_channels::applies(window_);
  is_direct_ = groups_ == 1 && !by_winograd_ && !of_few_channels_ &&
               Direct::pays(window_, static_cast<int>(count_));
  if (is_direct_) {
    direct_ = Direct(window_, static_cast<int>(count_));
    has_direct_dx_ = direct_.dx_pays();
    plan.scratch = std::max(has_direct_dx_ ? 0 : plan.scratch, direct_.scratch());
  }
  is_pointwise_ =
      groups_ == 1 && !of_few_channels_ && Pointwise::pays(window_, static_cast<int>(count_));
  if (is_pointwise_) {
    points_ = Pointwise(window_, static_cast<int>(count_));
    plan.scratch = std::max(plan.scratch, points_.scratch());
  }
  if (of_few_channels_) {
    plan.scratch = std::max(plan.scratch, few_channels::scratch(window_) +
                                              static_cast<std::size_t>(filters()) *
                                                  static_cast<std::size_t>(window_.patch()));
  }
  plan.sharing = by_winograd_ ? Sharing::ordered_gradients : Sharing::gradient_pieces;
  if (by_winograd_) {
    pieces_ = winograd_.part() / winograd_.fewest();
  } else {
    cut_gradients();
  }
  plan.pieces = pieces_;
  plan.multiply_adds = count_ * window_.patch() * window_.positions();
  plan.is_linear = true;
  plan.notice = dropped_notice(window_);
  plan_evaluation(plan);
  return plan;
}

// BLAS alone may add up in another order for other rows of a product.
void Convolution::plan_evaluation(LayerPlan& plan) const {
  plan.channel_cut = ChannelCut::all;
  if (is_depthwise_) {
    plan.channel_cut = ChannelCut::own;
  } else if (by_winograd_) {
    plan.packed = winograd_.packed(Way::forward);
    plan.packed_back = winograd_.packed(Way::back);
    plan.channel_step = Winograd::kStep;
  } else if (is_direct_) {
    plan.packed = direct_.packed();
    plan.channel_step = Direct::step();
  } else if (is_pointwise_) {
    plan.channel_step = 4;  // rows that are multiplied together
  } else if (packs_few_channels()) {
    plan.packed = element_count(plan.parameters[0].dims);
    plan.channel_step = few_channels::kTogether;
  } else {
    plan.channel_cut = ChannelCut::none;
    plan.evaluates_by_blas = !of_few_channels_;
  }
}

// As many output rows as fit into part of the L2 cache beside weights and outputs, in panels as
// equal as can be.
int Convolution::rows_of_a_panel() const {
  constexpr std::int64_t kPanel = (std::int64_t{1} << 19) / sizeof(float);  // 512 KiB of floats
  const std::int64_t row = std::int64_t{window_.patch()} * window_.output.width;
  const int rows = window_.output.height;
  const int most = static_cast<int>(std::clamp<std::int64_t>(kPanel / row, 1, rows));
  const int panels = (rows + most - 1) / most;
  return (rows + panels - 1) / panels;
}

ConstMatrix Convolution::column(const Window& window, OutputRows rows, CView x,
                                View scratch) const {
  const int positions = (rows.last - rows.first) * window.output.width;
  if (is_its_own_column_) return {x, window.patch(), positions};
  im2col(window, rows, x, scratch);
  return {CView(scratch), window.patch(), positions};
}

// The kernels that a call is for.
std::size_t Convolution::first_of(const Channels& channels) const {
  return channels.are_all() ? 0 : channels.first;
}
std::size_t Convolution::last_of(const Channels& channels) const {
  return std::min(channels.last, static_cast<std::size_t>(count_));
}

void Convolution::pack(const PackArgs& args) const {
  const CView weight = args.parameters[0];
  if (by_winograd_) {
    winograd_.pack(args.way, args.part, weight, args.packed);
  } else if (is_direct_) {
    direct_.pack(weight, args.packed);
  } else if (packs_few_channels()) {
    few_channels::pack(weight_of(0, weight), args.packed.data());
  }
}

// y = W·im2col(x) + b
void Convolution::forward(const ForwardArgs& args) const {
  const CView x = args.inputs[0];
  const CView weight = args.parameters[0];
  const CView bias = bias_ ? args.parameters[1] : CView();
  const std::size_t first = first_of(args.channels);
  const std::size_t last = last_of(args.channels);
  if (by_winograd_) {
    winograd_.forward(args.n, {first, last}, x, weight, args.packed, bias, args.output,
                      args.scratch, range_);
  } else if (is_direct_) {
    direct_.forward(args.n, {first, last}, x, weight, args.packed, bias, args.output, args.scratch,
                    range_);
  } else if (is_pointwise_ && args.channels.are_all()) {
    points_.forward(args.n, x, weight, bias, args.output, args.scratch, range_);
  } else if (is_pointwise_) {
    const std::size_t kernel = weight.size() / static_cast<std::size_t>(count_);
    const std::size_t plane = args.output.size() / static_cast<std::size_t>(count_);
    points_.forward_some(last - first, x, weight.subspan(first * kernel),
                         bias_ ? bias.subspan(first) : bias, args.output.subspan(first * plane),
                         args.scratch, range_);
  } else if (is_depthwise_) {
    forward_planes(args);
  } else if (of_few_channels_) {
    forward_few_channels(args);
  } else {
    forward_columns(args);
  }
}

// As many planes as there are outputs, or kernels.
void Convolution::forward_planes(const ForwardArgs& args) const {
  const std::size_t planes = args.output.size() / static_cast<std::size_t>(window_.positions());
  depthwise_.clear(args.scratch);
  depthwise_.forward(planes, args.inputs[0], args.parameters[0],
                     bias_ ? args.parameters[1] : CView(), args.output, args.scratch, range_);
}

void Convolution::forward_few_channels(const ForwardArgs& args) const {
  const auto positions = static_cast<std::size_t>(window_.positions());
  const std::size_t x_size = window_.input.size();
  const auto groups = static_cast<std::size_t>(groups_);
  const auto all = static_cast<std::size_t>(filters());
  const std::size_t first = first_of(args.channels);
  const std::size_t count = groups > 1 ? all : last_of(args.channels) - first;
  const View turned = args.scratch.subspan(few_channels::scratch(window_));
  const Real* const packed = args.packed.empty() ? turned.data() : args.packed.data();
  for (std::size_t group = 0; group < groups; ++group) {
    if (args.packed.empty()) {
      few_channels::pack(weight_of(group, args.parameters[0]), turned.data());
    }
    const CView bias = bias_ ? bias_of(group, args.parameters[1]).subspan(first) : CView();
    for (std::size_t i = 0; i < args.n; ++i) {
      const std::size_t at = i * groups + group;
      few_channels::forward(window_, static_cast<int>(count),
                            args.inputs[0].subspan(at * x_size, x_size), packed + first, filters(),
                            bias, args.output.subspan((at * all + first) * positions), args.scratch,
                            range_);
    }
  }
}

// One group of one sample after the other and panel by panel: the column matrix of a panel stays in
// cache.
void Convolution::forward_columns(const ForwardArgs& args) const {
  const std::size_t x_size = window_.input.size();
  const auto positions = static_cast<std::size_t>(window_.positions());
  const std::size_t y_size = static_cast<std::size_t>(filters()) * positions;
  const auto groups = static_cast<std::size_t>(groups_);
  for (std::size_t i = 0; i < args.n * groups; ++i) {
    const ConstMatrix weight = weight_of(i % groups, args.parameters[0]);
    const CView x = args.inputs[0].subspan(i * x_size, x_size);
    const View y = args.output.subspan(i * y_size, y_size);
    if (bias_) {
      const CView bias = bias_of(i % groups, args.parameters[1]);
      for (std::size_t f = 0; f < bias.size(); ++f) {
        std::fill_n(&y[f * positions], positions, bias[f]);
      }
    }
    for_panels([&](OutputRows rows) {
      gemm(weight, Transpose::no, column(window_, rows, x, args.scratch), Transpose::no,
           bias_ ? 1 : 0, positions_of(rows, y));
    });
    hold(range_, y);
  }
}

std::unique_ptr<Layer> make_convolution() {
  return std::make_unique<Convolution>();
}

}  // namespace cnn
