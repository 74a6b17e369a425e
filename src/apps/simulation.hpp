// cnn-bench --simulate-threads: what a training step would take on other numbers of threads, from
// the times of its tasks on one.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "apps/benchmark.hpp"
#include "apps/machine_costs.hpp"

namespace cnn::app {

struct StageEstimate {
  std::string name;
  double work = 0;     // seconds on one thread
  double seconds = 0;  // on so many
};

struct ThreadsEstimate {
  int threads;
  double images_per_second = 0;
  double efficiency = 0;  // over one thread's rate, and the threads
  // Of the same step on so many real threads, where there are processors for them.
  std::optional<double> measured = {};
  std::vector<StageEstimate> stages = {};  // in the order of the step
};

struct Simulation {
  MachineCosts costs;
  double bytes = 0;  // that a step moves through memory
  double images_per_second_of_one = 0;
  std::vector<ThreadsEstimate> estimates;  // as asked for
};

// Takes the tasks from the step itself: one with so many workers that run their tasks on the
// calling thread. Steps on real threads take turns with it. Requires rising numbers.
Simulation simulate_threads(const BenchmarkSetup& setup, std::vector<int> threads,
                            const MachineCosts& costs);

// Of copying as many bytes as a step holds.
MachineCosts measure_costs(const BenchmarkSetup& setup);

std::string simulation_text(const Simulation& simulation);

// Bytes that a step reads and writes, once each: outputs and what layers keep by forward and by
// backward, gradients of outputs, parameters and their gradients for each group, and the solver's.
double step_traffic(const Network& network, std::size_t batch, std::size_t states);

}  // namespace cnn::app
