#include "kernels/blas.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <mutex>
#include <new>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "cnn/error.hpp"

#include "base/address_space.hpp"
#include "base/random.hpp"
#include "base/vectors.hpp"
#include "kernels/openblas.hpp"

namespace cnn {
namespace {

CBLAS_TRANSPOSE to_cblas(Transpose transpose) {
  return transpose == Transpose::yes ? CblasTrans : CblasNoTrans;
}

[[maybe_unused]] void multiply(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k,
                               const float* a, int lda, const float* b, int ldb, float beta,
                               float* c, int ldc) {
  openblas().sgemm(CblasRowMajor, ta, tb, m, n, k, 1.0F, a, lda, b, ldb, beta, c, ldc);
}

[[maybe_unused]] void multiply(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k,
                               const double* a, int lda, const double* b, int ldb, double beta,
                               double* c, int ldc) {
  openblas().dgemm(CblasRowMajor, ta, tb, m, n, k, 1.0, a, lda, b, ldb, beta, c, ldc);
}

// y ← op(a)·x + beta·y, for a: (rows, columns)
[[maybe_unused]] void multiply(CBLAS_TRANSPOSE ta, int rows, int columns, const float* a, int lda,
                               const float* x, float beta, float* y) {
  openblas().sgemv(CblasRowMajor, ta, rows, columns, 1.0F, a, lda, x, 1, beta, y, 1);
}

[[maybe_unused]] void multiply(CBLAS_TRANSPOSE ta, int rows, int columns, const double* a, int lda,
                               const double* x, double beta, double* y) {
  openblas().dgemv(CblasRowMajor, ta, rows, columns, 1.0, a, lda, x, 1, beta, y, 1);
}

constexpr int kSingle = 0;  // what openblas().get_parallel() answers
constexpr int kOpenMp = 2;

// A product of fixed pseudo-random matrices, large enough for OpenBLAS' packing buffers to be in
// use.
class SelfTest {
 public:
  SelfTest() {
    const Random random(1, Purpose::initialisation);
    for (std::size_t i = 0; i < kCount; ++i) {
      a_[i] = static_cast<Real>(random.uniform(i));
      b_[i] = static_cast<Real>(random.uniform(kCount + i));
    }
  }

  // Allocates nothing: an exception would end the thread's process.
  void run() noexcept {
    for (int repeat = 0; repeat < 8; ++repeat) {
      gemm({View(a_), kSize, kSize}, Transpose::no, {View(b_), kSize, kSize}, Transpose::yes, 0,
           {View(product_), kSize, kSize});
    }
  }

  const std::vector<Real>& product() const { return product_; }

 private:
  static constexpr int kSize = 96;
  static constexpr std::size_t kCount = std::size_t{kSize} * kSize;
  std::vector<Real> a_ = std::vector<Real>(kCount);
  std::vector<Real> b_ = a_;
  std::vector<Real> product_ = a_;
};

std::thread started(const std::function<void()>& body) {
  try {
    return std::thread(body);
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "cannot start a thread");
  }
}

// OpenBLAS built with OpenMP takes its number of threads from the OpenMP runtime, which keeps one
// for each calling thread, and ignores openblas_set_num_threads.
bool make_this_thread_single() {
  const OpenBlas& blas = openblas();
  if (blas.get_parallel() == kOpenMp && blas.set_openmp_threads != nullptr) {
    blas.set_openmp_threads(1);
  }
  return true;
}

// Throws Error unless products from two threads at once equal those from one.
void compare_products() {
  reserve_blas_memory(2);
  SelfTest alone, here, there;
  alone.run();
  std::thread other = started([&] { there.run(); });
  here.run();
  other.join();
  if (here.product() != alone.product() || there.product() != alone.product()) {
    throw Error(
        "this " + blas_info().version + " (" + blas_info().threading +
        ") gives wrong products when two threads call it at once; install one built for threads, "
        "such as libopenblas0-pthread");
  }
}

}  // namespace

void gemm(ConstMatrix a, Transpose transpose_a, ConstMatrix b, Transpose transpose_b, Real beta,
          Matrix c) {
  [[maybe_unused]] thread_local const bool is_single = make_this_thread_single();
  const int inner = transpose_a == Transpose::yes ? a.rows : a.columns;
  assert((transpose_a == Transpose::yes ? a.columns : a.rows) == c.rows);
  assert((transpose_b == Transpose::yes ? b.rows : b.columns) == c.columns);
  assert((transpose_b == Transpose::yes ? b.columns : b.rows) == inner);
  if (c.rows == 1 && transpose_a == Transpose::no) {
    // cᵀ = op(b)ᵀ·aᵀ: a product with a vector needs no packing of b.
    const bool turned = transpose_b == Transpose::yes;
    multiply(turned ? CblasNoTrans : CblasTrans, b.rows, b.columns, b.data, b.stride, a.data, beta,
             c.data);
    return;
  }
  multiply(to_cblas(transpose_a), to_cblas(transpose_b), c.rows, c.columns, inner, a.data, a.stride,
           b.data, b.stride, beta, c.data, c.stride);
}

void add_row_sums(ConstMatrix a, View row_sums) {
  for (int i = 0; i < a.rows; ++i) {
    const Real* row = a.data + static_cast<std::size_t>(i) * static_cast<std::size_t>(a.stride);
    // Eight partial sums in a fixed order: the compiler may then use vectors without changing the
    // result.
    constexpr int kLanes = 8;
    Real partial[kLanes] = {};
    int j = 0;
    for (; j + kLanes <= a.columns; j += kLanes) {
      for (int lane = 0; lane < kLanes; ++lane) partial[lane] += row[j + lane];
    }
    Real sum = 0;
    for (; j < a.columns; ++j) sum += row[j];
    for (const Real value : partial) sum += value;
    row_sums[static_cast<std::size_t>(i)] += sum;
  }
}

void add_into(CView x, View y) {
  assert(x.size() == y.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] += x[i];
}

BlasInfo blas_info() {
  BlasInfo info;
  std::istringstream config(
      openblas().get_config());  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
  std::string name, version;
  config >> name >> version;
  info.version = name + " " + version;
  info.kernel = openblas().get_corename();
  const int parallel = openblas().get_parallel();
  info.threading = parallel == kSingle ? "single" : parallel == kOpenMp ? "openmp" : "pthread";
  return info;
}

std::string arithmetic() {
  const BlasInfo blas = blas_info();
  return blas.version + " " + blas.kernel + ", vectors " + vector_level_name();
}

void reserve_blas_memory(int threads) {
  static std::mutex mutex;
  static std::size_t reserved = 0;
  const OpenBlas& blas = openblas();
  const std::size_t wanted = static_cast<std::size_t>(threads);
  const std::lock_guard lock(mutex);
  if (wanted <= reserved) return;
  std::vector<void*> buffers(wanted);
  require_address_space(wanted - reserved, OpenBlas::kBufferBytes);
  if (blas.take_buffer == nullptr || blas.give_buffer == nullptr) return;
  for (void*& buffer : buffers) buffer = blas.take_buffer(0);
  for (void* const buffer : buffers) blas.give_buffer(buffer);
  reserved = wanted;
}

void check_blas() {
  [[maybe_unused]] static const bool checked = [] {
    vector_level();
    compare_products();
    return true;
  }();
}

}  // namespace cnn
