// Times single kernels on one thread: what Google Benchmark's own main does, and the library's
// kernels.

#include <cstdio>

#include "bench/kernels.hpp"
#include "kernels/blas.hpp"

int main(int argc, char** argv) {
  cnn::register_products();
  cnn::register_layers();
  cnn::register_steps();
  cnn::register_augmentation();
  const cnn::BlasInfo blas = cnn::blas_info();
  benchmark::AddCustomContext("blas", blas.version + " " + blas.kernel);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  if (benchmark::RunSpecifiedBenchmarks() == 0) {
    std::fprintf(stderr, "error: the filter leaves no benchmark; see --benchmark_list_tests\n");
    return 1;
  }
  return 0;
}
