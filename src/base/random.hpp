// Counter-based randomness: every number is a pure function of (seed, purpose, stream, index).
// There is no generator state, hence nothing to lock, to share or to save, and results do not
// depend on who asks first.

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/view.hpp"

namespace cnn {

// The use of a number; numbers of different purposes are independent under one seed.
enum class Purpose : std::uint32_t {
  initialisation = 1,
  shuffle,
  split,
  dropout,
  augment,
  elastic,
  noise
};

// One block of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC
// 2011).
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

// A stream of random numbers addressed by index. A value type of two words; copying it copies
// nothing else.
class Random {
 public:
  // `stream` tells apart the uses of one purpose: an epoch, a step and a sample, the hash of a
  // name.
  Random(std::uint64_t seed, Purpose purpose, std::uint64_t stream = 0);

  // 32 uniform bits.
  std::uint32_t bits(std::uint64_t index) const;
  // Uniform on [0, 1), a multiple of 2^-24, so that it is the same in float and double.
  double uniform(std::uint64_t index) const;
  // values[i] = uniform(i), many at once and faster.
  void uniforms(View values) const;
  // Standard normal (Box-Muller; |value| < 7).
  double normal(std::uint64_t index) const;
  // Fills `values` with standard normal numbers, faster than normal() and of another sequence
  // (Box-Muller in float on uniform(0), uniform(1), …; |value| < 5.8). The first n do not depend on
  // the length of the span.
  void normals(View values) const;
  // Uniform on 0 … bound-1 (bound >= 1), with a bias below 2^-32. Uses a block of its own: below(i)
  // and bits(4i) are not independent.
  std::uint32_t below(std::uint64_t index, std::uint32_t bound) const;
  // 128 uniform bits; block b holds bits(4b) … bits(4b+3).
  std::array<std::uint32_t, 4> block(std::uint64_t block_index) const;

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t stream_;
};

// A uniformly drawn order of 0 … count-1 (Fisher-Yates).
std::vector<std::uint32_t> permutation(const Random& random, std::uint32_t count);

// A 64-bit hash of up to three numbers, for building a stream from several indices (an epoch and a
// sample, say).
std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0);

}  // namespace cnn
