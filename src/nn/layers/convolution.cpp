#include "nn/layers/convolution.hpp"

#include <algorithm>

#include "cnn/error.hpp"

#include "kernels/blas.hpp"
#include "kernels/depthwise.hpp"
#include "kernels/direct.hpp"
#include "kernels/few_channels.hpp"
#include "kernels/hold.hpp"
#include "kernels/im2col.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/winograd.hpp"
#include "nn/layers/limits.hpp"

namespace cnn {
namespace {

class Convolution final : public LayerOf<Convolution> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  void add_gradients(const BackwardArgs& args) const override;
  std::unique_ptr<Layer> with_bias() const override;
  std::unique_ptr<Layer> with_range(const OutputRange& range) const override;
  void pack(std::span<const CView> parameters, View packed) const override;

 private:
  Shape group_of(const Shape& input) const;
  int filters() const { return static_cast<int>(count_ / groups_); }  // of a group
  // A group's part of the weights, (F/G, C/G·KH·KW), and of the biases, (F/G); the same for their
  // gradients.
  template <typename T>
  BasicMatrix<T> weight_of(std::size_t group, std::span<T> weight) const;
  template <typename T>
  std::span<T> bias_of(std::size_t group, std::span<T> bias) const;
  int rows_of_a_panel() const;
  // A piece of dW is a range of something: of the groups where there are several, else of the
  // kernels by few_channels, of the taps of all channels where it is direct, else of the input
  // channels.
  struct Range {
    int first;
    int last;
  };
  int pieces_are_of() const;  // so many of these
  void cut_gradients();
  Range range_of(std::size_t piece) const;
  void add_dweight(Pieces pieces, OutputRows rows, CView x, CView dy, Matrix dweight,
                   View scratch) const;
  void add_dweight_by_few_channels(Pieces pieces, CView x, CView dy, Matrix dweight,
                                   View scratch) const;
  void add_dbias(const BackwardArgs& args) const;
  std::size_t first_of(const Channels& channels) const;
  std::size_t last_of(const Channels& channels) const;
  bool packs_few_channels() const { return of_few_channels_ && groups_ == 1; }
  void forward_planes(const ForwardArgs& args) const;
  void forward_few_channels(const ForwardArgs& args) const;
  void forward_columns(const ForwardArgs& args) const;
  void plan_evaluation(LayerPlan& plan) const;
  template <typename Panel>
  void for_panels(const Panel& panel) const;
  // The columns of im2col(x) for these rows, in scratch; x itself where that is the same (1x1
  // kernels without stride and padding, which make one panel).
  ConstMatrix column(const Window& window, OutputRows rows, CView x, View scratch) const;
  // The same columns of a group's y or dy: (F/G, P).
  template <typename T>
  BasicMatrix<T> positions_of(OutputRows rows, std::span<T> y) const;

  std::int64_t count_ = 0;
  Size2 kernel_;
  Size2 stride_{1, 1};
  Size2 pad_{0, 0};
  std::int64_t groups_ = 1;
  Size2 dilation_{1, 1};
  bool bias_ = true;
  OutputRange range_;

  Window window_;                   // over the channels of a group
  bool is_its_own_column_ = false;  // x as it stands is the column matrix
  bool is_pointwise_ = false;
  bool by_winograd_ = false;
  bool of_few_channels_ = false;
  bool is_depthwise_ = false;
  bool is_direct_ = false;
  bool has_direct_dx_ = false;
  Winograd winograd_;
  Depthwise depthwise_;
  Direct direct_;
  Pointwise points_;
  int panel_rows_ = 0;
  std::size_t pieces_ = 1;
  int piece_size_ = 1;  // of what the pieces are ranges of; the last may be smaller
};

}  // namespace

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
    pieces_ = winograd_.part() / winograd_.block();
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
    plan.packed = winograd_.packed();
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
    plan.evaluates_by_blas = true;
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

