// What the network sees: what each layer makes of a picture, δ on its way back, ∂J/∂W, and the
// pixels that the decision rests on. In the lecture's order and notation.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "report/pictures.hpp"
#include "report/scored_run.hpp"
#include "report/template.hpp"

namespace cnn::report {

// A picture to follow.
struct SeenPicture {
  std::string name;                  // its file, or its place in the set
  std::vector<std::uint8_t> pixels;  // (C, H, W) of the network's input
  std::optional<std::size_t> label;  // of a file nobody knows
};

// Two pictures of a set that was scored: the mistake that it was surest of, of which δ is large,
// and one that is right.
std::vector<SeenPicture> chosen_pictures(const ScoredRun& run);

// Adds each picture's way through the network and back, with numbers for the first one. Strips of
// maps are left out once the budget is spent.
void add_sight(Fields& fields, const ScoredRun& run, std::span<const SeenPicture> pictures,
               PictureBudget& budget);

}  // namespace cnn::report
