#include "config/option_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "config/foreign_words.hpp"
#include "config/path_bytes.hpp"

namespace cnn {
namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "012", "-012": the digits of a decimal number do not begin so.
bool has_leading_zero(std::string_view digits) {
  if (digits.starts_with('-')) digits.remove_prefix(1);
  return digits.size() > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9';
}

bool looks_like_number(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdefxoABCDEFXO+-._") == std::string_view::npos;
}

// A bound of an integer, which as a double may be one above the largest of all.
std::string integer_text(double bound) {
  constexpr double kBeyond = 9223372036854775808.0;  // 2^63
  return bound >= kBeyond ? std::to_string(std::numeric_limits<std::int64_t>::max())
                          : std::to_string(static_cast<std::int64_t>(bound));
}

// "from 1 to 32768", "0 or more", "above 0", "at least 0 and below 1"
std::string range_text(const Bounds& b, const std::function<std::string(double)>& text) {
  const bool has_low = b.low > std::numeric_limits<double>::lowest();
  const bool has_high = b.high < std::numeric_limits<double>::max();
  const std::string low = (b.above_low ? "above " : "at least ") + text(b.low);
  const std::string high = (b.below_high ? "below " : "at most ") + text(b.high);
  if (has_low && has_high) {
    const bool inclusive = !b.above_low && !b.below_high;
    return inclusive ? "from " + text(b.low) + " to " + text(b.high) : low + " and " + high;
  }
  if (has_high) return high;
  return b.above_low ? low : text(b.low) + " or more";
}

std::string integer_phrase(const Bounds& bounds) {
  return bounds.low >= 1 ? "a positive integer" : "an integer";
}

std::filesystem::path without_last_slash(const std::filesystem::path& path) {
  return path.has_filename() || path == path.root_path() ? path : path.parent_path();
}

// The section that has the key, the outermost of several; empty if there is none. `paths` are those
// of all keys, as "training.alpha".
std::string section_of(const std::string& key, const std::vector<std::string>& paths) {
  std::string section;
  for (const std::string& path : paths) {
    if (!path.ends_with("." + key)) continue;
    const std::string found = path.substr(0, path.rfind('.'));
    const auto depth = [](const std::string& p) { return std::count(p.begin(), p.end(), '.'); };
    if (section.empty() || depth(found) < depth(section)) section = found;
  }
  return section;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || has_leading_zero(text) || text == "-0") return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  // from_chars knows "inf" and "nan", too.
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || has_leading_zero(text)) return std::nullopt;
  return value;
}

OptionReader::OptionReader(const Context& context, const ConfigNode& node, Title title,
                           const Place& place, std::string_view short_form)
    : context_(context),
      title_(std::move(title)),
      place_(place),
      short_form_(short_form),
      map_(&node) {
  if (node.kind == ConfigNode::Kind::scalar && !short_form.empty()) {
    expanded_.emplace();
    expanded_->kind = ConfigNode::Kind::map;
    ConfigNode& child = expanded_->children.emplace_back(node);
    child.key = short_form;
    child.key_place = node.place;
    map_ = &*expanded_;
  } else if (node.kind == ConfigNode::Kind::broken) {
    map_ = nullptr;
  } else if (node.kind != ConfigNode::Kind::map && node.kind != ConfigNode::Kind::null) {
    unfit_ = {&node, "a map of options"};
    map_ = nullptr;
  }
}

void OptionReader::remember(std::string_view key) {
  if (!contains(known_, key)) known_.emplace_back(key);
}

std::string OptionReader::shown_name(std::string_view key) const {
  return expanded_ && key == short_form_ && !title_.key.empty() ? title_.key : std::string(key);
}

void OptionReader::complain(const ConfigNode& node, std::string message, std::string hint) {
  context_.diagnostics->add(node.place, std::move(message), std::move(hint));
}

const ConfigNode* OptionReader::given(std::string_view key) const {
  return map_ == nullptr || contains(displaced_, key) ? nullptr : map_->find(key);
}

const ConfigNode* OptionReader::take(std::string_view key, Presence presence) {
  remember(key);
  const ConfigNode* node = given(key);
  if (node != nullptr && node->kind != ConfigNode::Kind::broken) return node;
  if (key == short_form_) keys_uncertain_ = true;
  if (node == nullptr && presence == Presence::required) missing_.push_back({std::string(key)});
  return nullptr;
}

void OptionReader::refuse(std::string_view key, std::string_view other, std::string_view hint) {
  refused_.emplace_back(key);
  const ConfigNode* node = given(key);
  if (node == nullptr) return;
  context_.diagnostics->add(
      node->key_place,
      in_quotes(key) + " has no place beside " + std::string(other) + " in " + title_.full,
      std::string(hint));
}

