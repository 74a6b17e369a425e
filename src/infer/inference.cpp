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
    : folded_(network),
      packed_(folded_.network()),
      table_(table),
      workers_(workers),
      group_(group),
      shared_(folded_.network(), workers, static_cast<std::size_t>(workers.count())),
      together_(static_cast<std::size_t>(workers.count()), SharedPass::Group{.n = group}) {
  if (group == 0) throw ArgumentError("inference: a pass takes at least one image");
  if (table.shape() != network.input()) {
    throw ShapeError("inference: the pixel table is for images of " + to_string(table.shape()) +
                     ", the network takes " + to_string(network.input()));
  }
  for (int i = 0; i < workers.count(); ++i) {
    workspaces_.emplace_back(folded_.network(), group_, Phase::evaluate).use(packed_);
  }
  reserve_blas_memory(workers.count());
}

struct Inference::Images {
  std::size_t count;
  const Pixels& pixels;
  const Consume& consume;
};

void Inference::update() {
  folded_.update();
  packed_.update();
}

std::size_t Inference::size_of(const Images& images, std::size_t group) const {
  return std::min(group_, images.count - group * group_);
}

void Inference::read(const Images& images, std::size_t group, Samples samples,
                     Workspace& workspace) const {
  const std::size_t size = network().input().size();
  const View inputs = workspace.input(group_);
  for (std::size_t i = samples.first; i < samples.first + samples.count; ++i) {
    table_.apply(images.pixels(group * group_ + i), inputs.subspan(i * size, size));
  }
}

void Inference::finish(const Images& images, std::size_t group, const Workspace& workspace) const {
  const std::size_t first = group * group_;
  const std::size_t n = size_of(images, group);
  const std::size_t size = network().output().size();
  const CView outputs = workspace.output(n);
  if (!all_finite(outputs)) {
    throw DivergedError("the network's outputs are not finite (first non-finite value: " +
                        network().first_non_finite(workspace, n) + ")");
  }
  for (std::size_t i = 0; i < n; ++i) images.consume(first + i, outputs.subspan(i * size, size));
}

bool Inference::run(std::size_t count, const Pixels& pixels, const Consume& consume,
                    const std::atomic<bool>& stop) {
  if (!pixels || !consume) {
    throw ArgumentError("inference: needs a function for pixels and one for outputs");
  }
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ArgumentError("inference: " + std::to_string(count) + " images at once are too many");
  }
  const Images images{count, pixels, consume};
  const std::size_t groups = (count + group_ - 1) / group_;
  const std::size_t single = groups / workspaces_.size() * workspaces_.size();
  std::atomic<bool> complete{true};
  workers_.run(static_cast<int>(single), [&](int worker, int task) {
    if (stop.load()) {
      complete.store(false);
      return;
    }
    Workspace& workspace = workspaces_[static_cast<std::size_t>(worker)];
    const auto group = static_cast<std::size_t>(task);
    const std::size_t n = size_of(images, group);
    read(images, group, {0, n}, workspace);
    network().forward(workspace, n, {});
    finish(images, group, workspace);
  });
  if (single == groups) return complete.load();
  if (stop.load()) return false;
  const std::span together = std::span(together_).first(groups - single);
  for (std::size_t k = 0; k < together.size(); ++k) {
    together[k].n = size_of(images, single + k);
  }
  shared_.for_samples(together, [&](std::size_t, std::size_t k, Samples samples) {
    read(images, single + k, samples, workspaces_[k]);
  });
  shared_.forward(workspaces_, together);
  workers_.run(static_cast<int>(together.size()), [&](int, int task) {
    const auto k = static_cast<std::size_t>(task);
    finish(images, single + k, workspaces_[k]);
  });
  return complete.load();
}

}  // namespace cnn
