// OpenBLAS, loaded when it is first needed. The only part of the library that knows cblas.
//
// It is loaded, not linked, so that it starts without threads of its own: those take memory before
// the program has begun, try for ever where there is none, and hold up its end. What multiplies
// nothing, such as --version, does without OpenBLAS altogether.

#pragma once

#include <cstddef>

#include <cblas.h>

namespace cnn {

// Its functions. Any thread may call them at once, unless check_blas() says otherwise.
struct OpenBlas {
  decltype(&cblas_sgemm) sgemm;
  decltype(&cblas_dgemm) dgemm;
  decltype(&cblas_sgemv) sgemv;
  decltype(&cblas_dgemv) dgemv;
  decltype(&openblas_set_num_threads) set_num_threads;
  decltype(&openblas_get_parallel) get_parallel;
  decltype(&openblas_get_config) get_config;
  decltype(&openblas_get_corename) get_corename;
  // Take and give back one of the buffers that products pack their operands into; nullptr if this
  // build hides them.
  void* (*take_buffer)(int);
  void (*give_buffer)(void*);
  // That of the OpenMP runtime, if this build has one.
  void (*set_openmp_threads)(int);

  // The size of the largest buffer that any kernel has. A buffer is mapped by the first product
  // that finds the others in use, and is kept; it takes memory where it is used.
  static constexpr std::size_t kBufferBytes = std::size_t{128} << 20;
};

// Loads OpenBLAS in the first of its calls; any thread may call it. Throws FileError if there is
// none, ConfigError if OPENBLAS_CORETYPE names a kernel that this processor cannot run,
// std::bad_alloc.
const OpenBlas& openblas();

}  // namespace cnn
