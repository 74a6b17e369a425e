// Workspace and Gradients: all memory that a pass through a network changes.
//
// A Workspace belongs to one worker and is used by one thread at a time. Its memory is laid out
// once, for `capacity` samples; a pass may use fewer. In the training phase it also holds every
// tensor's gradient and what layers keep from forward to backward.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "nn/network.hpp"

namespace cnn {

class Workspace {
 public:
  // Also makes sure that BLAS is fit for passes (check_blas), and throws as that does.
  Workspace(const Network& network, std::size_t capacity, Phase phase);

  Phase phase() const { return phase_; }
  std::size_t capacity() const { return capacity_; }
  // Bytes a Workspace of this kind takes, without making it.
  static std::size_t bytes(const Network& network, std::size_t capacity, Phase phase);

  // (n, C·H·W) of the images, to be filled before forward; of the last layer; of its gradient, to
  // be filled before backward. Throw ArgumentError for more samples than there is room for, doutput
  // also where there are no gradients.
  View input(std::size_t n) {
    require({0, n});
    return tensor(0, {0, n});
  }
  CView output(std::size_t n) const {
    require({0, n});
    return tensor(tensors_.size() - 1, {0, n});
  }
  View doutput(std::size_t n) {
    require({0, n});
    require_training();
    return dtensor(tensors_.size() - 1, {0, n});
  }

  // No tensor's gradient has been assigned yet: a backward pass begins.
  void forget_gradients();

 private:
  friend class Network;

  struct Buffer {
    std::size_t offset = 0;
    std::size_t size = 0;  // Reals (saved: bytes) of one sample
  };

  void require(Samples samples) const;
  void require_training() const;
  template <typename T>
  std::span<T> part(const Buffer& buffer, Samples samples) const;
  View tensor(std::size_t index, Samples samples);
  CView tensor(std::size_t index, Samples samples) const;
  // Empty if nobody wants this tensor's gradient.
  View dtensor(std::size_t index, Samples samples);
  std::span<std::byte> saved(std::size_t node, Samples samples);
  View scratch() { return arena_.view<Real>(scratch_offset_, scratch_size_); }

  // Gradients of shared tensors: the first reader in backward order assigns the tensor's gradient
  // itself, later ones assign separate memory (place_dinputs), which add_shares adds. A pass in
  // blocks of samples starts every block from the same state: remember_assigned() once,
  // recall_assigned() before each block.
  void remember_assigned();
  void recall_assigned();
  void place_dinputs(const std::vector<std::size_t>& inputs, Samples samples);
  void add_shares(const std::vector<std::size_t>& inputs, Samples samples);

  Workspace(const Network& network, std::size_t capacity, Phase phase, bool allocate);

  std::size_t capacity_;
  Phase phase_;
  std::uint64_t layout_;  // that of the network
  Arena arena_;
  std::vector<Buffer> tensors_;
  std::vector<Buffer> dtensors_;
  std::vector<Buffer> saved_;
  std::size_t scratch_offset_ = 0;
  std::size_t scratch_size_ = 0;

  // Shares of gradients of tensors that several layers read, before they are added.
  std::size_t share_offset_ = 0;
  std::size_t share_size_ = 0;
  std::vector<bool> assigned_;  // per tensor: has its gradient been assigned in this backward pass?
  std::vector<bool> assigned_before_;
  // Views of one layer's arguments, kept here so that a pass allocates nothing.
  std::vector<CView> input_views_;
  std::vector<View> dinput_views_;
  std::vector<CView> parameter_views_;
  std::vector<View> dparameter_views_;
};

// The gradient of J with respect to every parameter, laid out like Network::values(), and what
// backward has found for statistics: n times the value of n samples.
class Gradients {
 public:
  explicit Gradients(const Network& network);

  View values() { return view_; }
  CView values() const { return view_; }
  // The samples whose passes have been added up: backward counts them, and whoever uses the sums
  // takes them.
  void count_samples(std::size_t n) { samples_ += n; }
  std::size_t take_samples() { return std::exchange(samples_, 0); }
  void clear();

 private:
  Arena arena_;
  View view_;
  std::size_t samples_ = 0;
};

}  // namespace cnn
