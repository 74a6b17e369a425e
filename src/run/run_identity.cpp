#include "run/run_identity.hpp"

#include <utility>
#include <vector>

#include "cnn/error.hpp"
#include "cnn/version.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/overrides.hpp"
#include "kernels/blas.hpp"

namespace cnn {
namespace {

// What differs between two runs, a line for each, apart from their length and from where their data
// lie.
std::string differences_of(const RunConfig& here, RunConfig there) {
  constexpr std::size_t kLongestValue = 1000;
  there.training.epochs = here.training.epochs;
  there.training.steps = here.training.steps;
  there.training.patience = here.training.patience;
  there.data.source = here.data.source;
  std::string text;
  for (const ConfigDifference& d : config_differences(to_yaml(here, ConfigText::portable),
                                                      to_yaml(there, ConfigText::portable))) {
    text += "\n  " + d.path + " is " + shown(d.here, kLongestValue) + ", the checkpoint has " +
            shown(d.there, kLongestValue);
  }
  return text;
}

// The same of what stands beside the configuration: " is here, the checkpoint's was there".
std::string difference_of(const std::string& what, const std::string& here,
                          const std::string& there) {
  if (here == there) return "";
  return "\n  the " + what + " is " + shown(here) + ", the checkpoint's was " + shown(there);
}

std::string origin(const Checkpoint& checkpoint) {
  const std::string& file = checkpoint.progress.weights;
  return file.empty() ? "its seed" : "a file of " + file;
}

// What a rank has beside the configuration.
struct Side {
  std::string what;
  std::string here;
};

// Throws ConfigError on all ranks unless all have the same.
void require_same(Collective& collective, RunConfig config, std::vector<Side> sides) {
  if (collective.is_alone()) return;
  sides.insert(sides.begin(), {{"version", version()}, {"arithmetic", arithmetic()}});
  config.data.source = {};
  std::vector<std::vector<std::string>> of_sides;
  for (const Side& side : sides) of_sides.push_back(collective.texts(side.here));
  const std::vector<std::string> configs = collective.texts(to_yaml(config, ConfigText::portable));
  for (std::size_t rank = 1; rank < configs.size(); ++rank) {
    std::string text;
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const std::string& theirs = of_sides[i][rank];
      if (theirs == of_sides[i][0]) continue;
      text += "\n  the " + sides[i].what + " is " + shown(theirs) + ", that of rank 0 is " +
              shown(of_sides[i][0]);
    }
    for (const ConfigDifference& d : config_differences(configs[rank], configs[0])) {
      text += "\n  " + d.path + " is " + shown(d.here) + ", rank 0 has " + shown(d.there);
    }
    collective.together([&] {
      if (text.empty()) return;
      throw ConfigError("error: rank " + std::to_string(rank) +
                        " would not train what rank 0 does" + text);
    });
  }
}

}  // namespace

bool holds_best_of(const FilePlace& place, const RunConfig& config, std::uint64_t epoch) {
  if (epoch == 0 || !is_there(place)) return false;
  try {
    const Model best = load_model(place);
    return differences_of(config, best.info.config).empty() &&
           (best.epoch.empty() || best.epoch == std::to_string(epoch));
  } catch (const FileError&) {
    return false;
  }
}

void check_same_run(const Checkpoint& here, const Checkpoint& other) {
  const std::string differences =
      differences_of(here.info.config, other.info.config) +
      difference_of("training set", here.data, other.data) +
      difference_of("origin of its weights", origin(here), origin(other));
  if (differences.empty()) return;
  throw ConfigError("error: cannot go on from " + display_path(other.file.path) +
                    " in this directory: " + display_path(here.file.path) + " is of another run" +
                    differences + "\n  go on in another directory with --out DIR");
}

void check_same_run(const Checkpoint& checkpoint, const ModelInfo& info, const std::string& data) {
  const std::string differences = differences_of(info.config, checkpoint.info.config) +
                                  difference_of("training set", data, checkpoint.data);
  if (differences.empty()) return;
  throw FileError(path_text(checkpoint.file.path) + ": error: cannot resume: the run differs" +
                  differences +
                  "\n  start a new run with --out DIR, or reuse the weights with --weights " +
                  path_text(checkpoint.file.path));
}

void require_same_run(Collective& collective, const ModelInfo& info, const std::string& data,
                      const std::string& weights) {
  require_same(
      collective, info.config,
      {{"training set", data}, {"origin of the weights", weights.empty() ? "the seed" : weights}});
}

void require_same_runs(Collective& collective, const RunConfig& config, const std::string& runs) {
  require_same(collective, config, {{"list of runs", runs}});
}

}  // namespace cnn
