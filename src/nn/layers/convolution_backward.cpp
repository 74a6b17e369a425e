#include <algorithm>
#include <bit>
#include <cstddef>

#include "kernels/few_channels.hpp"
#include "nn/layers/convolution_layer.hpp"

namespace cnn {

int Convolution::pieces_are_of() const {
  if (groups_ > 1) return static_cast<int>(groups_);
  if (of_few_channels_) return static_cast<int>(count_);
  return is_direct_ ? window_.patch() : window_.input.channels;
}

// A gradient of so many kernels, taps or groups makes products worth their name.
void Convolution::cut_gradients() {
  // Direct convolution takes pieces that belong together at once, but each alone costs it dy's turn
  // into rows; each costs BLAS a product in any case.
  const int most = is_direct_ ? 16 : 8;
  const int patch = is_direct_ ? 32 : 96;
  constexpr int kTogether = 4;  // kernels that few_channels takes at once
  const int all = pieces_are_of();
  int pieces = all;
  if (groups_ == 1 && of_few_channels_) {
    pieces = all / kTogether;
  } else if (groups_ == 1) {
    // As many as there are workers, or half of them, or twice: three tasks keep two busy for as
    // long as four do.
    pieces = static_cast<int>(
        std::bit_floor(static_cast<unsigned>(std::min(all, window_.patch() / patch))));
  }
  pieces = std::clamp(pieces, 1, most);
  piece_size_ = (all + pieces - 1) / pieces;
  if (groups_ == 1 && of_few_channels_) {
    piece_size_ = (piece_size_ + kTogether - 1) / kTogether * kTogether;
  }
  pieces_ = static_cast<std::size_t>((all + piece_size_ - 1) / piece_size_);
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
    columns.data += std::ptrdiff_t{channels.first} * taps;
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
    dweight.data += std::ptrdiff_t{first} * dweight.stride;
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

void Convolution::add_gradients(const BackwardArgs& args, const PartOf& part) const {
  if (part.number == 0) add_dbias(args);
  winograd_.add_dweight(part, args.dparameters[0], args.scratch);
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
    winograd_.backward_part({.n = args.n,
                             .x = args.pieces.last > 0 ? args.inputs[0] : CView(),
                             .dy = args.doutput,
                             .half = args.half},
                            args.parameters[0], args.packed, args.dinputs[0], args.scratch);
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

}  // namespace cnn
