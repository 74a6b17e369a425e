// A configuration and its overrides, up to the planned network. The input: the YAML file, then each
// override after a NUL byte.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "fuzz.hpp"
#include "nn/workspace.hpp"
#include "run/run_config.hpp"

namespace {

using namespace cnn;
using namespace cnn::fuzz;

// Networks of more values than this are planned only.
constexpr std::size_t kMostValues = std::size_t{1} << 20;

std::vector<std::string> split(std::string_view input) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= input.size();) {
    const std::size_t end = std::min(input.find('\0', begin), input.size());
    parts.emplace_back(input.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// What is printed means the same: it is accepted, prints alike and differs in nothing.
void check_print(const RunConfig& config, ConfigText what) {
  const std::string printed = to_yaml(config, what);
  const auto again = accepted([&] { return parse_config("printed", printed); });
  require(again.has_value(), "a configuration that was accepted is accepted as it is printed");
  const std::string reprinted = to_yaml(*again, what);
  require(reprinted == printed, "a configuration prints alike after being read from its print");
  require(config_differences(printed, reprinted).empty(), "a configuration differs from itself");
}

void check_schedule(const TrainingConfig& training) {
  constexpr std::int64_t kLongestEpoch = std::numeric_limits<std::int32_t>::max();
  for (const std::int64_t steps_per_epoch : {std::int64_t{1}, kLongestEpoch}) {
    const Schedule& schedule = training.schedule;
    require(schedule.every.in_steps(steps_per_epoch) >= 1 &&
                schedule.warmup.in_steps(steps_per_epoch) >= 0,
            "a schedule counts steps");
    const std::int64_t steps =
        training.steps > 0 ? training.steps : training.epochs * steps_per_epoch;
    require(steps > 0, "a run has steps");
    for (const std::int64_t t : {std::int64_t{0}, steps / 2, steps - 1}) {
      require(!std::isnan(schedule_factor(schedule, t, {steps, steps_per_epoch})),
              "a schedule is a number");
    }
  }
}

void check_network(const LoadedConfig& loaded, const Shape& input) {
  const auto plan =
      accepted([&] { return Network::plan_parameters(input, loaded.config.network); });
  if (!plan) {
    require(!accepted([&] { return build_network(loaded, input); }),
            "a network that cannot be planned is not built");
    return;
  }
  const std::size_t values = std::accumulate(
      plan->begin(), plan->end(), std::size_t{0},
      [](std::size_t sum, const Parameter& p) { return sum + (p.is_learnt() ? p.size : 0); });
  if (values > kMostValues) return;
  const auto network = accepted([&] { return build_network(loaded, input); });
  require(network && network->parameter_count() == values, "a planned network is built as planned");
  // In floating point, where nothing wraps around. A layer that works in place needs no tensor.
  double tensors = 0;
  for (std::size_t t = 0; t <= network->nodes().size(); ++t) {
    const Shape& shape = network->tensor_shape(t);
    require(shape.channels > 0 && shape.height > 0 && shape.width > 0, "no tensor is empty");
    if (t > 0 && network->works_in_place(t - 1)) continue;
    tensors += static_cast<double>(shape.channels) * shape.height * shape.width;
  }
  constexpr std::size_t kSamples = 32;
  require(static_cast<double>(Workspace::bytes(*network, kSamples, Phase::train)) >=
              tensors * kSamples * sizeof(Real),
          "a workspace counts all its bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  std::vector<std::string> overrides = split(text_of(data, size));
  file.put(overrides.front());
  overrides.erase(overrides.begin());

  const auto loaded = accepted([&] { return load_config(file.path(), overrides); });
  if (!loaded) return 0;
  require(loaded->layers.size() == loaded->config.network.size(), "every layer has its place");
  check_print(loaded->config, ConfigText::complete);
  check_print(loaded->config, ConfigText::portable);
  check_schedule(loaded->config.training);
  check_network(*loaded, {1, 28, 28});
  check_network(*loaded, {3, 7, 1});
  return 0;
}
