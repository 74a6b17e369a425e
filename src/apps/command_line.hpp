// The options of the commands. command_line.cpp is the only user of CLI11.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/prepare_image.hpp"

namespace cnn::app {

struct TrainOptions {
  std::string config;
  std::string init;
  std::vector<std::string> overrides;
  std::string data;
  std::string out;
  std::string weights;
  std::vector<std::string> reset;
  std::vector<std::string> rename;
  std::string preview;
  std::string resume;  // CHECKPOINT, or empty for the newest
  bool resuming = false;
  bool overwrite = false;
  bool dry_run = false;
  bool print_config = false;
  bool check_gradients = false;
  bool find_alpha = false;
  bool quiet = false;
  bool verbose = false;
  bool no_progress = false;
  bool report = false;
  std::string threads;  // both as given: the configuration's reader judges them
  std::string seed;
  std::string seeds;               // "1-5", or empty: a single run
  std::vector<std::string> sweep;  // "training.alpha=0.01,0.03"
  std::size_t random = 0;          // draws from `sweep`; 0: all combinations
  std::int64_t folds = 0;          // of the training set, each held out once; 0: none
  std::string tta = "none";
};

struct EvalOptions {
  std::vector<std::string> models;
  bool compare = false;
  std::string data;
  std::string split;  // empty: the test part, or the only one of a set that --data names
  std::string tta = "none";
  std::string out;
  bool json = false;
  bool quiet = false;
  int threads = 0;
};

struct PredictOptions {
  std::string model;
  std::vector<std::string> images;
  std::size_t top = 3;
  Invert invert = Invert::automatic;
  Prepare prepare = Prepare::automatic;
  std::string layer;  // both or neither
  std::string npy;
  bool json = false;
  bool jsonl = false;
  bool csv = false;
  bool all = false;
  bool show = false;
  bool quiet = false;
};

struct BenchOptions {
  std::string config;
  std::vector<std::string> overrides;
  std::string threads;  // both as given: the configuration's reader judges them
  std::string batch;
  double seconds = 2;
  std::string simulate_threads;  // "1-64", "1,2,4", or empty: no simulation
  std::string ranks;             // likewise
  std::string link;              // "10Gbit,100us"
  bool json = false;
};

struct DataOptions {
  std::string config;
  std::string dir;
  bool json = false;
  std::string sheet;
  std::string pack;
  int size = 0;  // these three: as the configuration has them unless given
  std::string fit;
  std::string colour;
  bool quiet = false;
};

struct ExportOptions {
  std::string model;
  std::string out;  // empty: beside the model
  std::string input = "uint8";
  bool logits = false;
  bool raw = false;
  std::int64_t batch = 0;
};

struct ImportOptions {
  std::string model;
  std::string out;    // empty: beside the model
  std::string check;  // directory of input_0.pb … and output_0.pb
};

struct ReportOptions {
  std::vector<std::string> runs;
  std::string model;  // empty: that of the run
  std::string data;
  std::string split;                // empty: test, else validation
  std::vector<std::string> images;  // pictures to follow through the network
  std::string out;                  // empty: report.html in the run
  int threads = 0;
};

// Parses the arguments into `options` and runs `body`, whose value is the exit code, by way of
// guarded (app.hpp). Mistakes of usage and --help end here.
int run(int argc, char** argv, TrainOptions& options, const std::function<int()>& body);
int run(int argc, char** argv, EvalOptions& options, const std::function<int()>& body);
int run(int argc, char** argv, PredictOptions& options, const std::function<int()>& body);
int run(int argc, char** argv, BenchOptions& options, const std::function<int()>& body);
int run(int argc, char** argv, DataOptions& options, const std::function<int()>& body);
int run(int argc, char** argv, ExportOptions& options, const std::function<int()>& body);
int run(int argc, char** argv, ImportOptions& options, const std::function<int()>& body);
int run(int argc, char** argv, ReportOptions& options, const std::function<int()>& body);

}  // namespace cnn::app
