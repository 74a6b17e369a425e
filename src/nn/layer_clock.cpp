#include "nn/layer_clock.hpp"

#include <algorithm>
#include <chrono>

#include "base/random.hpp"

namespace cnn {
namespace {

// 0 if there are none.
double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <typename Call>
double seconds_of_a_sample(const Samples& samples, const Call& call) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  call();
  return std::chrono::duration<double>(Clock::now() - begin).count() /
         static_cast<double>(samples.count);
}

}  // namespace

LayerClock::LayerClock(const Network& network, Workspace& workspace, Gradients& gradients,
                       std::size_t n)
    : network_(network),
      workspace_(workspace),
      gradients_(gradients),
      n_(n),
      forward_(network.nodes().size()),
      backward_(network.nodes().size()) {
  const Random random(2, Purpose::initialisation);
  const View input = workspace.input(n);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<Real>(random.uniform(i));
  network.forward(workspace, n, {});
  const View doutput = workspace.doutput(n);
  std::fill(doutput.begin(), doutput.end(), Real{1} / static_cast<Real>(n));
  network.backward(workspace, n, gradients);
}

void LayerClock::pass() {
  const std::size_t few = std::min(Network::kBlock, n_);
  const std::size_t first = passes_++ % (n_ / few) * few;
  const auto samples = [&](std::size_t i) {
    return network_.nodes()[i].plan.takes_all_samples(Phase::train) ? Samples{0, n_}
                                                                    : Samples{first, few};
  };
  for (std::size_t i = 0; i < forward_.size(); ++i) {
    const auto call = [&] { network_.forward_layer(i, workspace_, samples(i), {}); };
    forward_[i].push_back(seconds_of_a_sample(samples(i), call));
  }
  for (std::size_t i = backward_.size(); i-- > 0;) {
    if (!network_.wants_gradient(i + 1)) continue;
    const auto call = [&] { network_.backward_layer(i, workspace_, samples(i), gradients_); };
    backward_[i].push_back(seconds_of_a_sample(samples(i), call));
  }
}

std::vector<LayerTime> LayerClock::times() const {
  std::vector<LayerTime> times;
  for (std::size_t i = 0; i < forward_.size(); ++i) {
    times.push_back({network_.nodes()[i].spec.name, median(forward_[i]), median(backward_[i])});
  }
  return times;
}

}  // namespace cnn
