// Words that other tools use for what has another name here.

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cnn {

struct ForeignWord {
  std::string_view word;
  std::string_view here;     // the word of this project
  std::string_view meaning;  // "the learning rate"
};

// The foreign word that stands for one of the `accepted` keys; nullptr if there is none. Capitals,
// '-' and '_' do not matter.
const ForeignWord* find_foreign_key(std::string_view key, std::span<const std::string> accepted);

// For layer types; where `here` is empty, `meaning` says what to do instead.
const ForeignWord* find_foreign_layer(std::string_view type);

}  // namespace cnn
