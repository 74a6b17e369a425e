// Matrix products on OpenBLAS.
//
// Parallelism is ours (groups of a batch, see Workers); OpenBLAS runs each product on the calling
// thread alone. The first product sees to it, for the whole process: a caller need not.

#pragma once

#include <string>

#include "base/view.hpp"

namespace cnn {

enum class Transpose { no, yes };

// c ← op(a)·op(b) + beta·c, where op transposes if told to. The sizes come from the matrices and
// must agree.
void gemm(ConstMatrix a, Transpose transpose_a, ConstMatrix b, Transpose transpose_b, Real beta,
          Matrix c);

// row_sums_i ← row_sums_i + Σ_j a_ij
void add_row_sums(ConstMatrix a, View row_sums);

// y ← y + x
void add_into(CView x, View y);

struct BlasInfo {
  std::string version;    // "OpenBLAS 0.3.21"
  std::string kernel;     // "SkylakeX": bits of results differ between kernels
  std::string threading;  // "pthread", "openmp" or "single"
};
BlasInfo blas_info();

// All of the machine that the bits of results depend on: "OpenBLAS 0.3.21 Zen, vectors x86-64-v3".
std::string arithmetic();

// Takes the buffers of OpenBLAS with which `threads` threads can multiply at once: up to 128 MiB of
// address space for each. Throws std::bad_alloc where there is none, as under `ulimit -v`; a
// product that had to map its buffer itself would try for ever.
void reserve_blas_memory(int threads);

// Checks, in the first of its calls, that products from two threads at once equal those from one.
// Throws Error if they do not (a single-threaded build without locks), ConfigError as
// vector_level() and openblas() do, std::bad_alloc or
// std::system_error if the system refuses memory or a thread. A Workspace calls it, so that no pass
// runs before it; any thread may.
void check_blas();

}  // namespace cnn
