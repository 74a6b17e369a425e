#include "cnn/random.hpp"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

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

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {high(product1) ^ counter[1] ^ key[0], low(product1),
               high(product0) ^ counter[3] ^ key[1], low(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
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
