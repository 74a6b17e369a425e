// The images that runs are scored on, read once for runs that share them.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "run/model.hpp"
#include "run/training_data.hpp"

namespace cnn::report {

// Keeps the part that was read last, and no other: sets may be large. Used by one thread.
class KeptPart {
 public:
  // The images of `part` of `data`, as the model takes them, with its classes. They are read unless
  // they are those that are kept. `threads` decode. Throws FileError or ConfigError if they cannot
  // be had, or are not for the model.
  std::shared_ptr<const PartData> read(const ModelInfo& info, const DataConfig& data, DataPart part,
                                       int threads);

 private:
  // All that decides what is read.
  struct Source {
    std::string data;  // the section of the configuration
    DataPart part;
    std::optional<std::uint64_t> seed;  // of a part that was held out
    Shape input;
    std::vector<std::string> classes;
    std::optional<ImageStatistics> images;  // of pictures, which a model prepares

    bool operator==(const Source&) const = default;
  };
  static Source source_of(const ModelInfo& info, const DataConfig& data, DataPart part);

  std::optional<Source> source_;  // of what is kept
  std::shared_ptr<const PartData> kept_;
};

}  // namespace cnn::report
