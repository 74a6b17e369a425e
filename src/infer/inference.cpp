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
      together_(static_cast<std::size_t>(workers.count()), SharedPass::Group{.n = 1}) {
  if (group == 0) throw ArgumentError("inference: a pass takes at least one image");
  if (table.shape() != network.input()) {
    throw ShapeError("inference: the pixel table is for images of " + to_string(table.shape()) +
                     ", the network takes " + to_string(network.input()));
  }
  for (int i = 0; i < workers.count(); ++i) {
    workspaces_.emplace_back(folded_.network(), group_, Phase::evaluate).use(packed_);
  }
  if (folded_.network().evaluates_by_blas()) reserve_blas_memory(workers.count());
}

struct Inference::Images {
  const Pixels& pixels;
  const Consume& consume;
};

void Inference::update() {
  folded_.update();
  packed_.update();
}

void Inference::read(const Images& images, Samples of, Workspace& workspace) const {
  const std::size_t size = network().input().size();
  const View inputs = workspace.input(of.count);
  for (std::size_t i = 0; i < of.count; ++i) {
    table_.apply(images.pixels(of.first + i), inputs.subspan(i * size, size));
  }
}

void Inference::finish(const Images& images, Samples of, const Workspace& workspace) const {
  const std::size_t size = network().output().size();
  const CView outputs = workspace.output(of.count);
  for (std::size_t i = 0; i < of.count; ++i) {
    const CView output = outputs.subspan(i * size, size);
    if (!all_finite(output)) fail(images, of.first + i);
    images.consume(of.first + i, output);
  }
}

void Inference::fail(const Images& images, std::size_t i) const {
  Workspace workspace(network(), 1, Phase::evaluate, Keep::every_tensor);
  read(images, {i, 1}, workspace);
  network().forward(workspace, 1, {});
  throw DivergedError("the network's outputs are not finite (first non-finite value: " +
                      network().first_non_finite(workspace, 1) + ")");
}

bool Inference::run(std::size_t count, const Pixels& pixels, const Consume& consume,
                    const std::atomic<bool>& stop) {
  if (!pixels || !consume) {
    throw ArgumentError("inference: needs a function for pixels and one for outputs");
  }
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ArgumentError("inference: " + std::to_string(count) + " images at once are too many");
  }
  if (count == 0) return true;
  const Images images{pixels, consume};
  if (count < workspaces_.size()) {
    if (stop.load()) return false;
    const auto for_images = [&](const auto& body) {
      workers_.run(static_cast<int>(count), [&](int, int task) {
        const auto k = static_cast<std::size_t>(task);
        body(Samples{k, 1}, workspaces_[k]);
      });
    };
    for_images([&](Samples of, Workspace& workspace) { read(images, of, workspace); });
    shared_.forward(workspaces_, std::span(together_).first(count));
    for_images([&](Samples of, Workspace& workspace) { finish(images, of, workspace); });
    return true;
  }
  std::atomic<bool> complete{true};
  // As many as keep all workers busy.
  const std::size_t share = (count + workspaces_.size() - 1) / workspaces_.size();
  const std::size_t group = std::min(group_, share);
  workers_.run(static_cast<int>((count + group - 1) / group), [&](int worker, int task) {
    if (stop.load()) {
      complete.store(false);
      return;
    }
    Workspace& workspace = workspaces_[static_cast<std::size_t>(worker)];
    const std::size_t first = static_cast<std::size_t>(task) * group;
    const Samples of{first, std::min(group, count - first)};
    read(images, of, workspace);
    network().forward(workspace, of.count, {});
    finish(images, of, workspace);
  });
  return complete.load();
}

}  // namespace cnn
