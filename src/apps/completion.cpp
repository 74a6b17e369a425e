#include "apps/completion.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "run/config_schema.hpp"

namespace cnn::app {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

// The map among the forms that a value can have, or null.
Json map_of(const Json& schema) {
  if (schema.contains("properties")) return schema["properties"];
  if (!schema.contains("anyOf")) return {};
  for (const Json& form : schema["anyOf"]) {
    if (form.contains("properties")) return form["properties"];
  }
  return {};
}

// Keys of a map and of the maps in it: "alpha", "schedule", "schedule.policy".
void collect_keys(const Json& properties, const std::string& prefix, Words& keys) {
  for (const auto& [key, schema] : properties.items()) {
    keys.push_back(prefix + key);
    collect_keys(map_of(schema), prefix + key + ".", keys);
  }
}

struct SetKeys {
  Words sections;
  std::vector<std::pair<std::string, Words>> layers;  // by type
};

SetKeys set_keys() {
  SetKeys keys;
  const Json schema = Json::parse(config_schema());
  collect_keys(schema["properties"], "", keys.sections);
  std::erase(keys.sections, "network");
  const Json layers = map_of(schema["properties"]["network"]["items"]);
  for (const auto& [type, layer] : layers.items()) {
    collect_keys(map_of(layer), "", keys.layers.emplace_back(type, Words()).second);
  }
  return keys;
}

// In single quotes, whatever it holds: for all three shells.
std::string single_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\"'\"'" : std::string(1, c);
  return result + "'";
}

// What fits beside an option: its description up to where it goes into details.
std::string brief(const std::string& description) {
  const std::size_t end = std::min(description.find_first_of(";:"), description.find(". "));
  return description.substr(0, end);
}

bool is_file(const CommandOption& option) {
  return option.value.find("FILE") != std::string::npos ||
         option.value.find("DIR") != std::string::npos ||
         option.value.find("CHECKPOINT") != std::string::npos;
}

bool takes_key(const CommandOption& option) {
  return option.value.starts_with("KEY=");
}

bool takes_keys(const CommandShape& command) {
  return std::any_of(command.options.begin(), command.options.end(), takes_key);
}

// "_cnn_train"
std::string function_of(const CommandShape& command) {
  std::string name = "_" + command.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// The layers of a configuration as "TYPE NAME" lines, from its resolved form, one layer per line.
constexpr const char* kLayers =
    R"(command cnn-train --config "$1" --print-config 2>/dev/null |
    sed -n 's/^  - \([a-z_]*\): {name: "\{0,1\}\([A-Za-z0-9_-]*\).*/\1 \2/p')";

// A function that prints the keys of --set, for bash and zsh; $1 is the configuration, or empty.
std::string keys_function(const CommandShape& command) {
  if (!takes_keys(command)) return "";
  const SetKeys keys = set_keys();
  std::string text = function_of(command) + "_keys() {\n  printf '%s\\n' " +
                     join(keys.sections, " ") + "\n  [[ -f $1 ]] || return\n  " + kLayers +
                     " |\n    while read -r type name; do\n      case $type in\n";
  for (const auto& [type, own] : keys.layers) {
    text += "        " + type + ") printf \"network.$name.%s\\n\" " + join(own, " ") + " ;;\n";
  }
  return text + "      esac\n    done\n}\n";
}

// `text` with the command's function for "FUNCTION".
std::string filled(std::string text, const CommandShape& command) {
  constexpr std::string_view kPlace = "FUNCTION";
  for (std::size_t at = text.find(kPlace); at != text.npos; at = text.find(kPlace)) {
    text.replace(at, kPlace.size(), function_of(command));
  }
  return text;
}

