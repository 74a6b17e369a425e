#include "config/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.hpp"
#include "config/yaml_locator.hpp"

namespace cnn {
namespace {

// A mistake after which the rest of the document means nothing.
struct Refusal {
  Place place;
  std::string message;
  std::string hint;
};

void check_encoding(std::string_view text, std::size_t begin, Locator& locator) {
  for (std::size_t i = begin; i < text.size();) {
    const Character c = first_character(text.substr(i));
    const auto bytes = [&] { return shown(text.substr(i, c.bytes)); };
    if (c.code == 0) throw Refusal{locator.at(i), "a NUL byte: this is not a text file", ""};
    if (!c.valid) {
      throw Refusal{locator.at(i), "byte " + bytes() + " is not UTF-8 text",
                    "save the file in the encoding UTF-8"};
    }
    if (is_control(c.code) && c.code != '\t' && c.code != '\n' && c.code != '\r') {
      throw Refusal{locator.at(i), "control character " + bytes() + " is not allowed",
                    "remove it, or write it as an escape within double quotes"};
    }
    i += c.bytes;
  }
}

// Builds the tree from yaml-cpp's events, and refuses what a configuration has no use for.
class TreeBuilder final : public YAML::EventHandler {
 public:
  // Marks count from byte `begin` of `text`.
  TreeBuilder(std::string_view text, std::size_t begin, Locator& locator, Diagnostics& diagnostics)
      : text_(text), begin_(begin), locator_(locator), diagnostics_(diagnostics) {}

  // The tree, after the last event. An empty text is null. Throws Refusal.
  ConfigNode take_root() {
    if (bad_key_) throw *bad_key_;
    if (!has_document_) root_.place = locator_.at(begin_);
    return std::move(root_);
  }