bool OptionReader::wants(std::string_view key, bool) {
  remember(key);
  return given(key) != nullptr;
}

bool OptionReader::has_number(std::string_view key, bool) {
  const ConfigNode* node = given(key);
  return node != nullptr && node->kind == ConfigNode::Kind::scalar && parse_real(node->text);
}

std::optional<std::int64_t> OptionReader::read_integer(const ConfigNode& node,
                                                       const std::string& what, Bounds bounds,
                                                       const std::string& form,
                                                       const std::string& or_else) {
  if (node.kind == ConfigNode::Kind::broken) return std::nullopt;
  const bool plain = node.kind == ConfigNode::Kind::scalar && !node.quoted;
  const std::optional<std::int64_t> value = plain ? parse_integer(node.text) : std::nullopt;
  if (value && bounds.hold(static_cast<double>(*value))) return value;
  const std::string digits = node.text.starts_with('-') ? node.text.substr(1) : node.text;
  const bool too_large = plain && !digits.empty() && !has_leading_zero(digits) && digits != "0" &&
                         digits.find_first_not_of("0123456789") == std::string::npos;
  if (value || too_large) {
    complain(node, what + " must be " + or_else + range_text(bounds, integer_text) + ", got " +
                       shown(node.text));
  } else if (node.quoted) {
    complain(node, what + " must be " + or_else + form + ", got " + describe(node),
             "write it without quotes");
  } else {
    complain(node, what + " must be " + or_else + form + ", got " + describe(node),
             looks_like_number(node.text)
                 ? "write it in decimal digits alone: no leading 0, point, exponent or 0x"
                 : "");
  }
  return std::nullopt;
}

void OptionReader::integer(std::string_view key, std::int64_t& value, Bounds bounds,
                           Presence presence) {
  const ConfigNode* node = take(key, presence);
  if (node == nullptr) return;
  value = read_integer(*node, shown_name(key), bounds, integer_phrase(bounds)).value_or(value);
}

void OptionReader::integer_or(std::string_view key, std::int64_t& value, Bounds bounds,
                              std::string_view word, std::int64_t word_value) {
  const ConfigNode* node = take(key, Presence::optional);
  if (node == nullptr) return;
  if (node->text == word) {
    value = word_value;
    return;
  }
  value = read_integer(*node, std::string(key), bounds, integer_phrase(bounds),
                       std::string(word) + " or ")
              .value_or(value);
}

std::optional<double> OptionReader::read_real(const ConfigNode& node, const std::string& what,
                                              Bounds bounds) {
  if (node.kind == ConfigNode::Kind::broken) return std::nullopt;
  const bool plain = node.kind == ConfigNode::Kind::scalar && !node.quoted;
  const std::optional<double> number = plain ? parse_real(node.text) : std::nullopt;
  if (number && bounds.hold(*number)) return number;
  complain(node,
           what + " must be " +
               (number ? range_text(bounds, number_text) + ", got " + shown(node.text)
                       : "a number, got " + describe(node)),
           node.quoted ? "write it without quotes" : "");
  return std::nullopt;
}

void OptionReader::real(std::string_view key, double& value, Bounds bounds, Presence presence) {
  const ConfigNode* node = take(key, presence);
  if (node == nullptr) return;
  if (expanded_ && key == short_form_ && !parse_real(node->text)) {
    unfit_ = {node, "a number or a map of options"};
    return;
  }
  value = read_real(*node, shown_name(key), bounds).value_or(value);
}

void OptionReader::numbers(std::string_view key,
                           std::vector<std::pair<std::string, double>>& values, Bounds bounds,
                           std::string_view word, bool& is_word) {
  const ConfigNode* node = take(key, Presence::optional);
  if (node == nullptr) return;
  if (node->kind == ConfigNode::Kind::scalar && node->text == word) {
    is_word = true;
  } else if (node->kind == ConfigNode::Kind::map && !node->children.empty()) {
    for (const ConfigNode& child : node->children) {
      const bool repeated = node->find(child.key) != &child;  // reported when it was parsed
      const auto number =
          read_real(child, std::string(key) + " of " + in_quotes(child.key), bounds);
      if (number && !repeated) values.emplace_back(child.key, *number);
    }
  } else {
    complain(*node, std::string(key) + " must be " + std::string(word) +
                        " or a map as in {NAME: 2, NAME: 0.5}, got " + describe(*node));
  }
}

