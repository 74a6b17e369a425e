#include "base/vectors.hpp"

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cnn/error.hpp"

#include "base/file.hpp"

#if !defined(CNN_DEFAULT_ISA)
#define CNN_DEFAULT_ISA ""
#endif

namespace cnn {
namespace {

struct Level {
  VectorLevel level;
  const char* name;
  bool runs;
};

#if defined(CNN_HAS_LEVELS)

std::array<Level, 3> levels() {
  return {{{VectorLevel::x86_64_v4, "x86-64-v4", __builtin_cpu_supports("x86-64-v4") != 0},
           {VectorLevel::x86_64_v3, "x86-64-v3", __builtin_cpu_supports("x86-64-v3") != 0},
           {VectorLevel::x86_64, "x86-64", true}}};
}

#else

std::array<Level, 1> levels() {
#if defined(__AVX512F__)
  return {{{VectorLevel::x86_64, "built for AVX-512", true}}};
#elif defined(__AVX2__)
  return {{{VectorLevel::x86_64, "built for AVX2", true}}};
#elif defined(__x86_64__)
  return {{{VectorLevel::x86_64, "x86-64", true}}};
#elif defined(__aarch64__)
  return {{{VectorLevel::x86_64, "aarch64", true}}};
#else
  return {{{VectorLevel::x86_64, "of any processor", true}}};
#endif
}

#endif

// Those that run here, best first.
std::string names_of_levels() {
  std::string names;
  for (const Level& each : levels()) {
    if (each.runs) names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  return names;
}

Level choose() {
  const char* const variable = std::getenv("CNN_ISA");
  const std::string_view wanted =
      variable != nullptr && *variable != '\0' ? variable : CNN_DEFAULT_ISA;
  for (const Level& each : levels()) {
    if (each.runs && (wanted.empty() || wanted == each.name)) return each;
  }
  throw ConfigError("CNN_ISA: error: no level '" + printable(wanted) +
                    "' on this processor and in this build, which have " + names_of_levels() +
                    "; unset the variable, and the best is taken");
}

const Level& in_use() {
  static const Level level = choose();
  return level;
}

}  // namespace

VectorLevel vector_level() {
  return in_use().level;
}

const char* vector_level_name() {
  return in_use().name;
}

}  // namespace cnn
