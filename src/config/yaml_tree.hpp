// config_reader: YAML text to a tree that knows where everything stood. Strict: a configuration is
// one document of plain maps, lists and scalars. Meaning is given to it elsewhere
// (option_reader.hpp).
//
// The only user of yaml-cpp, of which nothing is seen here.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.hpp"

namespace cnn {

// Bounds of a configuration, beyond any real one: the names of 65,536 classes have room.
inline constexpr std::size_t kLargestConfig = 1 << 22;    // bytes
inline constexpr std::size_t kMostConfigNodes = 100'000;  // keys and values
inline constexpr std::size_t kDeepestConfig = 32;         // maps and lists within one another

struct ConfigNode {
  enum class Kind {
    null,
    scalar,
    sequence,
    map,
    broken,  // refused with a diagnostic already; readers pass over it
  };
  Kind kind = Kind::null;
  Place place;          // the token; for a null without one, its key
  std::string text;     // of a scalar
  bool quoted = false;  // a scalar in quotes, or a block scalar: a text, whatever it looks like
  std::string key;      // under which it stands in a map
  Place key_place;
  std::vector<ConfigNode> children;  // of a sequence or map, in the order of the text

  // The first child of that key, or nullptr.
  const ConfigNode* find(std::string_view wanted) const;
  ConfigNode* find(std::string_view wanted);
};

// "'five'", "the text '5'", "nothing", "a list", "a map": what was found instead of what was
// expected.
std::string describe(const ConfigNode& node);

// A configuration as it was written, together with its sources: first the file, then the overrides.
struct ConfigDocument {
  std::vector<Source> sources;
  ConfigNode root;
};

// Mistakes are added to `diagnostics`; after one of syntax, encoding or size the root is broken. An
// empty text is null.
ConfigDocument parse_document(std::string name, std::string text, Diagnostics& diagnostics);

// The same for what follows byte `begin` of a source of the document.
ConfigNode parse_value(const ConfigDocument& document, std::size_t source, std::size_t begin,
                       Diagnostics& diagnostics);

}  // namespace cnn
