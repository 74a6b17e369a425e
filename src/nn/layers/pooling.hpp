// pool: each window of a channel becomes one value, its maximum or its mean.

#pragma once

#include "kernels/im2col.hpp"
#include "nn/layer.hpp"

namespace cnn {

namespace pool_2x2 {
struct Planes;
}

// Windows are those of `conv`, channel by channel, and with `round: ceil` another one for what is
// left over; with `global: true` a single one, the whole image. Neither padding nor what overhangs
// ever counts: a maximum is that of the real pixels, a mean is the sum of the real pixels divided
// by their number (PyTorch's count_include_pad=False). Each window holds a real pixel because pad <
// kernel is required. No parameters. Output C x OH x OW.
class Pooling final : public LayerOf<Pooling> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  enum class Type { max, avg };
  static constexpr std::array<std::string_view, 2> kTypeNames = {"max", "avg"};
  static constexpr std::array<std::string_view, 2> kRoundingNames = {"floor", "ceil"};

  // The part of a window that lies on the image: rows top … bottom-1, columns left … right-1.
  struct Pixels {
    int top, bottom, left, right;
  };
  Pixels pixels(int oy, int ox) const;
  Real pixel_count(int oy, std::size_t ox) const;
  template <typename Row>
  void for_rows(int oy, Row&& row) const;

  pool_2x2::Planes planes(std::size_t n) const;
  void forward_max(CView x, View y, std::span<std::uint32_t> winners) const;
  void forward_mean(CView x, View y) const;
  void backward_max(CView dy, std::span<const std::uint32_t> winners, View dx) const;
  void backward_mean(CView dy, View dx) const;

  Type type_ = Type::max;
  bool global_ = false;
  Size2 kernel_;
  Size2 stride_;
  Size2 pad_{0, 0};
  Rounding rounding_ = Rounding::floor;

  Window window_;
  bool is_2x2_ = false;  // windows side by side: the fast path, pool_2x2.hpp
};

}  // namespace cnn
