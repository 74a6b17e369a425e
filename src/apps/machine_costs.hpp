// What threads cost each other on this machine, measured with all its processors.

#pragma once

#include <cstddef>

#include "apps/step_times.hpp"

namespace cnn::app {

struct MachineCosts {
  int processors = 1;
  HandOver hand_over;
  // Copied by one thread, read and written bytes together, per second.
  double bytes_per_second = 0;
  // Seconds of a byte beside one thread more, over those of a byte alone, minus 1: 0 where memory
  // has room for all, 1 where two threads copy no more than one.
  double crowding = 0;

  // Seconds that a step of this traffic loses on so many threads because they share memory. Each
  // thread copies its part of the bytes, at a rate that falls with the others.
  double lost_to_memory(double bytes, int threads) const {
    return bytes / bytes_per_second / threads * crowding * (threads - 1);
  }
};

// Copies within so many bytes, which decide what cache they stay in. With one processor,
// and where others leave none for all threads at once, they are taken to cost nothing.
MachineCosts measure_machine(std::size_t bytes, double seconds);

}  // namespace cnn::app
