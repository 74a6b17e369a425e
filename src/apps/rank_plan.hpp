// cnn-bench --ranks: what a training step would take on several machines, from measured computation
// and a model of the exchange. tests/bench/README.md has the formula.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "apps/benchmark.hpp"

namespace cnn::app {

// Each rank's own, both ways at once, to a switch that has room for all.
struct Link {
  double bytes_per_second;
  double latency;  // seconds
};

// "10Gbit,100us". Throws ConfigError for what is no such pair.
Link parse_link(std::string_view text);

// What the rank with most of it has to do where the slots of a batch are shared out.
struct RankShare {
  std::size_t groups = 0;    // that one rank computes
  std::size_t sent = 0;      // sums of subtrees that one rank sends a part of to each other
  std::size_t received = 0;  // parts of such sums that one rank gets from all others
};
RankShare share_of_ranks(std::size_t batch, std::size_t ranks);

// More have nothing to do.
std::size_t most_useful_ranks(std::size_t batch);

// Seconds that a step of `ranks` waits for its messages: the reduce-scatter of the gradients, the
// all-gather of the new values, of each image's result, and of the norm where gradients are
// clipped. Of the gradients that are sent beside computation, what is sent by its end costs no more
// than what that takes of the processors.
struct Message {
  // Gradients that are sent while others are computed.
  struct Early {
    double part;   // bytes of the rank that has most
    double ahead;  // seconds of computation when they are there
  };

  double part = 0;                // bytes of the parameters of the rank that has most
  double results = 0;             // bytes of all images' results
  double norms = 0;               // bytes of all squares; 0 without clipping
  double byte_time = 0;           // that computation loses by a byte sent or received beside it
  std::vector<Early> early = {};  // one after the other
};
double exchange_seconds(const Message& message, const RankShare& share, std::size_t ranks,
                        const Link& link);

struct RankEstimate {
  std::size_t ranks;
  double seconds = 0;   // of a step
  double exchange = 0;  // of these, waiting for the link
  double efficiency = 0;
};

struct RankPlan {
  std::size_t batch = 0;
  std::size_t asked = 0;                // the most ranks asked for
  std::vector<RankEstimate> estimates;  // as asked for, as far as they are useful
  RankEstimate best{.ranks = 1};        // the shortest step of all numbers up to the largest
};

// Of threads as in setup.workers on each rank, and layers that take as long as `layers`, those of
// the network. Requires rising numbers.
RankPlan plan_ranks(const BenchmarkSetup& setup, const std::vector<LayerTimes>& layers,
                    const std::vector<int>& ranks, const Link& link);

std::string rank_plan_text(const RankPlan& plan);

}  // namespace cnn::app
