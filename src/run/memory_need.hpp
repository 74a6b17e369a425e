// What the commands take of memory, told before they take it. All figures are bytes of resident
// memory at the peak, and upper bounds.

#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "data/source.hpp"
#include "nn/network.hpp"
#include "run/run_config.hpp"

namespace cnn {

// Of a part of a data set, as it is read and kept.
std::size_t dataset_bytes(const DatasetHeader& header);

// Of Inference over a network that is there already: workspaces, the buffers of OpenBLAS, stacks.
std::size_t inference_bytes(const Network& network, int workers);

// Of a training run, its network included, but not the data; on each of so many ranks. from_file:
// its values are those of a file.
std::size_t training_bytes(const Network& network, const RunConfig& config, int workers,
                           bool from_file, int ranks = 1);

// Of a file of weights while it is read: all its tensors, also those that nobody needs, and F16
// become floats. 0 for a file that is not there: that costs a message.
std::size_t weights_bytes(const std::filesystem::path& path);

// Of this process if it takes `more` from now on, OpenBLAS included; at least what it has held
// already.
std::size_t process_bytes(std::size_t more);

// "memory: at most 85 MB"
std::string memory_text(std::size_t bytes);

// A model file may come from anybody, and a few hundred bytes can ask for any amount. What the pass
// of a model may take: 4 GB, or as many MB as the environment says in CNN_MEMORY. Throws
// ConfigError if that is no number.
std::size_t most_model_bytes();
// Throws FileError, with the way to raise the bound, if the model in `path` takes more than that.
void require_model_memory(const std::filesystem::path& path, const Network& network, int workers);

}  // namespace cnn
