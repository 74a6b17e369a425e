// Completion in shells: scripts for bash, zsh and fish, made from a command's options.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cnn::app {

struct CommandOption {
  std::string name;                // "--split"
  std::string value;               // what it takes, as in "FILE"; empty for a flag
  std::vector<std::string> words;  // all values that it can have, where they can be listed
  std::string description;
  bool repeats = false;
};

struct CommandShape {
  std::string name;  // "cnn-train"
  std::vector<CommandOption> options;
  bool takes_files = false;  // besides options
};

// The script for that shell: bash, zsh or fish. The keys of --set come from the schema of
// configurations; those of layers by name, from what the command of --config FILE describes when
// completion is asked for.
std::string completion_script(std::string_view shell, const CommandShape& command);

}  // namespace cnn::app
