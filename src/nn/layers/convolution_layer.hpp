// The convolution layer, for its two sources: planning and forward, and backward.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "kernels/blas.hpp"
#include "kernels/depthwise.hpp"
#include "kernels/direct.hpp"
#include "kernels/im2col.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/winograd.hpp"
#include "nn/layer.hpp"

namespace cnn {

class Convolution final : public LayerOf<Convolution> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  void add_gradients(const BackwardArgs& args, const PartOf& part) const override;
  std::unique_ptr<Layer> with_bias() const override;
  std::unique_ptr<Layer> with_range(const OutputRange& range) const override;
  void pack(const PackArgs& args) const override;

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

template <typename T>
BasicMatrix<T> Convolution::positions_of(OutputRows rows, std::span<T> y) const {
  BasicMatrix<T> part(y, filters(), window_.positions());
  part.data += rows.first * window_.output.width;
  part.columns = (rows.last - rows.first) * window_.output.width;
  return part;
}

}  // namespace cnn
