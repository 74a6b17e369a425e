#include "data/class_names.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <string_view>

#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn {
namespace {

using Places = std::map<std::string_view, std::size_t>;

Places places_of(std::span<const std::string> names) {
  Places places;
  for (std::size_t k = 0; k < names.size(); ++k) places.emplace(names[k], k);
  return places;
}

// The names of `some` that `others` lack, quoted: "'a', 'b', …"; empty if there are none.
std::string lacking(std::span<const std::string> some, const Places& others) {
  constexpr std::size_t kMostNamed = 5;
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : some) {
    if (others.contains(name)) continue;
    if (++count > kMostNamed) return text + ", …";
    text += (text.empty() ? "" : ", ") + in_quotes(name);
  }
  return text;
}

}  // namespace

std::optional<std::vector<std::size_t>> match_classes(std::span<const std::string> here,
                                                      std::span<const std::string> there) {
  std::vector<std::size_t> order(here.size());
  if (std::equal(here.begin(), here.end(), there.begin(), there.end())) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    return order;
  }
  const Places places = places_of(there);
  if (here.size() != there.size() || places.size() != there.size() ||
      places_of(here).size() != here.size()) {
    return std::nullopt;
  }
  for (std::size_t k = 0; k < here.size(); ++k) {
    const auto found = places.find(here[k]);
    if (found == places.end()) return std::nullopt;
    order[k] = found->second;
  }
  return order;
}

std::string class_difference(std::span<const std::string> here,
                             std::span<const std::string> there) {
  const std::string lacks = lacking(there, places_of(here));
  const std::string has = lacking(here, places_of(there));
  if (lacks.empty() && has.empty()) return "a name stands for several classes";
  if (lacks.empty()) return "it has " + has + " besides";
  return "it lacks " + lacks + (has.empty() ? "" : " and has " + has);
}

void require_class_names(const Dataset& dataset) {
  for (const std::string& name : dataset.class_names) {
    if (is_utf8(name) && !has_control(name)) continue;
    throw file_error(dataset.origin.labels,
                     "the name of class " + in_quotes(name) +
                         (is_utf8(name) ? " holds a control character" : " is not UTF-8 text") +
                         "; rename it");
  }
}

void adopt_classes(Dataset& dataset, const std::vector<std::string>& classes) {
  require_class_names(dataset);
  const std::vector<std::string>& names = dataset.class_names;
  if (names.empty() || names == classes) return;
  const Places places = places_of(classes);
  std::vector<std::uint16_t> labels;
  labels.reserve(dataset.labels.size());
  for (const std::uint16_t label : dataset.labels) {
    // Classes beyond those that have names are called by their numbers.
    const std::string name = label < names.size() ? names[label] : std::to_string(label);
    const auto found = places.find(name);
    if (found == places.end()) {
      throw file_error(dataset.origin.labels,
                       "holds images of class " + in_quotes(name) +
                           ", which the model does not know: " + class_difference(classes, names));
    }
    labels.push_back(static_cast<std::uint16_t>(found->second));
  }
  dataset.labels = std::move(labels);
  dataset.class_names = classes;
}

}  // namespace cnn
