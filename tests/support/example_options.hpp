// Layers for tests, made from the text of their options: "{count: 4, kernel: [3, 2], pad: 1}".
//
// The reader is independent of the project's configuration reader and as strict: an unknown,
// repeated or missing key, a wrong type and a value out of bounds throw std::invalid_argument.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "nn/layer.hpp"
#include "nn/network.hpp"

namespace cnn {

class ExampleOptions final : public OptionVisitor {
 public:
  explicit ExampleOptions(std::string_view text);

  void integer(std::string_view key, std::int64_t& value, Bounds bounds,
               Presence presence) override;
  void real(std::string_view key, double& value, Bounds bounds, Presence presence) override;
  void size2(std::string_view key, Size2& value, Bounds bounds, Presence presence) override;
  void boolean(std::string_view key, bool& value) override;
  void one_of(std::string_view key, std::size_t& index, std::span<const std::string_view> names,
              Presence presence) override;

  // To be called when everything has been visited.
  void expect_nothing_left() const;

 private:
  // Takes the key's value out of what is left; false if it is not given.
  bool take(std::string_view key, Presence presence, std::string& value);

  std::map<std::string, std::string, std::less<>> left_;
};

// "[3, 2]": height and width as an option.
std::string option_text(Size2 size);

// A layer of the registry with its options read, not planned.
std::unique_ptr<Layer> make_layer(std::string_view type, std::string_view options = "{}");

// The same as a line of a network's description.
LayerSpec layer_spec(std::string_view type, std::string_view name, std::string_view options = "{}",
                     std::vector<std::string> from = {});

}  // namespace cnn