  // The innermost bracket that is open.
  std::optional<Place> open_bracket() const {
    const auto found = std::find_if(open_.rbegin(), open_.rend(),
                                    [](const Container& c) { return c.in_brackets; });
    return found == open_.rend() ? std::nullopt : std::optional(found->node->place);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (has_document_) {
      throw Refusal{place(mark), "the configuration ends before this, but more follows",
                    "one file holds one YAML document; remove the rest"};
    }
    has_document_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigNode& node = add(mark, anchor, "");
    const std::string_view token = text_.substr(offset(mark), 4);
    if (token == "null" || token == "Null" || token == "NULL") {
      node.place.length = 4;
    } else if (token.starts_with('~') || token.starts_with('&')) {
      return;
    } else if (!node.key.empty()) {  // otherwise the mark is where the next token stands
      node.place = node.key_place;
    } else if (const std::size_t dash = text_.find_last_of("-,[", offset(mark) - 1);
               offset(mark) > begin_ && dash != std::string_view::npos) {
      node.place = locator_.at(dash);
    }
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    add(mark, 0, "").kind = ConfigNode::Kind::broken;
    diagnostics_.add(place(mark), "aliases (*name) are not accepted", "write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const std::size_t bytes = scalar_bytes(text_.substr(offset(mark)), value);
    if (bytes == std::string_view::npos) {  // yaml-cpp lets some of these pass
      throw Refusal{place(mark), "a text in quotes does not end", "add the closing quote"};
    }
    const std::size_t length = count_characters(text_.substr(offset(mark), bytes));
    if (awaits_key()) {
      if (anchor == 0 && !has_tag(mark, tag)) {
        begin_entry(value, locator_.at(offset(mark), std::max<std::size_t>(length, 1)));
        return;
      }
      refuse_key(mark);
    }
    ConfigNode& node = add(mark, anchor, tag);
    node.place.length = std::max<std::size_t>(length, 1);
    node.text = value;
    node.quoted = begins_in_quotes(text_.substr(offset(mark)));
    if (node.kind != ConfigNode::Kind::broken) node.kind = ConfigNode::Kind::scalar;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    begin_container(ConfigNode::Kind::sequence, mark, tag, anchor, style);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    begin_container(ConfigNode::Kind::map, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Container {
    ConfigNode* node;
    bool is_map;
    bool in_brackets;
    bool has_key = false;  // the last child of a map still waits for its value
    std::unordered_map<std::string, std::size_t> lines = {};  // where each key of a map stands
  };

  std::size_t offset(const YAML::Mark& mark) const {
    return std::min(begin_ + static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
  }
  Place place(const YAML::Mark& mark) { return locator_.at(offset(mark)); }

  bool awaits_key() const { return !open_.empty() && open_.back().is_map && !open_.back().has_key; }
  // yaml-cpp gives "?" to what is plain, and "!" both to what is quoted and to a bare tag.
  bool has_tag(const YAML::Mark& mark, const std::string& tag) const {
    return (tag.size() > 1) || text_.substr(offset(mark)).starts_with('!');
  }

  // To be reported unless a syntax error follows, which is what an unclosed bracket looks like. The
  // tree has no keys from here on.
  void refuse_key(const YAML::Mark& mark) {
    bad_key_ = Refusal{place(mark), "a key must be a plain word",
                       "write 'key: value'; lists, maps, tags and aliases cannot be keys"};
    for (Container& container : open_) container.is_map = false;
  }

  void begin_entry(const std::string& key, const Place& key_place) {
    if (++nodes_ > kMostConfigNodes) refuse_size(key_place);
    Container& map = open_.back();
    if (key == "<<") {
      throw Refusal{key_place, "merge keys (<<) are not accepted", "write the keys out"};
    }
    if (const auto first = map.lines.try_emplace(key, key_place.line); !first.second) {
      diagnostics_.add(
          key_place, "key " + in_quotes(key) + " is given twice",
          "the first is in line " + std::to_string(first.first->second) + "; remove one of them");
    }
    map.has_key = true;
    ConfigNode& node = map.node->children.emplace_back();
    node.key = key;
    node.key_place = key_place;
  }

  // The node for the value that begins here.
  ConfigNode& add(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (awaits_key()) refuse_key(mark);
    if (++nodes_ > kMostConfigNodes) refuse_size(place(mark));
    ConfigNode* node = &root_;
    if (!open_.empty()) {
      Container& container = open_.back();
      node = container.is_map ? &container.node->children.back()
                              : &container.node->children.emplace_back();
      container.has_key = false;
    }
    node->place = place(mark);
    if (anchor != 0) {
      diagnostics_.add(node->place, "anchors (&name) are not accepted", "remove it");
    } else if (has_tag(mark, tag)) {
      diagnostics_.add(node->place, "tags (!name) are not accepted", "remove it");
      node->kind = ConfigNode::Kind::broken;
    }
    return *node;
  }

  void begin_container(ConfigNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    ConfigNode& node = add(mark, anchor, tag);
    if (node.kind != ConfigNode::Kind::broken) node.kind = kind;
    open_.push_back(
        {&node, kind == ConfigNode::Kind::map && !bad_key_, style == YAML::EmitterStyle::Flow});
    if (open_.size() > kDeepestConfig) {
      throw Refusal{
          node.place,
          "more than " + std::to_string(kDeepestConfig) + " maps and lists within one another", ""};
    }
  }

  [[noreturn]] static void refuse_size(const Place& place) {
    throw Refusal{place, "more than " + std::to_string(kMostConfigNodes) + " keys and values", ""};
  }

  std::string_view text_;
  std::size_t begin_;
  Locator& locator_;
  Diagnostics& diagnostics_;
  ConfigNode root_;
  std::vector<Container> open_;  // from the root down to where we are; parents' children stay put
  std::optional<Refusal> bad_key_;
  std::size_t nodes_ = 0;
  bool has_document_ = false;
};

// yaml-cpp's words for a syntax error, and ours.
struct Wording {
  std::string_view theirs;
  std::string_view message;
  std::string_view hint;
};
constexpr std::string_view kIndentation =
    "check the indentation of this line and of the lines above";
const std::array<Wording, 13> kWordings = {{
    {YAML::ErrorMsg::END_OF_MAP, "this does not belong to the map above it", kIndentation},
    {YAML::ErrorMsg::END_OF_SEQ, "this does not belong to the list above it", kIndentation},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "a '{' is not closed by '}'", "add the bracket"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a '[' is not closed by ']'", "add the bracket"},
    {YAML::ErrorMsg::FLOW_END, "this bracket closes nothing", "remove it"},
    {YAML::ErrorMsg::MAP_VALUE, "a ':' that makes no key here",
     "check the indentation, and that a space follows each ':' of the lines above"},
    {YAML::ErrorMsg::MAP_KEY, "a key is not possible here", kIndentation},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a list item is not possible here",
     "begin it on a line of its own"},
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation", "indent with spaces"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "a text in quotes does not end", "add the closing quote"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "no value can begin with this character",
     "put the text in quotes"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "aliases (*name) are not accepted", "write the value out"},
    {YAML::ErrorMsg::DOC_IN_SCALAR, "the document ends within a text in quotes",
     "add the closing quote"},
}};

// Points at what the user can mend: an open bracket, a tab in the indentation, or else where
// yaml-cpp stopped.
Refusal syntax_error(const YAML::Exception& error, std::size_t begin, Locator& locator,
                     const std::optional<Place>& open_bracket) {
  const std::size_t at = begin + static_cast<std::size_t>(std::max(error.mark.pos, 0));
  const std::string_view before = locator.before(at);
  const std::size_t tab = before.substr(0, before.find_first_not_of(" \t")).find('\t');
  std::string theirs = error.msg;
  Place place = locator.at(at);
  if (tab != std::string_view::npos) {
    theirs = YAML::ErrorMsg::TAB_IN_INDENTATION;
    place = locator.at(at - before.size() + tab);
  } else if (open_bracket && (theirs == YAML::ErrorMsg::END_OF_MAP_FLOW ||
                              theirs == YAML::ErrorMsg::END_OF_SEQ_FLOW)) {
    place = *open_bracket;
  }
  const auto found = std::find_if(kWordings.begin(), kWordings.end(),
                                  [&](const Wording& w) { return theirs.starts_with(w.theirs); });
  if (found == kWordings.end()) return {place, "not valid YAML", shown(theirs)};
  return {place, std::string(found->message), std::string(found->hint)};
}

// Throws Refusal.
ConfigNode parse(std::string_view text, std::size_t begin, Locator& locator,
                 Diagnostics& diagnostics) {
  if (text.size() > kLargestConfig) {
    throw Refusal{
        {locator.at(0).source, 0},
        "larger than " + std::to_string(kLargestConfig) + " bytes; this is no configuration",
        ""};
  }
  check_encoding(text, begin, locator);
  TreeBuilder builder(text, begin, locator, diagnostics);
  std::istringstream stream{std::string(text.substr(begin))};
  try {
    YAML::Parser parser(stream);
    // The second call, which must find nothing, is never repeated: yaml-cpp may find nothing for
    // ever.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& error) {
    throw syntax_error(error, begin, locator, builder.open_bracket());
  }
  return builder.take_root();
}

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view wanted) const {
  const auto child = std::find_if(children.begin(), children.end(),
                                  [&](const ConfigNode& node) { return node.key == wanted; });
  return child == children.end() ? nullptr : &*child;
}

ConfigNode* ConfigNode::find(std::string_view wanted) {
  return const_cast<ConfigNode*>(std::as_const(*this).find(wanted));
}

std::string describe(const ConfigNode& node) {
  switch (node.kind) {
    case ConfigNode::Kind::scalar:
      return (node.quoted ? "the text " : "") + in_quotes(node.text);
    case ConfigNode::Kind::sequence:
      return node.children.empty() ? "an empty list"
                                   : "a list of " + std::to_string(node.children.size());
    case ConfigNode::Kind::map:
      return node.children.empty() ? "an empty map" : "a map";
    case ConfigNode::Kind::null:
    case ConfigNode::Kind::broken:
      break;
  }
  return "nothing";
}

ConfigDocument parse_document(std::string name, std::string text, Diagnostics& diagnostics) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  ConfigDocument document;
  document.sources.push_back({Source::Kind::file, std::move(name), std::move(text)});
  document.root = parse_value(document, 0, 0, diagnostics);
  return document;
}

ConfigNode parse_value(const ConfigDocument& document, std::size_t source, std::size_t begin,
                       Diagnostics& diagnostics) {
  const std::string& text = document.sources[source].text;
  Locator locator(source, text);
  try {
    return parse(text, begin, locator, diagnostics);
  } catch (const Refusal& refusal) {
    diagnostics.add(refusal.place, refusal.message, refusal.hint);
    ConfigNode broken;
    broken.kind = ConfigNode::Kind::broken;
    return broken;
  }
}

}  // namespace cnn