void OptionReader::range(std::string_view key, std::array<double, 2>& value, Bounds bounds,
                         Presence presence) {
  const ConfigNode* node = take(key, presence);
  if (node == nullptr) return;
  const std::string name(key);
  if (node->kind != ConfigNode::Kind::sequence || node->children.size() != 2) {
    complain(*node, name + " must be two numbers as in [0.5, 1], got " + describe(*node));
    return;
  }
  const auto low = read_real(node->children[0], name + "'s least", bounds);
  const auto high = read_real(node->children[1], name + "'s most", bounds);
  if (!low || !high) return;
  if (*low > *high) {
    complain(*node, name + " must be [least, most], got [" + number_text(*low) + ", " +
                        number_text(*high) + "]");
    return;
  }
  value = {*low, *high};
}

void OptionReader::size2(std::string_view key, Size2& value, Bounds bounds, Presence presence) {
  const ConfigNode* node = take(key, presence);
  if (node == nullptr) return;
  const std::string name(key);
  const std::string form = integer_phrase(bounds) + " or [height, width]";
  const auto as_int = [](std::int64_t number) { return static_cast<int>(number); };
  if (node->kind == ConfigNode::Kind::sequence && node->children.size() == 2) {
    const std::string phrase = integer_phrase(bounds);
    const auto height = read_integer(node->children[0], name + "'s height", bounds, phrase);
    const auto width = read_integer(node->children[1], name + "'s width", bounds, phrase);
    if (height && width) value = {as_int(*height), as_int(*width)};
  } else if (const auto both = read_integer(*node, name, bounds, form)) {
    value = {as_int(*both), as_int(*both)};
  }
}

void OptionReader::boolean(std::string_view key, bool& value) {
  const ConfigNode* node = take(key, Presence::optional);
  if (node == nullptr) return;
  if (node->quoted || (node->text != "true" && node->text != "false")) {
    complain(*node, std::string(key) + " must be true or false, got " + describe(*node));
    return;
  }
  value = node->text == "true";
}

void OptionReader::one_of(std::string_view key, std::size_t& index,
                          std::span<const std::string_view> names, Presence presence) {
  const std::vector<std::string> words = to_strings(names);
  const ConfigNode* node = take(key, presence);
  if (node == nullptr) {
    if (key == short_form_) choices_ = std::string(key) + " is " + join(words, ", ", " or ");
    return;
  }
  const auto found = std::find(names.begin(), names.end(), node->text);
  if (node->kind == ConfigNode::Kind::scalar && found != names.end()) {
    index = static_cast<std::size_t>(found - names.begin());
    return;
  }
  const std::string match = closest(node->text, words);
  complain(*node,
           shown_name(key) + " must be " + join(words, ", ", " or ") + ", got " + describe(*node),
           match.empty() ? "" : "did you mean '" + match + "'?");
  undecided_.emplace_back(key);
  if (key == short_form_) keys_uncertain_ = true;
}

std::optional<std::string> OptionReader::read_text(const ConfigNode& node, const std::string& what,
                                                   const TextCheck& check) {
  if (node.kind != ConfigNode::Kind::scalar) {
    if (node.kind != ConfigNode::Kind::broken) {
      complain(node, what + " must be a text, got " + describe(node));
    }
    return std::nullopt;
  }
  if (node.text.empty() || node.text.find('\0') != std::string::npos) {
    complain(node,
             what + (node.text.empty() ? " must not be empty" : " must not hold a NUL character"));
    return std::nullopt;
  }
  if (const std::optional<Complaint> complaint = check ? check(node.text) : std::nullopt) {
    complain(node, complaint->message, complaint->hint);
    return std::nullopt;
  }
  return node.text;
}

void OptionReader::text(std::string_view key, std::string& value, const TextCheck& check,
                        Presence presence) {
  const ConfigNode* node = take(key, presence);
  if (node == nullptr) return;
  if (const auto text = read_text(*node, std::string(key), check)) value = *text;
}

void OptionReader::texts(std::string_view key, std::vector<std::string>& values, bool one_will_do,
                         const TextCheck& check) {
  const ConfigNode* node = take(key, Presence::optional);
  if (node == nullptr) return;
  const std::string name(key);
  std::vector<std::string> result;
  if (node->kind == ConfigNode::Kind::sequence && !node->children.empty()) {
    for (const ConfigNode& item : node->children) {
      if (auto text = read_text(item, "each of " + name, check)) result.push_back(std::move(*text));
    }
  } else if (node->kind == ConfigNode::Kind::scalar && one_will_do) {
    if (auto text = read_text(*node, name, check)) result.push_back(std::move(*text));
  } else {
    complain(*node, name + " must be a " + (one_will_do ? "name or a " : "") +
                        "list as in [a, b], got " + describe(*node));
    return;
  }
  values = std::move(result);
}

void OptionReader::path(std::string_view key, std::filesystem::path& value, Presence presence) {
  std::string text;
  this->text(key, text, nullptr, presence);
  if (text.empty()) return;
  value = without_last_slash((context_.base / path_from_yaml(text)).lexically_normal());
}

