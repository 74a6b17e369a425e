// The lines that cnn-train prints about epochs and steps. Each fits 80 columns.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "run/trainer.hpp"

namespace cnn::app {

// The widest line of the table.
inline constexpr std::size_t kTableWidth = 80;

// A table with one row per epoch. Its columns stay in their places up to epoch 99999, for losses
// and α between 1e-99 and 1e99, and for epochs of less than 100 hours.
class EpochTable {
 public:
  // A run of `epochs` epochs, with columns of a validation set or without.
  EpochTable(std::uint64_t epochs, bool validated);

  std::array<std::string, 2> header() const;
  std::string row(const EpochReport& report) const;

 private:
  std::uint64_t epochs_;
  bool validated_;
};

// "epoch 1 [####------]  40/100  loss 0.8123  acc 74.20 %  ETA 12.1 s", and the images per second
// behind it if that fits `width` columns. Every number has room to grow without moving the others.
std::string progress_line(const StepReport& report, double images_per_second, double seconds_left,
                          std::size_t width);

}  // namespace cnn::app
