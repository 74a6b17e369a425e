// What the commands share: the way from an exception to an exit code, and CLI11 set up the
// project's way.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "run/run_config.hpp"

namespace cnn::app {

// The documented exit codes.
inline constexpr int kDone = 0;
inline constexpr int kInternal = 1;  // a bug of ours
inline constexpr int kUsage = 2;     // usage or configuration
inline constexpr int kFile = 3;      // data, image or model file, or no memory or thread for it
inline constexpr int kDiverged = 4;

// Runs `body`, whose value is the exit code. Every exception ends as one message on stderr and the
// exit code of its type; so does a result that cannot be written to stdout. A large body is passed
// by std::cref, so that making the std::function takes no memory.
int guarded(const std::function<int()>& body);

// Reads a configuration by `read`. One that cannot be read is a mistake of configuration, not of
// data.
LoadedConfig read_config(const std::function<LoadedConfig()>& read);

// Says on stderr, unless quiet, how much memory the process will hold if it takes `more` bytes from
// now on. Throws FileError if that is more than this machine has.
void announce_memory(std::size_t more, bool quiet);

}  // namespace cnn::app
