// The progress of decoding picture files, on the console.

#pragma once

#include <cstddef>
#include <functional>

#include "apps/console.hpp"

namespace cnn::app {

// For TrainingOptions::on_reading and ReadOptions::on_progress: shows how many pictures are done,
// the rate and the time left, on the status line or, without one, as a line now and then. Short
// readings show nothing. The console must outlive it, and its status line is to be removed in the
// end.
std::function<void(std::size_t done, std::size_t all)> reading_progress(Console& console);

}  // namespace cnn::app