int Convolution::pieces_are_of() const {
  if (groups_ > 1) return static_cast<int>(groups_);
  if (of_few_channels_) return static_cast<int>(count_);
  return is_direct_ ? window_.patch() : window_.input.channels;
}

// A gradient of so many kernels, taps or groups makes products worth their name.
void Convolution::cut_gradients() {
  constexpr int kMost = 8;
  // Direct convolution takes pieces that belong together at once, but each alone costs it dy's turn
  // into rows; each costs BLAS a product in any case.
  const int patch = is_direct_ ? 64 : 96;
  constexpr int kTogether = 4;  // kernels that few_channels takes at once
  const int all = pieces_are_of();
  int pieces = all;
  if (groups_ == 1 && of_few_channels_) {
    pieces = all / kTogether;
  } else if (groups_ == 1) {
    pieces = std::min(all, window_.patch() / patch);
  }
  pieces = std::clamp(pieces, 1, kMost);
  piece_size_ = (all + pieces - 1) / pieces;
  if (groups_ == 1 && of_few_channels_) {
    piece_size_ = (piece_size_ + kTogether - 1) / kTogether * kTogether;
  }
  pieces_ = static_cast<std::size_t>((all + piece_size_ - 1) / piece_size_);
}

// Calls panel(rows) for each block of panel_rows_ output rows; the last may be shorter.
template <typename Panel>
void Convolution::for_panels(const Panel& panel) const {
  const int rows = window_.output.height;
  for (int first = 0; first < rows; first += panel_rows_) {
    panel(OutputRows{first, std::min(first + panel_rows_, rows)});
  }
}

template <typename T>
BasicMatrix<T> Convolution::weight_of(std::size_t group, std::span<T> weight) const {
  const std::size_t size = weight.size() / static_cast<std::size_t>(groups_);
  return {weight.subspan(group * size, size), filters(), window_.patch()};
}

template <typename T>
std::span<T> Convolution::bias_of(std::size_t group, std::span<T> bias) const {
  const std::size_t size = bias.size() / static_cast<std::size_t>(groups_);
  return bias.subspan(group * size, size);
}

ConstMatrix Convolution::column(const Window& window, OutputRows rows, CView x,
                                View scratch) const {
  const int positions = (rows.last - rows.first) * window.output.width;
  if (is_its_own_column_) return {x, window.patch(), positions};
  im2col(window, rows, x, scratch);
  return {CView(scratch), window.patch(), positions};
}

template <typename T>
BasicMatrix<T> Convolution::positions_of(OutputRows rows, std::span<T> y) const {
  BasicMatrix<T> part(y, filters(), window_.positions());
  part.data += rows.first * window_.output.width;
  part.columns = (rows.last - rows.first) * window_.output.width;
  return part;
}

// The kernels that a call is for.
std::size_t Convolution::first_of(const Channels& channels) const {
  return channels.are_all() ? 0 : channels.first;
}
std::size_t Convolution::last_of(const Channels& channels) const {
  return std::min(channels.last, static_cast<std::size_t>(count_));
}

void Convolution::pack(std::span<const CView> parameters, View packed) const {
  const CView weight = parameters[0];
  if (by_winograd_) {
    winograd_.pack(weight, packed);
  } else if (is_direct_) {
    direct_.pack(weight, packed);
  } else if (packs_few_channels()) {
    few_channels::pack(weight_of(0, weight), packed.data());
  }
}

