// TrainingRun: trains the network that a YAML configuration describes, as cnn-train does, and
// leaves the same run directory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cnn/export.hpp"
#include "cnn/training_observer.hpp"

namespace cnn {

struct TrainingOptions {
  enum class Start {
    fresh,     // refuse a run directory that holds a run
    resume,    // go on from a checkpoint of that directory
    overwrite  // replace the run in that directory, once the new one has its first checkpoint
  };

  std::vector<std::string> overrides;  // as in "training.alpha=0.05", in their order
  std::filesystem::path data;          // directory of the data instead of data.dir; or empty
  std::filesystem::path out;           // run directory instead of output.dir; or empty
  Start start = Start::fresh;
  std::filesystem::path checkpoint;  // to resume from; empty: the newest that can be read
  std::filesystem::path weights;     // a model file whose weights the run starts from; or empty
  std::vector<std::string> reset;    // layers that start anew, whatever that file has for them
  std::vector<std::string> rename;   // "FROM=TO": how the names of its tensors begin, and shall

  // Told what a person should know and what is no error: images that nothing can be learnt from, a
  // network that learns nothing, a broken checkpoint that is passed over. May be empty.
  std::function<void(const std::string&)> on_notice;
  // Told, before it is taken, how many bytes of memory the process will hold at most, libraries
  // included. May be empty.
  std::function<void(std::size_t)> on_memory;
  // Told now and then while picture files are decoded how many of how many are done; what it throws
  // ends that, and reaches the caller. May be empty.
  std::function<void(std::size_t done, std::size_t all)> on_reading;
};

// Owns all of a run: data, network, buffers and its directory, which no other run can have
// meanwhile. Used by one thread at a time; threads of its own do the work. Movable; nothing else
// may be called on a run that was moved from.
class CNN_EXPORT TrainingRun {
 public:
  enum class Outcome { finished, stopped };

  // Takes the run directory (made where it is missing, removed again if nothing is run), reads the
  // configuration and the data, and looks at everything that can be wrong before anything is
  // written. Throws ConfigError for a mistake in the configuration, a directory that holds another
  // run and one that is no directory, FileError for a file that cannot be read or does not fit, and
  // if another process or object has the directory.
  static TrainingRun from_file(const std::filesystem::path& config, TrainingOptions options = {});
  // Paths in the text are relative to the current directory.
  static TrainingRun from_yaml(const std::string& text, TrainingOptions options = {});

  TrainingRun(TrainingRun&&) noexcept;
  TrainingRun& operator=(TrainingRun&&) noexcept;
  ~TrainingRun();

  // The resolved configuration: every default spelt out.
  std::string config() const;
  // Where the run is: after `run` the place that its directory may have been moved to.
  const std::filesystem::path& directory() const;
  // The trained model, once the run is finished.
  std::filesystem::path model() const;
  // Steps done, and steps of the whole run.
  std::uint64_t step() const;
  std::uint64_t steps() const;

  // Trains to the end, or until `stop` asks to stop; either way a checkpoint is written last, and
  // after the end the model. Can be called again after a stop. Throws FileError if a file cannot be
  // written, DivergedError if a loss or a weight is no
  // longer finite: the last good checkpoint stays.
  Outcome run(TrainObserver& observer, StopSwitch& stop);
  Outcome run(TrainObserver& observer);

 private:
  struct State;
  explicit TrainingRun(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace cnn