void OptionReader::section(std::string_view key, std::string_view short_form, const Visit& visit,
                           Presence presence) {
  const ConfigNode* node = take(key, presence);
  if (node == nullptr) return;
  const std::string name(key);
  Title title{name, name, name};
  if (!short_form.empty()) {
    const ConfigNode* kind = node->kind == ConfigNode::Kind::scalar ? node : node->find(short_form);
    const bool names_it =
        kind != nullptr && kind->kind == ConfigNode::Kind::scalar && !looks_like_number(kind->text);
    if (names_it) {
      title = {name + " " + in_quotes(kind->text), name + " " + shown(kind->text), name};
    }
  }
  OptionReader reader(context_, *node, std::move(title), node->key_place, short_form);
  visit(reader);
  reader.finish();
}

void OptionReader::exclusive(std::string_view key, const std::vector<std::string_view>& others) {
  for (const std::string_view other : others) {
    const ConfigNode* one = given(key);
    const ConfigNode* two = given(other);
    if (one == nullptr || two == nullptr) continue;
    if (two->key_place.source != one->key_place.source) {
      const bool first_loses = one->key_place.source < two->key_place.source;
      displaced_.emplace_back(first_loses ? key : other);
      continue;
    }
    if (one > two) std::swap(one, two);  // children of one map: the order of the text
    context_.diagnostics->add(
        two->key_place,
        in_quotes(two->key) + " and " + in_quotes(one->key) + " exclude one another",
        in_quotes(one->key) + " is in line " + std::to_string(one->key_place.line) +
            "; keep one of them");
    return;
  }
}

void OptionReader::rule_out(std::string_view key, std::string_view decider,
                            const Complaint& complaint) {
  remember(key);
  const ConfigNode* node = given(key);
  const ConfigNode* cause = given(decider);
  if (node == nullptr || contains(undecided_, decider)) return;
  if (cause != nullptr && cause->key_place.source > node->key_place.source) return;
  context_.diagnostics->add(node->key_place, complaint.message, complaint.hint);
}

void OptionReader::needs_one_of(const std::vector<std::string_view>& keys) {
  if (std::any_of(keys.begin(), keys.end(),
                  [&](std::string_view key) { return given(key) != nullptr; })) {
    return;
  }
  missing_.emplace_back(keys.begin(), keys.end());
}

std::string OptionReader::accepted() const {
  return title_.brief + " accepts: " + join(known_, " ");
}

std::string OptionReader::report_unknown(const ConfigNode& child) {
  const std::string unknown = "unknown key " + in_quotes(child.key) + " in " + title_.full;
  const auto report = [&](const std::string& message, const std::string& hint) {
    context_.diagnostics->add(child.key_place, message, hint);
  };
  if (const ForeignWord* word = find_foreign_key(child.key, known_)) {
    const std::string here(word->here);
    report(unknown + "; " + std::string(word->meaning) + " is called '" + here + "' here", "");
    return here;
  }
  const std::string before_colon = child.key.substr(0, child.key.find(':'));
  if (before_colon != child.key && contains(known_, before_colon)) {
    report(unknown, "put a space after the ':'");
    return before_colon;
  }
  const std::string match = closest(child.key, known_);
  const std::string section = section_of(child.key, context_.sections);
  if (match.empty() && !section.empty()) {
    report(unknown, in_quotes(child.key) + " belongs in " + section + "; " + accepted());
  } else {
    report(unknown, suggestion(child.key, known_, title_.brief + " accepts"));
  }
  return match;
}

void OptionReader::finish() {
  if (unfit_) {
    if (!title_.key.empty()) title_.full = title_.brief = title_.key;
    complain(*unfit_->node,
             title_.full + " must be " + unfit_->wanted + ", got " + describe(*unfit_->node),
             known_.empty() ? "" : accepted());
  }
  if (map_ == nullptr) return;
  std::vector<std::string> meant;
  for (const ConfigNode& child : map_->children) {
    const bool repeated = map_->find(child.key) != &child;  // reported when it was parsed
    if (repeated || contains(known_, child.key) || contains(refused_, child.key)) continue;
    if (keys_uncertain_) continue;
    meant.push_back(report_unknown(child));
  }
  std::string missing;
  for (const std::vector<std::string>& keys : missing_) {
    const bool misspelt = std::any_of(keys.begin(), keys.end(),
                                      [&](const std::string& key) { return contains(meant, key); });
    if (misspelt) continue;
    std::vector<std::string> words;
    for (const std::string& key : keys) words.push_back(in_quotes(key));
    missing += (missing.empty() ? "" : " and ") + join(words, " or ");
  }
  if (missing.empty()) return;
  context_.diagnostics->add(place_, title_.full + " needs " + missing,
                            keys_uncertain_ ? choices_ : accepted());
}

}  // namespace cnn
