// Several runs that the ranks share out: each rank trains one at a time, wholly, and then takes the
// next one that nobody has begun. Who trains a run changes nothing in it.

#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "cnn/training_observer.hpp"

#include "apps/command_line.hpp"
#include "base/collective.hpp"
#include "run/run_directory.hpp"

namespace cnn::app {

struct SharedRuns {
  std::size_t count;
  // Run i begins on that rank. Called on rank 0, by any of its threads, as on_end is.
  std::function<void(std::size_t i, int rank)> on_begin;
  // Trains run i on this rank, alone. Returns what rank 0 is to know of it, or nothing if it was
  // stopped.
  std::function<std::optional<std::string>(std::size_t i)> train;
  // Run i has ended on that rank.
  std::function<void(std::size_t i, int rank, const std::string& result)> on_end;
};

// Returns on all ranks when no run is left: kDone, or 128 + the signal that has stopped some rank,
// and thereby all. What one of the functions throws stops all runs, and is then thrown on all
// ranks.
int share_runs(Collective& ranks, StopSwitch& stop, const SharedRuns& runs);

// Throws ConfigError, on all ranks, unless `directory` is the same one for all: the runs of each
// rank are to be found there by the others when the sweep goes on.
void require_same_directory(Collective& ranks, const std::filesystem::path& directory);

// Throws ConfigError if these runs would stand where others are: `directory` holds one itself, or a
// directory in it that is one of `names` does, and --overwrite is not given; or it is no directory.
// With --resume they may.
void require_free(const TrainOptions& options, const std::filesystem::path& directory,
                  const std::vector<std::string>& names);

// Says on stdout which model a run of another rank has left, as the run itself cannot.
void say_model(const RunDirectory& directory);

// Names the command that lays all runs of a directory side by side, on stderr unless all is quiet.
void say_report(const std::filesystem::path& directory, bool quiet);

// A value as a result, and back again.
template <typename T>
std::string to_result(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}
template <typename T>
T from_result(const std::string& result) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value{};
  std::memcpy(&value, result.data(), sizeof(T));
  return value;
}

}  // namespace cnn::app
