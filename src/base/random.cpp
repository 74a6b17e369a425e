#include "base/random.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "base/vectors.hpp"

namespace cnn {
namespace {

std::uint32_t low(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection whose output bits each depend
// on all input bits.
std::uint64_t scramble(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

// One round of Philox4x32, of a block or, word by word, of several side by side.
CNN_INLINE void philox_round(std::uint32_t& c0, std::uint32_t& c1, std::uint32_t& c2,
                             std::uint32_t& c3, std::uint32_t key0, std::uint32_t key1) {
  const std::uint64_t product0 = std::uint64_t{0xD2511F53} * c0;
  const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * c2;
  c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key0;
  c1 = static_cast<std::uint32_t>(product1);
  c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ key1;
  c3 = static_cast<std::uint32_t>(product0);
}

constexpr int kRounds = 10;
constexpr std::uint32_t kKeyStep0 = 0x9E3779B9;
constexpr std::uint32_t kKeyStep1 = 0xBB67AE85;

// Side by side; of 16, GCC 12 unrolls the loops instead of making vectors of them.
constexpr std::size_t kBlocks = 32;

// values (kBlocks, 4): the words of blocks first … first + kBlocks − 1 as Random::uniform has them.
CNN_INLINE void uniform_blocks(std::uint32_t first, std::uint64_t stream,
                               std::array<std::uint32_t, 2> key, Real* values) {
  std::uint32_t c0[kBlocks], c1[kBlocks], c2[kBlocks], c3[kBlocks];
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    c0[i] = first + i;
    c1[i] = 0;
    c2[i] = static_cast<std::uint32_t>(stream);
    c3[i] = static_cast<std::uint32_t>(stream >> 32);
  }
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kBlocks; ++i) {
      philox_round(c0[i], c1[i], c2[i], c3[i], key[0], key[1]);
    }
    key[0] += kKeyStep0;
    key[1] += kKeyStep1;
  }
  // A signed conversion is right for 24 bits, and the only one of processors before AVX-512.
  const auto real = [](std::uint32_t word) CNN_INLINE_LAMBDA {
    return static_cast<Real>(static_cast<std::int32_t>(word >> 8)) * Real{0x1p-24};
  };
  for (std::size_t i = 0; i < kBlocks; ++i) {
    values[4 * i] = real(c0[i]);
    values[4 * i + 1] = real(c1[i]);
    values[4 * i + 2] = real(c2[i]);
    values[4 * i + 3] = real(c3[i]);
  }
}

// log x for x in (0, 1]: of x = 2^e·m with m in [2/3, 4/3) it is e·log 2 + log m, the latter by the
// series of 2·artanh((m − 1)/(m + 1)); off by a rounding or two.
CNN_INLINE float log_of(float x) {
  constexpr std::int32_t kTwoThirds = 0x3F2AAAAB;  // the bits of 2/3
  const std::int32_t above = std::bit_cast<std::int32_t>(x) - kTwoThirds;
  const std::int32_t exponent = above >> 23;
  const float m = std::bit_cast<float>((above & 0x007FFFFF) + kTwoThirds);
  const float s = (m - 1) / (m + 1), s2 = s * s;
  const float series =
      2 * s * (1 + s2 * (1.0F / 3 + s2 * (1.0F / 5 + s2 * (1.0F / 7 + s2 * (1.0F / 9)))));
  return static_cast<float>(exponent) * std::numbers::ln2_v<float> + series;
}

// Box and Muller (1958): a pair of uniform numbers u, v becomes r·cos φ, r·sin φ with
// r = √(−2 log(1 − u)), φ = 2π(v − 1/2). values: kPairs of u, then of v; assigns the two results to
// their places.
constexpr std::size_t kPairs = 2 * kBlocks;

CNN_INLINE void make_normal(Real* values) {
  for (std::size_t i = 0; i < kPairs; ++i) {
    const float radius = std::sqrt(-2 * log_of(1 - static_cast<float>(values[i])));
    // Sine and cosine of φ/2, in [−π/2, π/2), by their series; then those of the double angle.
    const float h = std::numbers::pi_v<float> * (static_cast<float>(values[kPairs + i]) - 0.5F);
    const float h2 = h * h;
    const float sine =
        h * (1 - h2 / 6 * (1 - h2 / 20 * (1 - h2 / 42 * (1 - h2 / 72 * (1 - h2 / 110)))));
    const float cosine =
        1 - h2 / 2 * (1 - h2 / 12 * (1 - h2 / 30 * (1 - h2 / 56 * (1 - h2 / 90 * (1 - h2 / 132)))));
    values[i] = radius * (1 - 2 * sine * sine);
    values[kPairs + i] = radius * (2 * sine * cosine);
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    philox_round(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
    key[0] += kKeyStep0;
    key[1] += kKeyStep1;
  }
  return counter;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return scramble(scramble(scramble(a) ^ b) ^ c);
}

Random::Random(std::uint64_t seed, Purpose purpose, std::uint64_t stream) : stream_(stream) {
  const std::uint64_t key = mix(seed, static_cast<std::uint64_t>(purpose));
  key_ = {low(key), high(key)};
}

std::array<std::uint32_t, 4> Random::block(std::uint64_t block_index) const {
  return philox4x32({low(block_index), high(block_index), low(stream_), high(stream_)}, key_);
}

std::uint32_t Random::bits(std::uint64_t index) const {
  return block(index / 4)[index % 4];
}

double Random::uniform(std::uint64_t index) const {
  return (bits(index) >> 8) * 0x1p-24;
}

void Random::uniforms(View values) const {
  std::array<Real, 4 * kBlocks> some;
  for (std::size_t begin = 0; begin < values.size(); begin += some.size()) {
    vectorized<uniform_blocks>(static_cast<std::uint32_t>(begin / 4), stream_, key_, some.data());
    const View part = values.subspan(begin, std::min(some.size(), values.size() - begin));
    std::copy_n(some.begin(), part.size(), part.begin());
  }
}

void Random::normals(View values) const {
  std::array<Real, 2 * kPairs> some;
  for (std::size_t begin = 0; begin < values.size(); begin += some.size()) {
    vectorized<uniform_blocks>(static_cast<std::uint32_t>(begin / 4), stream_, key_, some.data());
    vectorized<make_normal>(some.data());
    const View part = values.subspan(begin, std::min(some.size(), values.size() - begin));
    std::copy_n(some.begin(), part.size(), part.begin());
  }
}

double Random::normal(std::uint64_t index) const {
  const std::array<std::uint32_t, 4> word = block(index / 2);
  // u in (0, 1] so that the logarithm is finite.
  const double u = (static_cast<double>(word[0]) + 1.0) * 0x1p-32;
  const double angle = 2.0 * std::numbers::pi * (word[1] * 0x1p-32);
  const double radius = std::sqrt(-2.0 * std::log(u));
  return radius * (index % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

std::uint32_t Random::below(std::uint64_t index, std::uint32_t bound) const {
  const std::array<std::uint32_t, 4> word = block(index);
  // ⌊u·bound⌋ for u = 0.word0word1 in base 2^32: the bias is at most bound / 2^64.
  const std::uint64_t wide =
      std::uint64_t{word[0]} * bound + ((std::uint64_t{word[1]} * bound) >> 32);
  return static_cast<std::uint32_t>(wide >> 32);
}

std::vector<std::uint32_t> permutation(const Random& random, std::uint32_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[random.below(i, i)]);
  }
  return order;
}

}  // namespace cnn