constexpr const char* kBashKeys = R"sh(local config= i
      for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == --config ]] || continue
        config=${COMP_WORDS[i + 1]}
        [[ $config == = ]] && config=${COMP_WORDS[i + 2]}
      done
      COMPREPLY=($(compgen -W "$(FUNCTION_keys "${config/#\~/$HOME}")" -S = -- "$cur"))
      compopt -o nospace)sh";
constexpr const char* kBashFiles =
    R"sh(mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames)sh";
// bash takes "--split=te" for three words.
constexpr const char* kBashHead = R"sh(FUNCTION() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if [[ $cur == = || $prev == = ]]; then
    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
    [[ $cur == = ]] && cur=
    [[ $prev == -* ]] || return
  fi
  case $prev in
)sh";

std::string bash_words(const Words& words) {
  return "COMPREPLY=($(compgen -W " + single_quoted(join(words, " ")) + " -- \"$cur\"))";
}

std::string bash_script(const CommandShape& command) {
  Words names;
  std::string text = kBashHead;
  for (const CommandOption& option : command.options) {
    names.push_back(option.name);
    if (option.value.empty()) continue;
    text += "    " + option.name + ") " +
            (takes_key(option)       ? kBashKeys
             : !option.words.empty() ? bash_words(option.words)
             : is_file(option)       ? kBashFiles
                                     : ":") +
            " ;;\n";
  }
  text += "    *)\n      if [[ $cur == -* ]]; then\n        " + bash_words(names) + "\n";
  if (command.takes_files) text += "      else\n        " + std::string(kBashFiles) + "\n";
  text += "      fi ;;\n  esac\n}\ncomplete -F FUNCTION " + command.name + "\n";
  return keys_function(command) + filled(text, command);
}

constexpr const char* kZshKeys = R"sh(FUNCTION_set() {
  local config=${(Q)opt_args[--config]}
  local -a keys
  keys=(${(f)"$(FUNCTION_keys ${config/#\~/$HOME})"})
  compadd -S = -- $keys
}
)sh";

// A text inside the brackets or between the colons of a specification of _arguments.
std::string escaped_for_zsh(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_script(const CommandShape& command) {
  const std::string function = function_of(command);
  std::string text = "#compdef " + command.name + "\n" + keys_function(command);
  if (takes_keys(command)) text += filled(kZshKeys, command);
  text += function + "() {\n  _arguments";
  for (const CommandOption& option : command.options) {
    std::string spec = (option.repeats ? "*" : "") + option.name + "[" +
                       escaped_for_zsh(brief(option.description)) + "]";
    if (!option.value.empty()) {
      spec += (option.value.starts_with('[') ? "::" : ":") + escaped_for_zsh(option.value) + ":";
      spec += takes_key(option)       ? function + "_set"
              : !option.words.empty() ? "(" + join(option.words, " ") + ")"
              : is_file(option)       ? "_files"
                                      : " ";
    }
    text += " \\\n    " + single_quoted(spec);
  }
  if (command.takes_files) text += " \\\n    '*:file:_files'";
  // As a file in a directory of completions it is the function itself; elsewhere it registers one.
  return text + "\n}\nif [[ $funcstack[1] == _" + command.name + " ]]; then\n  " + function +
         " \"$@\"\nelse\n  compdef " + function + " " + command.name + "\nfi\n";
}

constexpr const char* kFishLayers = R"sh(  set -l words (commandline -opc)
  set -l at (contains -i -- --config $words); or return
  set at (math $at + 1)
  test -f "$words[$at]"; or return
  command cnn-train --config $words[$at] --print-config 2>/dev/null |
    sed -n 's/^  - \([a-z_]*\): {name: "\{0,1\}\([A-Za-z0-9_-]*\).*/\1 \2/p' |
    while read -l type name
      switch $type
)sh";

std::string fish_script(const CommandShape& command) {
  const std::string function = "_" + function_of(command);
  std::string text;
  if (takes_keys(command)) {
    const SetKeys keys = set_keys();
    text += "function " + function + "_keys\n  printf '%s\\n' " + join(keys.sections, "= ") +
            "=\n" + kFishLayers;
    for (const auto& [type, own] : keys.layers) {
      text += "        case " + type + "\n          printf \"network.$name.%s=\\n\" " +
              join(own, " ") + "\n";
    }
    text += "      end\n    end\nend\n";
  }
  if (!command.takes_files) text += "complete -c " + command.name + " -f\n";
  for (const CommandOption& option : command.options) {
    text += "complete -c " + command.name + " -l " + option.name.substr(2);
    if (takes_key(option)) {
      text += " -x -a '(" + function + "_keys)'";
    } else if (!option.words.empty()) {
      text += " -x -a " + single_quoted(join(option.words, " "));
    } else if (option.value.starts_with('[')) {
      text += " -F";
    } else if (!option.value.empty()) {
      text += is_file(option) ? " -r -F" : " -x";
    }
    text += " -d " + single_quoted(brief(option.description)) + "\n";
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell, const CommandShape& command) {
  const std::string made =
      "# Made by " + command.name + " --completion " + std::string(shell) + "\n";
  if (shell == "fish") return made + fish_script(command);
  if (shell == "bash") return made + bash_script(command);
  const std::string script = zsh_script(command);  // whose first line has to remain it
  const std::size_t end = script.find('\n') + 1;
  return script.substr(0, end) + made + script.substr(end);
}

}  // namespace cnn::app
