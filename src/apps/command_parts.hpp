// What the command lines of several commands share.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace cnn::app {

// A flag that prints a text instead of doing anything, as --version does: others need not be there.
void add_printing_flag(CLI::App& app, const std::string& name, const std::string& description,
                       const std::function<std::string()>& text);

// Checks of CLI11, which give what is wrong, or "".
//
// An unset shell variable must not pass for an option that was not given.
std::string not_empty(const std::string& text);
// CLI11 reads 010 as octal; here a number is decimal, as in the YAML file.
std::string decimal(const std::string& text);

// --config and --set, of options that have `config` and `overrides`; returns --config.
template <typename Options>
CLI::Option* add_config_options(CLI::App& app, Options& o) {
  CLI::Option* config = app.add_option("--config", o.config,
                                       "The YAML file that describes data, network and training")
                            ->required()
                            ->type_name("FILE")
                            ->check(not_empty);
  app.add_option("--set", o.overrides,
                 "Override a key of the file, as in training.alpha=0.05 or network.conv1.count=32; "
                 "may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  return config;
}

// --tta; `what` begins its description.
CLI::Option* add_tta_option(CLI::App& app, std::string& tta, const std::string& what);

// Parses with help and version set up the project's way, then runs the body. `examples` are
// command lines.
int parse_and_run(CLI::App& app, const std::vector<std::string>& examples, int argc, char** argv,
                  const std::function<int()>& body);

}  // namespace cnn::app
