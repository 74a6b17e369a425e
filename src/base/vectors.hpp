// Vector code for whatever processor the program runs on.

#pragma once

// The levels of x86-64 for which a function can be compiled apart, where the whole program is
// compiled for any. clang does not inline functions of vectors into those for another processor:
// there is one level then.
#if defined(CNN_TARGETS) && !defined(__clang__) && !defined(__AVX__)
#define CNN_HAS_LEVELS
#endif

// Before a loop whose rounds have nothing to do with one another, though they may write what they
// have read: element i of one array over element i of another.
#if defined(__clang__)
#define CNN_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define CNN_INDEPENDENT _Pragma("GCC ivdep")
#endif

#define CNN_INLINE __attribute__((always_inline)) inline
// The same for a lambda, after its parameters.
#define CNN_INLINE_LAMBDA __attribute__((always_inline))

namespace cnn {

enum class VectorLevel { x86_64, x86_64_v3, x86_64_v4 };

// The level in use, the same for the whole process: that of the environment's CNN_ISA; without one,
// that of CMake's option CNN_ISA; without either, the highest that the processor has. Throws
// ConfigError if there is no such level, or if the processor or this build does not have it.
VectorLevel vector_level();

// Its name: "x86-64-v4", "x86-64-v3" or "x86-64"; "built for AVX-512" or "built for AVX2" where all
// is compiled for that. All but x86-64 multiply and add in one rounding, so that bits of results
// differ between levels.
const char* vector_level_name();

// vectorized<body>(arguments …) calls body compiled for the level in use; on_v4<body>, for callers
// that have found the level to be x86_64_v4, is body compiled for that alone. body is a function
// marked CNN_INLINE, and so must be what it calls, to be compiled with it.
template <auto body>
struct OnV4;
template <auto body>
inline constexpr OnV4<body> on_v4;

template <typename Result, typename... Arguments, Result (*body)(Arguments...)>
struct OnV4<body> {
#if defined(CNN_HAS_LEVELS)
  __attribute__((target("arch=x86-64-v4"), noinline)) static Result run(Arguments... arguments) {
    return body(arguments...);
  }
  Result operator()(Arguments... arguments) const {
    return run(arguments...);
  }
#else
  [[noreturn]] Result operator()(Arguments...) const {
    __builtin_trap();
  }
#endif
};

template <auto body>
struct Vectorized;
template <auto body>
inline constexpr Vectorized<body> vectorized;

template <typename Result, typename... Arguments, Result (*body)(Arguments...)>
struct Vectorized<body> {
  Result operator()(Arguments... arguments) const {
#if defined(CNN_HAS_LEVELS)
    switch (vector_level()) {
      case VectorLevel::x86_64_v4:
        return on_v4<body>(arguments...);
      case VectorLevel::x86_64_v3:
        return on_v3(arguments...);
      case VectorLevel::x86_64:
        break;
    }
#endif
    return on_any(arguments...);
  }

 private:
#if defined(CNN_HAS_LEVELS)
  __attribute__((target("arch=x86-64-v3"), noinline)) static Result on_v3(Arguments... arguments) {
    return body(arguments...);
  }
#endif
  __attribute__((noinline)) static Result on_any(Arguments... arguments) {
    return body(arguments...);
  }
};

}  // namespace cnn
