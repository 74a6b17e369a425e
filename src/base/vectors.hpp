// Vector code for whatever processor the program runs on.

#pragma once

// A function that is compiled several times, for AVX-512, for AVX2 and for any x86-64; the dynamic
// linker picks the version that the processor has. What it calls must be inlined into it
// (CNN_INLINE) to be compiled with it. ThreadSanitizer's runtime is not up yet when the choice is
// made; clang does not inline functions of vectors into versions for another processor: both get
// one version.
#if defined(CNN_TARGET_CLONES) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define CNN_HAS_VERSIONS
#define CNN_VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CNN_VECTORIZED
#endif

#define CNN_INLINE __attribute__((always_inline)) inline
// The same for a lambda, after its parameters.
#define CNN_INLINE_LAMBDA __attribute__((always_inline))

namespace cnn {

// The versions that run here: "x86-64-v4", "x86-64-v3" or "x86-64"; where there is one version
// alone, "built for AVX-512", "built for AVX2" or "x86-64". The first two of each multiply and add
// in one rounding, so that bits of results differ between levels.
const char* vector_level();

}  // namespace cnn
