// Inference: running a network over any number of images, without training it.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/view.hpp"
#include "base/workers.hpp"
#include "data/preprocessing.hpp"
#include "nn/fold.hpp"
#include "nn/network.hpp"
#include "nn/packed_parameters.hpp"
#include "nn/shared_pass.hpp"
#include "nn/workspace.hpp"

namespace cnn {

// The forward pass over any number of images, shared out to the workers, with batch_norm folded
// into the layer before it. Each worker takes groups of images; where there are fewer images than
// workers, these share the work on each of them. Owns one workspace per worker, and parameters as
// passes want them; keeps references to the network and the workers. Used by one thread at a time.
class Inference {
 public:
  // Enough images for matrix products worth their name, few enough to be shared out evenly.
  static constexpr std::size_t kGroup = 32;
  // A stop that never comes.
  static const std::atomic<bool> kNever;

  // group: images of one pass, at most. Takes over the network's values as they are. Throws
  // ShapeError if the table is for other images than the network, ArgumentError for a group of
  // none.
  Inference(const Network& network, const PixelTable& table, Workers& workers,
            std::size_t group = kGroup);

  // Takes over the network's values as they are now. Allocates nothing.
  void update();

  // What is run: the network with what could be folded.
  const Network& network() const { return folded_.network(); }

  // pixels(i): the bytes of image i, (C, H, W) of the network's input (prepare_image makes them of
  // a picture); consume(i, outputs): its K outputs. Both are called by several threads at once,
  // each i exactly once. An image's outputs do not depend on which images stand around it nor on
  // their number.
  using Pixels = std::function<std::span<const std::uint8_t>(std::size_t i)>;
  using Consume = std::function<void(std::size_t i, CView outputs)>;
  // Once `stop` is true no further pass begins: images are left out, and the result is false.
  // Throws DivergedError if an output is not finite, ShapeError if an image has another size.
  bool run(std::size_t count, const Pixels& pixels, const Consume& consume,
           const std::atomic<bool>& stop = kNever);

 private:
  // Of the images of one run.
  struct Images;
  // The inputs of some images; and after forward, what becomes of their outputs.
  void read(const Images& images, Samples of, Workspace& workspace) const;
  void finish(const Images& images, Samples of, const Workspace& workspace) const;
  // Of an image whose outputs are not finite.
  [[noreturn]] void fail(const Images& images, std::size_t i) const;

  FoldedNetwork folded_;
  PackedParameters packed_;
  const PixelTable& table_;
  Workers& workers_;
  std::size_t group_;
  std::vector<Workspace> workspaces_;
  SharedPass shared_;
  std::vector<SharedPass::Group> together_;  // single images, one per workspace
};

}  // namespace cnn
