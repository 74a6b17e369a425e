#include "apps/combinations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "config/option_reader.hpp"

namespace cnn::app {
namespace {

constexpr std::size_t kMost = 1000;
// Apart from the purposes of the library (base/random.hpp).
constexpr auto kDraws = static_cast<Purpose>(1000);
constexpr std::string_view kLog = "log:";

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError("error: " + message);
}

struct Range {
  double low;
  double high;
  bool integers;
  bool logarithmic;
};

// Nothing if the value is no range at all: a path may have two dots in it. Throws ConfigError for
// one that cannot be drawn from.
std::optional<Range> range_of(const std::string& key, const std::string& value) {
  constexpr double kLargestInteger = 9007199254740992;  // 2^53: doubles between are integers
  const std::size_t dots = value.find("..");
  if (dots == std::string::npos) return std::nullopt;
  const bool logarithmic = value.starts_with(kLog);
  const std::size_t begin = logarithmic ? kLog.size() : 0;
  const std::string first = value.substr(begin, dots - begin), last = value.substr(dots + 2);
  const std::optional<double> low = parse_real(first), high = parse_real(last);
  if (!low && !high && !logarithmic) return std::nullopt;
  const bool integers = parse_integer(first) && parse_integer(last);
  const double most = integers ? kLargestInteger : std::numeric_limits<double>::max() / 2;
  if (!low || !high || !(*low < *high) || (logarithmic && *low <= 0) ||
      std::max(std::abs(*low), std::abs(*high)) > most) {
    fail("--sweep " + key + ": a range is as in 16..64, or log:1e-4..1e-1 above 0, got " +
         in_quotes(value));
  }
  return Range{*low, *high, integers, logarithmic};
}

// So many digits that a thousand numbers of the range differ, three at least.
std::string rounded(const Range& range, double value) {
  const double size = std::max(std::abs(range.low), std::abs(range.high));
  const int more = static_cast<int>(std::ceil(std::log10(size / (range.high - range.low))));
  const std::string text = fmt::format("{:.{}g}", value, 3 + std::clamp(more, 0, 14));
  const double read = parse_real(text).value_or(value);
  return fmt::format("{}", std::clamp(read, range.low, range.high));
}

std::string drawn(const Range& range, double uniform) {
  const double beyond = range.integers ? range.high + 1 : range.high;  // each integer as likely
  const double value = range.logarithmic ? range.low * std::pow(beyond / range.low, uniform)
                                         : range.low + (beyond - range.low) * uniform;
  if (!range.integers) return rounded(range, value);
  return std::to_string(static_cast<std::int64_t>(std::min(std::floor(value), range.high)));
}

Combination draw(const std::vector<SweepKey>& keys, std::size_t i, std::uint64_t seed) {
  Combination result;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const Random random(seed, kDraws, k);
    const std::vector<std::string>& values = keys[k].values;
    const auto choice =
        static_cast<std::size_t>(random.uniform(2 * i) * static_cast<double>(values.size()));
    const std::optional<Range> range = range_of(keys[k].key, values[choice]);
    result.push_back(range ? drawn(*range, random.uniform(2 * i + 1)) : values[choice]);
  }
  return result;
}

}  // namespace

SweepKey parse_sweep_key(const std::string& text) {
  const std::size_t equals = text.find('=');
  SweepKey result{text.substr(0, equals), {}};
  int depth = 0;
  char quote = 0;
  std::string value;
  const std::string list = equals == std::string::npos ? "" : text.substr(equals + 1);
  for (const char c : list + ",") {
    if (c == ',' && depth == 0 && quote == 0) {
      result.values.push_back(value);
      value.clear();
      continue;
    }
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else {
      depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    }
    value += c;
  }
  bool sound = !result.key.empty() && value.empty();
  for (const std::string& each : result.values) sound = sound && !each.empty();
  if (sound) return result;
  fail("--sweep takes KEY=V,V,… as in training.alpha=0.01,0.03, got " + in_quotes(text));
}

std::vector<SweepKey> parse_sweep_keys(const std::vector<std::string>& texts) {
  std::vector<SweepKey> keys;
  for (const std::string& text : texts) {
    keys.push_back(parse_sweep_key(text));
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
      if (keys[i].key == keys.back().key) {
        fail("--sweep varies " + keys[i].key + " twice; give all its values at once");
      }
    }
  }
  return keys;
}

std::vector<Combination> all_combinations(const std::vector<SweepKey>& keys) {
  std::vector<Combination> result(1);
  for (const SweepKey& key : keys) {
    std::vector<Combination> longer;
    for (const Combination& before : result) {
      for (const std::string& value : key.values) {
        if (range_of(key.key, value)) {
          fail("--sweep " + key.key + ": a range is for --random N, which draws from it");
        }
        longer.push_back(before);
        longer.back().push_back(value);
      }
      if (longer.size() > kMost) fail("--sweep has more than 1000 combinations; use --random N");
    }
    result = std::move(longer);
  }
  return result;
}

std::vector<Combination> draw_combinations(const std::vector<SweepKey>& keys, std::size_t count,
                                           std::uint64_t seed) {
  constexpr std::size_t kTries = 100;  // for each
  std::vector<Combination> result;
  for (std::size_t i = 0; result.size() < count && i < kTries * count; ++i) {
    Combination next = draw(keys, i, seed);
    if (std::ranges::find(result, next) == result.end()) result.push_back(std::move(next));
  }
  if (result.size() == count) return result;
  fail("--random " + std::to_string(count) + ": --sweep has only about " +
       std::to_string(result.size()) + " different combinations");
}

}  // namespace cnn::app
