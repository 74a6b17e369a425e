#include "infer/inference.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "cnn/error.hpp"

#include "base/finite.hpp"
#include "kernels/blas.hpp"

namespace cnn {

const std::atomic<bool> Inference::kNever{false};

Inference::Inference(const Network& network, const PixelTable& table, Workers& workers,
                     std::size_t group)
    : folded_(network), table_(table), workers_(workers), group_(group) {
  if (group == 0) throw ArgumentError("inference: a pass takes at least one image");
  if (table.shape() != network.input()) {
    throw ShapeError("inference: the pixel table is for images of " + to_string(table.shape()) +
                     ", the network takes " + to_string(network.input()));
  }
  for (int i = 0; i < workers.count(); ++i) {
    workspaces_.emplace_back(folded_.network(), group_, Phase::evaluate);
  }
  reserve_blas_memory(workers.count());
}

bool Inference::run(std::size_t count, const Pixels& pixels, const Consume& consume,
                    const std::atomic<bool>& stop) {
  if (!pixels || !consume) {
    throw ArgumentError("inference: needs a function for pixels and one for outputs");
  }
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ArgumentError("inference: " + std::to_string(count) + " images at once are too many");
  }
  folded_.update();
  const Network& network = folded_.network();
  const std::size_t groups = (count + group_ - 1) / group_;
  const std::size_t input_size = network.input().size();
  const std::size_t output_size = network.output().size();
  std::atomic<bool> complete{true};
  workers_.run(static_cast<int>(groups), [&](int worker, int task) {
    if (stop.load()) {
      complete.store(false);
      return;
    }
    Workspace& workspace = workspaces_[static_cast<std::size_t>(worker)];
    const std::size_t first = static_cast<std::size_t>(task) * group_;
    const std::size_t n = std::min(group_, count - first);
    const View input = workspace.input(group_);
    for (std::size_t i = 0; i < n; ++i) {
      table_.apply(pixels(first + i), input.subspan(i * input_size, input_size));
    }
    std::fill(input.begin() + static_cast<std::ptrdiff_t>(n * input_size), input.end(), Real{0});
    network.forward(workspace, group_, {});
    const CView outputs = workspace.output(group_).first(n * output_size);
    if (!all_finite(outputs)) {
      throw DivergedError("the network's outputs are not finite (first non-finite value: " +
                          network.first_non_finite(workspace, group_) + ")");
    }
    for (std::size_t i = 0; i < n; ++i) {
      consume(first + i, outputs.subspan(i * output_size, output_size));
    }
  });
  return complete.load();
}

}  // namespace cnn
