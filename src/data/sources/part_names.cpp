#include "data/sources/part_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cnn {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::vector<std::string> part_names(DataPart part) {
  if (part == DataPart::train) return {"train", "training"};
  if (part == DataPart::test) return {"test", "testing"};
  return {"validation", "valid", "val"};
}

std::optional<DataPart> part_of(std::string_view name) {
  std::string small(name);
  std::ranges::transform(small, small.begin(), lower);
  for (const DataPart part : {DataPart::train, DataPart::test, DataPart::validation}) {
    if (std::ranges::count(part_names(part), small) > 0) return part;
  }
  return std::nullopt;
}

std::string_view part_title(DataPart part) {
  constexpr std::array<std::string_view, 3> kTitles = {"training", "test", "validation"};
  return kTitles[static_cast<std::size_t>(part)];
}

}  // namespace cnn
