#include "apps/option_list.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace cnn::app {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 26;  // where descriptions begin

// Words of `text` in lines after `indent` spaces; the first line has `used` columns already.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t used) {
  std::string result;
  std::size_t column = used;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (column > indent && column + 1 + word.size() > kWidth) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

// "FILE", or of a choice "test|validation|train".
std::string value_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  if (open == std::string::npos) return type.substr(0, type.find(':'));
  std::string words = type.substr(open + 1, type.find('}') - open - 1);
  std::replace(words.begin(), words.end(), ',', '|');
  return words;
}

}  // namespace

std::string OptionList::make_option(const CLI::Option* option, bool is_positional) const {
  std::string head = "  " + make_option_name(option, is_positional);
  if (!is_positional && option->get_items_expected_max() > 0) head += " " + value_of(*option);
  std::string text = option->get_description();
  if (option->get_required()) text += " (required)";
  if (!option->get_default_str().empty()) text += " (default: " + option->get_default_str() + ")";
  if (head.size() + 2 > kColumn) {
    head += "\n" + std::string(kColumn, ' ');
  } else {
    head.append(kColumn - head.size(), ' ');
  }
  return head + wrapped(text, kColumn, kColumn) + "\n";
}

std::string OptionList::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::vector<std::string> names = app->get_groups();
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name != kHelpGroup; });
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name == "Options"; });
  std::string text = wrapped(app->get_description(), 0, 0) + "\n" +
                     make_usage(app, app->get_name()) + make_positionals(app);
  for (const std::string& name : names) {
    const auto options = app->get_options([&name](const CLI::Option* option) {
      return option->get_group() == name && option->nonpositional();
    });
    if (!options.empty()) text += make_group(name, false, options);
  }
  return text + "\n" + app->get_footer() + "\n";
}

void group(CLI::App& app, const std::string& heading, std::initializer_list<const char*> names) {
  for (const char* name : names) find_option(app, name)->group(heading);
}

CLI::Option* find_option(CLI::App& app, const std::string& name) {
  return app.get_options([&](CLI::Option* option) { return option->check_name(name); }).at(0);
}

}  // namespace cnn::app
