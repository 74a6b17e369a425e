// How --help looks: options in groups, with their defaults, at most 80 columns wide.

#pragma once

#include <initializer_list>
#include <string>

#include <CLI/CLI.hpp>

namespace cnn::app {

// The group that comes last: what every command has.
inline constexpr const char* kHelpGroup = "Help";

class OptionList final : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

// Puts options under a heading of their own. Those of no group stand first, as "Options".
void group(CLI::App& app, const std::string& heading, std::initializer_list<const char*> names);

// The option of that name, which there must be. App::get_option, and options that are named by text
// in excludes() and needs(), end the program where memory is short: they allocate in noexcept.
CLI::Option* find_option(CLI::App& app, const std::string& name);

}  // namespace cnn::app
