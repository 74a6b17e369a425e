#include "base/vectors.hpp"

namespace cnn {

const char* vector_level() {
#if defined(CNN_HAS_VERSIONS)
  if (__builtin_cpu_supports("x86-64-v4") != 0) return "x86-64-v4";
  if (__builtin_cpu_supports("x86-64-v3") != 0) return "x86-64-v3";
  return "x86-64";
#elif defined(__AVX512F__)
  return "built for AVX-512";
#elif defined(__AVX2__)
  return "built for AVX2";
#else
  return "x86-64";
#endif
}

}  // namespace cnn
