#include <array>
#include <string>

#include "base/arena.hpp"
#include "bench/kernels.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"

namespace cnn {
namespace {

struct LayerCase {
  const char* name;
  const char* type;
  const char* options;
  Shape input;
  std::size_t n;  // samples of a call, as passes have them
  bool wants_dx;  // first layers hand nothing on
};

constexpr std::array<LayerCase, 16> kLayers = {{
    {"lenet/conv1", "conv", "{count: 20, kernel: 5}", {1, 28, 28}, 4, false},
    {"lenet/conv2", "conv", "{count: 50, kernel: 5}", {20, 12, 12}, 4, true},
    {"lenet5/conv1", "conv", "{count: 6, kernel: 5, pad: 2}", {1, 28, 28}, 4, false},
    {"lenet5/conv2", "conv", "{count: 16, kernel: 5}", {6, 14, 14}, 4, true},
    {"vgg/conv1", "conv", "{count: 64, kernel: 3, pad: 1}", {1, 28, 28}, 4, false},
    {"vgg/conv2", "conv", "{count: 64, kernel: 3, pad: 1}", {64, 28, 28}, 4, true},
    {"vgg/conv3", "conv", "{count: 128, kernel: 3, pad: 1}", {64, 14, 14}, 4, true},
    {"vgg/conv4", "conv", "{count: 128, kernel: 3, pad: 1}", {128, 14, 14}, 4, true},
    {"pointwise", "conv", "{count: 64, kernel: 1}", {64, 28, 28}, 4, true},
    {"lenet/pool1", "pool", "{type: max, kernel: 2}", {20, 24, 24}, 4, true},
    {"lenet5/pool1", "pool", "{type: avg, kernel: 2}", {6, 28, 28}, 4, true},
    {"overlapping", "pool", "{type: max, kernel: 3, stride: 2}", {64, 28, 28}, 4, true},
    {"vgg/relu1", "relu", "{}", {64, 28, 28}, 4, true},
    {"lenet5/tanh1", "tanh", "{}", {6, 28, 28}, 4, true},
    {"lecture/sigmoid1", "sigmoid", "{}", {6, 24, 24}, 4, true},
    {"lenet/fc1", "fc", "{count: 500}", {50, 4, 4}, 32, true},
}};

// A layer with one input and memory of its own, all of it drawn.
class Rig {
 public:
  explicit Rig(const LayerCase& c) : n_(c.n), layer_(make_layer(c.type, c.options)) {
    const std::array shapes = {c.input};
    plan_ = layer_->plan(shapes);
    const std::size_t x = n_ * c.input.size(), y = n_ * plan_.output.size();
    std::size_t weights = 0;
    for (const ParameterSpec& spec : plan_.parameters) weights += element_count(spec.dims);
    const auto views = [&](Arena& arena) {
      const std::array sizes = {x, x, y, y, plan_.scratch, weights, weights};
      std::array<std::size_t, sizes.size()> offsets;
      for (std::size_t i = 0; i < sizes.size(); ++i) offsets[i] = arena.reserve<Real>(sizes[i]);
      arena.allocate();
      for (std::size_t i = 0; i < sizes.size(); ++i)
        views_[i] = arena.view<Real>(offsets[i], sizes[i]);
    };
    views(arena_);
    saved_.resize(n_ * plan_.saved_bytes_per_sample);
    for (const View view : {views_[kX], views_[kDy], views_[kWeights]}) Draw(1).reals(view, 0.1);
    input_ = views_[kX];
    if (c.wants_dx) dinput_ = views_[kDx];
    std::size_t first = 0;
    for (const ParameterSpec& spec : plan_.parameters) {
      const std::size_t size = element_count(spec.dims);
      parameters_.push_back(views_[kWeights].subspan(first, size));
      dparameters_.push_back(views_[kDweights].subspan(first, size));
      first += size;
    }
  }

  void forward() {
    layer_->forward({.n = n_,
                     .inputs = {&input_, 1},
                     .output = views_[kY],
                     .parameters = parameters_,
                     .saved = saved_,
                     .scratch = views_[kScratch],
                     .phase = Phase::train,
                     .random = {}});
  }

  void backward() {
    layer_->backward({.n = n_,
                      .inputs = {&input_, 1},
                      .output = views_[kY],
                      .doutput = views_[kDy],
                      .dinputs = {&dinput_, 1},
                      .parameters = parameters_,
                      .dparameters = dparameters_,
                      .saved = saved_,
                      .scratch = views_[kScratch]});
  }

  double forward_operations() const {
    return 2.0 * static_cast<double>(n_) * static_cast<double>(plan_.multiply_adds);
  }
  // As many for the weights, and for the input where it is wanted.
  double backward_operations() const { return forward_operations() * (dinput_.empty() ? 1 : 2); }

 private:
  enum { kX, kDx, kY, kDy, kScratch, kWeights, kDweights, kViews };

  std::size_t n_;
  std::unique_ptr<Layer> layer_;
  LayerPlan plan_;
  Arena arena_;
  std::array<View, kViews> views_;
  std::vector<std::byte> saved_;
  CView input_;
  View dinput_;
  std::vector<CView> parameters_;
  std::vector<View> dparameters_;
};

// Images a second, and GFLOP/s where there are products.
void count(benchmark::State& state, const LayerCase& c, double operations) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(c.n));
  if (operations > 0) state.counters["GFLOP/s"] = gflops(operations);
}

void time_forward(benchmark::State& state, const LayerCase& c) {
  Rig rig(c);
  for (auto _ : state) {
    rig.forward();
    benchmark::ClobberMemory();
  }
  count(state, c, rig.forward_operations());
}

void time_backward(benchmark::State& state, const LayerCase& c) {
  Rig rig(c);
  rig.forward();
  for (auto _ : state) {
    rig.backward();
    benchmark::ClobberMemory();
  }
  count(state, c, rig.backward_operations());
}

}  // namespace

void register_layers() {
  for (const LayerCase& c : kLayers) {
    const std::string name = std::string(c.type) + "/" + c.name;
    benchmark::RegisterBenchmark((name + "/forward").c_str(), time_forward, c);
    benchmark::RegisterBenchmark((name + "/backward").c_str(), time_backward, c);
  }
}

}  // namespace cnn
