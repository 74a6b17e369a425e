#include "apps/command_parts.hpp"

#include <cstdio>
#include <memory>
#include <sstream>

#include "cnn/version.hpp"

#include "apps/app.hpp"
#include "apps/completion.hpp"
#include "apps/option_list.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

[[noreturn]] void print_instead(std::string text) {
  if (text.ends_with('\n')) text.pop_back();  // CLI11 adds one
  throw CLI::CallForVersion(text, 0);
}

// What completion needs to know of the command.
CommandShape shape_of(const CLI::App& app) {
  CommandShape shape;
  shape.name = app.get_name();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) {
      shape.takes_files = true;
      continue;
    }
    CommandOption& entry = shape.options.emplace_back();
    entry.name = "--" + option->get_lnames().front();
    entry.description = option->get_description();
    if (option->get_items_expected_max() == 0) continue;  // a flag
    entry.value = option->get_type_name().substr(0, option->get_type_name().find(':'));
    entry.repeats = option->get_items_expected_max() > 1;
    // IsMember describes itself as {a,b,c}.
    const std::size_t open = option->get_type_name().find('{');
    if (open == std::string::npos) continue;
    std::stringstream words(option->get_type_name().substr(open + 1));
    for (std::string word; std::getline(words, word, ',');) {
      entry.words.push_back(word.substr(0, word.find('}')));
    }
  }
  return shape;
}

void add_completion_option(CLI::App& app) {
  app.add_option_function<std::string>(
         "--completion",
         [&app](const std::string& shell) {
           print_instead(completion_script(shell, shape_of(app)));
         },
         "Print the script that completes this command in that shell, and stop")
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace

void add_printing_flag(CLI::App& app, const std::string& name, const std::string& description,
                       const std::function<std::string()>& text) {
  app.add_flag_callback(
      name, [text] { print_instead(text()); }, description);
}

std::string not_empty(const std::string& text) {
  return text.empty() ? "must not be empty" : "";
}

std::string decimal(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const bool padded = text.size() > 1 && text.front() == '0';
  return digits && !padded ? "" : "must be a decimal number, got '" + text + "'";
}

CLI::Option* add_tta_option(CLI::App& app, std::string& tta, const std::string& what) {
  return app
      .add_option("--tta", tta,
                  what +
                      ": with shifts, by the mean of the probabilities of each image and its 8 "
                      "copies shifted by one pixel, diagonally, too; with flip, of each image and "
                      "its mirror image")
      ->check(CLI::IsMember({"none", "shifts", "flip"}))
      ->capture_default_str();
}

int parse_and_run(CLI::App& app, const std::vector<std::string>& examples, int argc, char** argv,
                  const std::function<int()>& body) {
  app.formatter(std::make_shared<OptionList>());
  app.set_version_flag("--version", version(), "Print the version and stop");
  app.set_help_flag("-h,--help", "Print this list and stop");
  add_completion_option(app);
  group(app, kHelpGroup, {"--help", "--version", "--completion"});
  app.footer("Examples:\n  " + join(examples, "\n  ") +
             "\n\nExit codes:\n  0 done, 2 usage or configuration, 3 data, image or model file,\n"
             "  4 training diverged, 130/143 stopped by SIGINT/SIGTERM after a checkpoint");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string name = app.get_name(), mistake = error.what();
    write_lines(stderr, name + ": error: " + shown(mistake, mistake.size()) + "; see " + name +
                            " --help\n");
    return kUsage;
  }
  return body();
}

}  // namespace cnn::app
