#include "apps/combinations.hpp"

#include <cmath>
#include <optional>

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

// Nothing if the value is no range at all. Throws ConfigError for one that cannot be drawn from.
std::optional<Range> range_of(const std::string& key, const std::string& value) {
  const std::size_t dots = value.find("..");
  if (dots == std::string::npos) return std::nullopt;
  const bool logarithmic = value.starts_with(kLog);
  const std::size_t begin = logarithmic ? kLog.size() : 0;
  const std::string first = value.substr(begin, dots - begin), last = value.substr(dots + 2);
  const std::optional<double> low = parse_real(first), high = parse_real(last);
  if (!low || !high || !(*low < *high) || (logarithmic && *low <= 0)) {
    fail("--sweep " + key + ": a range is as in 16..64, or log:1e-4..1e-1 above 0, got " +
         in_quotes(value));
  }
  return Range{*low, *high, parse_integer(first) && parse_integer(last), logarithmic};
}

std::string drawn(const Range& range, double uniform) {
  const double beyond = range.integers ? range.high + 1 : range.high;  // each integer as likely
  const double value = range.logarithmic ? range.low * std::pow(beyond / range.low, uniform)
                                         : range.low + (beyond - range.low) * uniform;
  if (range.integers) return std::to_string(static_cast<std::int64_t>(std::floor(value)));
  return fmt::format("{:.3g}", value);
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
  std::vector<Combination> result(count);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const Random random(seed, kDraws, k);
    const std::vector<std::string>& values = keys[k].values;
    for (std::size_t i = 0; i < count; ++i) {
      const auto choice =
          static_cast<std::size_t>(random.uniform(2 * i) * static_cast<double>(values.size()));
      const std::optional<Range> range = range_of(keys[k].key, values[choice]);
      result[i].push_back(range ? drawn(*range, random.uniform(2 * i + 1)) : values[choice]);
    }
  }
  return result;
}

}  // namespace cnn::app
