#include <array>
#include <string>
#include <vector>

#include "base/workers.hpp"
#include "bench/kernels.hpp"
#include "kernels/blas.hpp"
#include "support/draw.hpp"

namespace cnn {
namespace {

// c (m, n) ← op(a)·op(b) + beta·c, with k products a value.
struct Product {
  const char* name;
  int m, n, k;
  Transpose transpose_a, transpose_b;
  Real beta;
};

constexpr Transpose kNo = Transpose::no;
constexpr Transpose kYes = Transpose::yes;

// As the layers call them: of a convolution for one image, of fc1 for a batch of 64.
constexpr std::array<Product, 14> kProducts = {{
    {"lenet/conv1/forward", 20, 576, 25, kNo, kNo, 1},
    {"lenet/conv1/dweight", 20, 25, 576, kNo, kYes, 1},
    {"lenet/conv2/forward", 50, 64, 500, kNo, kNo, 1},
    {"lenet/conv2/dweight", 50, 500, 64, kNo, kYes, 1},
    {"lenet/conv2/dx", 500, 64, 50, kYes, kNo, 0},
    {"lenet/fc1/forward", 64, 500, 800, kNo, kYes, 1},
    {"lenet/fc1/dweight", 500, 800, 64, kYes, kNo, 1},
    {"lenet/fc1/dx", 64, 800, 500, kNo, kNo, 0},
    {"vgg/conv2/forward", 64, 784, 576, kNo, kNo, 1},
    {"vgg/conv2/dweight", 64, 576, 784, kNo, kYes, 1},
    {"vgg/conv2/dx", 576, 784, 64, kYes, kNo, 0},
    {"vgg/conv4/forward", 128, 196, 1152, kNo, kNo, 1},
    {"vgg/conv4/dweight", 128, 1152, 196, kNo, kYes, 1},
    {"vgg/conv4/dx", 1152, 196, 128, kYes, kNo, 0},
}};

std::vector<Real> drawn(int rows, int columns) {
  std::vector<Real> values(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  Draw(1).reals(values, 0.1);
  return values;
}

// A matrix whose op(…) is rows x columns.
ConstMatrix operand(const std::vector<Real>& values, Transpose transpose, int rows, int columns) {
  return transpose == kYes ? ConstMatrix(CView(values), columns, rows)
                           : ConstMatrix(CView(values), rows, columns);
}

void time_product(benchmark::State& state, const Product& p) {
  const std::vector<Real> a = drawn(p.m, p.k), b = drawn(p.k, p.n);
  std::vector<Real> c = drawn(p.m, p.n);
  for (auto _ : state) {
    gemm(operand(a, p.transpose_a, p.m, p.k), p.transpose_a, operand(b, p.transpose_b, p.k, p.n),
         p.transpose_b, p.beta, {View(c), p.m, p.n});
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = gflops(2.0 * p.m * p.n * p.k);
}

// Products of matrices that stay in one processor's cache.
class OwnProducts {
 public:
  void run() {
    gemm({CView(a_), kSize, kSize}, kNo, {CView(b_), kSize, kSize}, kNo, 0,
         {View(c_), kSize, kSize});
    benchmark::ClobberMemory();
  }

 private:
  static constexpr int kSize = 256;
  std::vector<Real> a_ = drawn(kSize, kSize), b_ = drawn(kSize, kSize), c_ = drawn(kSize, kSize);
};

// What meetings alone cost threads that share nothing, on a machine whose processors others slow
// down from moment to moment. Two threads that never meet …
void time_apart(benchmark::State& state) {
  OwnProducts own;
  for (auto _ : state) own.run();
  state.SetItemsProcessed(state.iterations());
}

// … two that meet after each has done so many products …
void time_meeting(benchmark::State& state) {
  Workers workers(2);
  std::array<OwnProducts, 2> own;
  for (auto _ : state) {
    workers.run_near({}, 2, [&](int, int task) {
      for (int i = 0; i < state.range(0); ++i) own[static_cast<std::size_t>(task)].run();
    });
  }
  state.SetItemsProcessed(2 * state.range(0) * state.iterations());
}

// … and two that meet after they have done twice as many together, whoever is free the next.
void time_sharing(benchmark::State& state) {
  Workers workers(2);
  std::array<OwnProducts, 2> own;
  const int all = 2 * static_cast<int>(state.range(0));
  for (auto _ : state) {
    workers.run_near({}, all,
                     [&](int worker, int) { own[static_cast<std::size_t>(worker)].run(); });
  }
  state.SetItemsProcessed(all * state.iterations());
}

}  // namespace

void register_products() {
  benchmark::RegisterBenchmark("two_threads/apart", time_apart)->Threads(2)->UseRealTime();
  for (const int products : {1, 4, 16, 64}) {
    benchmark::RegisterBenchmark("two_threads/meet", time_meeting)->Arg(products)->UseRealTime();
    benchmark::RegisterBenchmark("two_threads/share", time_sharing)->Arg(products)->UseRealTime();
  }
  for (const Product& p : kProducts) {
    const std::string name = "gemm/" + std::string(p.name) + "/" + std::to_string(p.m) + "x" +
                             std::to_string(p.n) + "x" + std::to_string(p.k);
    benchmark::RegisterBenchmark(name.c_str(), time_product, p);
  }
}

}  // namespace cnn
