// Workspace, Scratch and Gradients: all memory that a pass through a network changes.
//
// A Workspace holds a group of samples, and is used by one pass at a time. Its memory is laid out
// once, for `capacity` samples; a pass may use fewer. In the training phase it holds every tensor,
// its gradient, and what layers keep from forward to backward. In evaluation a tensor's memory is
// used again as soon as nobody reads it any more, and what stands between two layers that take a
// few samples at a time is there for these alone: it stays in the cache. Several threads may work
// on different parts of one (nn/shared_pass.hpp), each with a Scratch of its own; a thread that
// works alone uses the workspace's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "nn/network.hpp"
#include "nn/packed_parameters.hpp"

namespace cnn {

// What a thread needs for itself while it runs layers: their scratch and views of their arguments.
class Scratch {
 public:
  explicit Scratch(const Network& network);

  static std::size_t bytes(const Network& network);

 private:
  friend class Network;
  friend class Workspace;

  Scratch(const Network& network, bool allocate);
  View view() const { return arena_.view<Real>(0, size_); }

  Arena arena_;
  std::size_t size_ = 0;
  // Of one layer's arguments, kept here so that a pass allocates nothing.
  std::vector<CView> inputs_;
  std::vector<View> dinputs_;
  std::vector<CView> parameters_;
  std::vector<View> dparameters_;
};

// What is still there after a pass of evaluation; after one of training everything is.
enum class Keep { output, every_tensor };

class Workspace {
 public:
  // Also makes sure that BLAS is fit for passes that use it (check_blas), and throws as that does.
  Workspace(const Network& network, std::size_t capacity, Phase phase, Keep keep = Keep::output);

  Phase phase() const { return phase_; }
  std::size_t capacity() const { return capacity_; }
  // Bytes a Workspace of this kind takes, without making it.
  static std::size_t bytes(const Network& network, std::size_t capacity, Phase phase,
                           Keep keep = Keep::output);

  // (n, C·H·W) of the images, to be filled before each forward, which may write over them in
  // evaluation; of the last layer; of its gradient, to be filled before backward, which may write
  // over it. Throw ArgumentError for more samples than there is room for, doutput also where there
  // are no gradients.
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

  // Passes of evaluation use these from now on, which must be those of the same network.
  void use(const PackedParameters& packed) { packed_ = &packed; }

  // A pass on one thread uses it.
  Scratch& scratch() { return scratch_; }

 private:
  friend class Network;

  struct Buffer {
    std::size_t offset = 0;
    std::size_t size = 0;   // Reals (saved: bytes) of one sample
    std::size_t block = 0;  // holds so many samples, those of each block in their turn; 0: all
  };

  void require(Samples samples) const;
  void require_training() const;
  void require_every_tensor() const;
  Samples places(const Buffer& buffer, Samples samples) const;
  template <typename T>
  std::span<T> part(const Buffer& buffer, Samples samples) const;
  View tensor(std::size_t index, Samples samples);
  CView tensor(std::size_t index, Samples samples) const;
  // Empty if nobody wants this tensor's gradient.
  View dtensor(std::size_t index, Samples samples);
  std::span<std::byte> saved(std::size_t node, Samples samples);
  CView packed(std::size_t node) const { return packed_ == nullptr ? CView() : packed_->of(node); }

  // Gradients of shared tensors: the first reader in backward order assigns the tensor's gradient
  // itself, later ones assign separate memory, which add_shares adds. That memory is divided by
  // samples, so that those of one call do not touch those of another.
  void place_dinputs(const Network::Node& node, Samples samples, Scratch& scratch);
  void add_shares(const Network::Node& node, Samples samples, const Scratch& scratch);

  Workspace(const Network& network, std::size_t capacity, Phase phase, Keep keep, bool allocate);
  void place_tensors(const Network& network);
  void place_gradients(const Network& network);
  void share_memory(const Network& network);

  std::size_t capacity_;
  Phase phase_;
  Keep keep_;
  std::uint64_t layout_;  // that of the network
  Arena arena_;
  std::vector<Buffer> tensors_;
  std::vector<Buffer> dtensors_;
  std::vector<Buffer> saved_;

  // Shares of gradients of tensors that several layers read, before they are added.
  Buffer shares_;
  Scratch scratch_;
  const PackedParameters* packed_ = nullptr;
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
