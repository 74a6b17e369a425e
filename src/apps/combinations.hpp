// What --sweep varies: keys and their values, and the combinations of these.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cnn::app {

struct SweepKey {
  std::string key;                  // "training.alpha"
  std::vector<std::string> values;  // YAML; for draws also ranges "16..64", "log:1e-4..1e-1"
};

// "KEY=V,V,…"; commas inside brackets and quotes are not between values. Throws ConfigError.
SweepKey parse_sweep_key(const std::string& text);
// One for each text. Throws ConfigError, also for a key that is given twice.
std::vector<SweepKey> parse_sweep_keys(const std::vector<std::string>& texts);

// One value for each key, in their order.
using Combination = std::vector<std::string>;

// All, the last key's values changing fastest. Throws ConfigError for a range, and for more than
// 1,000.
std::vector<Combination> all_combinations(const std::vector<SweepKey>& keys);
// `count` different draws: of a list one of its values, of a range a number in it, by three digits
// or as many as tell a thousand numbers of it apart; one between integers is an integer.
// Combination i does not depend on `count`. Throws ConfigError, also where there are not so many.
std::vector<Combination> draw_combinations(const std::vector<SweepKey>& keys, std::size_t count,
                                           std::uint64_t seed);

}  // namespace cnn::app