// y = W·im2col(x) + b
void Convolution::forward(const ForwardArgs& args) const {
  const CView x = args.inputs[0];
  const CView weight = args.parameters[0];
  const CView bias = bias_ ? args.parameters[1] : CView();
  const std::size_t first = first_of(args.channels);
  const std::size_t last = last_of(args.channels);
  if (by_winograd_ && args.phase == Phase::train) {
    winograd_.forward(args.n, x, weight, bias, args.output, args.scratch);
  } else if (by_winograd_) {
    winograd_.evaluate(args.n, {first, last}, x, weight, args.packed, bias, args.output,
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
  const auto positions = static_cast<std::size_t>(window_.positions());
  const auto taps = static_cast<std::size_t>(window_.patch());
  const std::size_t kernels = args.parameters[0].size() / taps;
  const std::size_t x_size = window_.input.size();
  depthwise_.clear(args.scratch);
  for (std::size_t i = 0; i < args.n * kernels; ++i) {
    depthwise_.forward(args.inputs[0].subspan(i * x_size, x_size),
                       args.parameters[0].subspan(i % kernels * taps, taps),
                       bias_ ? args.parameters[1][i % kernels] : 0,
                       args.output.subspan(i * positions, positions), args.scratch, range_);
  }
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

Convolution::Range Convolution::range_of(std::size_t piece) const {
  const int first = static_cast<int>(piece) * piece_size_;
  return {first, std::min(first + piece_size_, pieces_are_of())};
}

// dW += dy·im2col(x)ᵀ for these output rows: the columns of dW that belong to each piece.
void Convolution::add_dweight(Pieces pieces, OutputRows rows, CView x, CView dy, Matrix dweight,
                              View scratch) const {
  const ConstMatrix part = positions_of(rows, dy);
  if (groups_ > 1) {
    gemm(part, Transpose::no, column(window_, rows, x, scratch), Transpose::yes, 1, dweight);
    return;
  }
  Window window = window_;
  const int taps = window_.kernel.height * window_.kernel.width;
  for (std::size_t piece = pieces.first; piece < pieces.last; ++piece) {
    const Range channels = range_of(piece);
    window.input.channels = channels.last - channels.first;
    const std::size_t plane =
        window_.input.size() / static_cast<std::size_t>(window_.input.channels);
    Matrix columns = dweight;
    columns.data += channels.first * taps;
    columns.columns = window.patch();
    gemm(part, Transpose::no,
         column(window, rows, x.subspan(static_cast<std::size_t>(channels.first) * plane), scratch),
         Transpose::yes, 1, columns);
  }
}

// The rows of dW that belong to the pieces.
void Convolution::add_dweight_by_few_channels(Pieces pieces, CView x, CView dy, Matrix dweight,
                                              View scratch) const {
  if (groups_ == 1) {
    const int first = range_of(pieces.first).first;
    const auto positions = static_cast<std::size_t>(window_.positions());
    dweight.rows = range_of(pieces.last - 1).last - first;
    dweight.data += first * dweight.stride;
    dy = dy.subspan(static_cast<std::size_t>(first) * positions);
  }
  few_channels::add_dweight(window_, x, dy, dweight, scratch);
}

void Convolution::add_dbias(const BackwardArgs& args) const {
  if (!bias_) return;
  const std::size_t y_size =
      static_cast<std::size_t>(count_) * static_cast<std::size_t>(window_.positions());
  for (std::size_t i = 0; i < args.n; ++i) {
    add_row_sums(
        {args.doutput.subspan(i * y_size, y_size), static_cast<int>(count_), window_.positions()},
        args.dparameters[1]);
  }
}

void Convolution::add_gradients(const BackwardArgs& args) const {
  add_dbias(args);
  winograd_.add_dweight(args.dparameters[0], args.scratch);
}

// Forward was y = W·im2col(x) + b, so
//   dW += dy·im2col(x)ᵀ,   db += Σ_positions dy,   dx = col2im(Wᵀ·dy):
// col2im adds up what each window sends back to a pixel, which is the lecture's sliding of the
// kernel, rotated by 180°, over the zero-padded δ. The column matrix is built again: cheaper than
// keeping one for each sample.
void Convolution::backward(const BackwardArgs& args) const {
  bool wants_dx = !args.dinputs[0].empty();
  const bool wants_dweight = !args.dparameters.empty();
  if (by_winograd_ && !wants_dweight) {
    winograd_.backward_part(args.n, args.pieces.last > 0 ? args.inputs[0] : CView(),
                            args.parameters[0], args.doutput, args.dinputs[0], args.scratch);
    return;
  }
  const Pieces pieces{args.pieces.first, std::min(args.pieces.last, pieces_)};
  if (wants_dweight && pieces.first == 0) add_dbias(args);
  if (by_winograd_) {
    winograd_.backward(args.n, args.inputs[0], args.parameters[0], args.doutput,
                       args.dparameters[0], args.dinputs[0], args.scratch);
    return;
  }
  if (is_direct_ && wants_dweight) {
    direct_.add_dweight(args.n,
                        {static_cast<std::size_t>(range_of(pieces.first).first),
                         static_cast<std::size_t>(range_of(pieces.last - 1).last)},
                        args.inputs[0], args.doutput, args.dparameters[0], args.scratch);
  }
  if (has_direct_dx_ && wants_dx) {
    direct_.dx(args.n, args.doutput, args.parameters[0], args.dinputs[0], args.scratch);
  }
  if (is_direct_ && (has_direct_dx_ || !wants_dx)) return;
  if (is_pointwise_ && wants_dx) {
    points_.dx(args.n, args.doutput, args.parameters[0], args.dinputs[0], args.scratch);
    wants_dx = false;
  }
  const std::size_t x_size = window_.input.size();
  const std::size_t y_size =
      static_cast<std::size_t>(filters()) * static_cast<std::size_t>(window_.positions());
  const auto groups = static_cast<std::size_t>(groups_);
  const Range chosen = groups_ > 1
                           ? Range{range_of(pieces.first).first, range_of(pieces.last - 1).last}
                           : Range{0, 1};
  if (is_depthwise_) depthwise_.clear(args.scratch);
  for (std::size_t i = 0; i < args.n * groups; ++i) {
    const std::size_t group = i % groups;
    const int number = static_cast<int>(group);
    const bool adds =
        wants_dweight && !is_direct_ && number >= chosen.first && number < chosen.last;
    if (!adds && !wants_dx) continue;
    const ConstMatrix weight = weight_of(group, args.parameters[0]);
    const Matrix dweight = adds ? weight_of(group, args.dparameters[0]) : Matrix();
    const CView x = args.inputs[0].subspan(i * x_size, x_size);
    const CView dy = args.doutput.subspan(i * y_size, y_size);
    const View dx = wants_dx ? args.dinputs[0].subspan(i * x_size, x_size) : View();
    if (is_depthwise_) {
      const std::size_t taps = static_cast<std::size_t>(window_.patch());
      if (adds) depthwise_.add_dweight(x, dy, View(dweight.data, taps), args.scratch);
      if (wants_dx) depthwise_.dx(dy, CView(weight.data, taps), dx, args.scratch);
      continue;
    }
    if (adds && of_few_channels_) {
      add_dweight_by_few_channels(pieces, x, dy, dweight, args.scratch);
    }
    if (of_few_channels_ && !wants_dx) continue;
    if (wants_dx && !is_its_own_column_) std::fill(dx.begin(), dx.end(), Real{0});
    for_panels([&](OutputRows rows) {
      if (adds && !of_few_channels_) add_dweight(pieces, rows, x, dy, dweight, args.scratch);
      if (!wants_dx) return;
      const ConstMatrix part = positions_of(rows, dy);
      const Matrix dcolumn(is_its_own_column_ ? dx : args.scratch, window_.patch(), part.columns);
      gemm(weight, Transpose::yes, part, Transpose::no, 0, dcolumn);
      if (!is_its_own_column_) add_col2im(window_, rows, args.scratch, dx);
    });
  }
}

std::unique_ptr<Layer> make_convolution() {
  return std::make_unique<Convolution>();
}

}  // namespace cnn
