#include <array>
#include <string>
#include <vector>

#include "bench/kernels.hpp"
#include "data/preprocessing.hpp"
#include "kernels/im2col.hpp"
#include "nn/loss.hpp"
#include "optim/solver.hpp"
#include "support/draw.hpp"
#include "support/networks.hpp"

namespace cnn {
namespace {

struct WindowCase {
  const char* name;
  Shape input;
  Size2 kernel, stride, pad;
};

constexpr std::array<WindowCase, 5> kWindows = {{
    {"lenet/conv1", {1, 28, 28}, {5, 5}, {1, 1}, {0, 0}},
    {"lenet/conv2", {20, 12, 12}, {5, 5}, {1, 1}, {0, 0}},
    {"vgg/conv2", {64, 28, 28}, {3, 3}, {1, 1}, {1, 1}},
    {"vgg/conv4", {128, 14, 14}, {3, 3}, {1, 1}, {1, 1}},
    {"strided", {64, 28, 28}, {3, 3}, {2, 2}, {1, 1}},
}};

struct Columns {
  explicit Columns(const WindowCase& c)
      : window(make_window(c.input, c.kernel, c.stride, c.pad)),
        x(c.input.size()),
        column(static_cast<std::size_t>(window.patch()) *
               static_cast<std::size_t>(window.positions())) {
    Draw(1).reals(x, 1);
    Draw(2).reals(column, 1);
  }

  OutputRows rows() const { return {0, window.output.height}; }
  // What is written, or read: the larger of both sides.
  void count(benchmark::State& state) const {
    state.SetBytesProcessed(state.iterations() *
                            static_cast<std::int64_t>(column.size() * sizeof(Real)));
  }

  Window window;
  std::vector<Real> x;
  std::vector<Real> column;
};

void time_im2col(benchmark::State& state, const WindowCase& c) {
  Columns columns(c);
  for (auto _ : state) {
    im2col(columns.window, columns.rows(), columns.x, columns.column);
    benchmark::ClobberMemory();
  }
  columns.count(state);
}

void time_col2im(benchmark::State& state, const WindowCase& c) {
  Columns columns(c);
  for (auto _ : state) {
    add_col2im(columns.window, columns.rows(), columns.column, columns.x);
    benchmark::ClobberMemory();
  }
  columns.count(state);
}

constexpr std::size_t kSamples = 32;

void time_pixel_table(benchmark::State& state) {
  const PixelTable table({{0.0}, {1.0 / 256}}, kDigit);
  std::vector<std::uint8_t> pixels(kDigit.size());
  Draw draw(1);
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(draw.integer(0, 255));
  std::vector<Real> x(kDigit.size());
  for (auto _ : state) {
    table.apply(pixels, x);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(x.size() * sizeof(Real)));
}

void time_loss(benchmark::State& state, Loss loss) {
  constexpr std::size_t kClasses = 10;
  std::vector<Real> outputs(kSamples * kClasses), doutputs(outputs.size());
  std::vector<std::uint16_t> labels(kSamples);
  std::vector<double> losses(kSamples);
  Draw(1).reals(outputs, 3);
  for (std::size_t i = 0; i < kSamples; ++i) labels[i] = static_cast<std::uint16_t>(i % kClasses);
  for (auto _ : state) {
    compute_loss(loss, outputs, labels, Real{1} / kSamples, losses, doutputs);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSamples));
}

// One update of LeNet's parameters from the gradients of this many groups.
void time_solver(benchmark::State& state) {
  Network network = lenet();
  draw_parameters(network);
  Workers workers(1);
  Solver solver(network, {0.01, 0.0005, 0.9});
  std::vector<Gradients> gradients;
  gradients.reserve(static_cast<std::size_t>(state.range(0)));
  for (int i = 0; i < state.range(0); ++i) gradients.emplace_back(network);
  for (auto _ : state) solver.step(network, gradients, 0, 1, workers);
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(network.parameter_count()));
}

}  // namespace

void register_steps() {
  for (const WindowCase& c : kWindows) {
    benchmark::RegisterBenchmark(("im2col/" + std::string(c.name)).c_str(), time_im2col, c);
    benchmark::RegisterBenchmark(("col2im/" + std::string(c.name)).c_str(), time_col2im, c);
  }
  benchmark::RegisterBenchmark("pixel_table/digit", time_pixel_table);
  for (std::size_t i = 0; i < kLossNames.size(); ++i) {
    benchmark::RegisterBenchmark(("loss/" + std::string(kLossNames[i])).c_str(), time_loss,
                                 static_cast<Loss>(i));
  }
  benchmark::RegisterBenchmark("solver/lenet/groups", time_solver)->Arg(1)->Arg(2)->Arg(16);
}

}  // namespace cnn
