#include "run/memory_need.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "cnn/error.hpp"

#include "base/arena.hpp"
#include "base/file.hpp"
#include "base/process_memory.hpp"
#include "base/text.hpp"
#include "infer/inference.hpp"
#include "kernels/openblas.hpp"
#include "nn/workspace.hpp"
#include "run/trainer.hpp"

namespace cnn {
namespace {

constexpr std::size_t kMega = 1'000'000;
constexpr std::size_t kMostModel = 4'000 * kMega;

// OpenBLAS and the libraries that it needs, as far as they are used.
constexpr std::size_t kBlasLibrary = 10 * kMega;
// A worker's stack and the allocator's part for it.
constexpr std::size_t kPerWorker = kMega / 2;
// Whatever is small: the rows of an epoch, texts, streams.
constexpr std::size_t kSundries = 2 * kMega;

// What a product packs into a buffer: a block of one operand, and a strip of the other that is as
// long as that one and kDepth deep.
std::size_t blas_bytes(const Network& network) {
  constexpr std::size_t kBlock = 2 * kMega;
  constexpr std::size_t kDepth = 512;
  std::size_t largest = 0;  // strip, in Reals
  for (const Parameter& p : network.parameters()) {
    const std::size_t rows = p.dims.empty() ? 1 : static_cast<std::size_t>(p.dims.front());
    largest = std::max(largest, std::min(p.size, kDepth * std::max(rows, p.size / rows)));
  }
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    largest = std::max({largest, network.nodes()[i].plan.scratch, network.tensor_shape(i).size()});
  }
  return std::min(OpenBlas::kBufferBytes, kBlock + largest * sizeof(Real));
}

std::size_t times(int count, std::size_t bytes) {
  return static_cast<std::size_t>(count) * bytes;
}

}  // namespace

std::size_t dataset_bytes(const DatasetHeader& header) {
  // A label is read as a byte and kept as two; a selection has eight more.
  constexpr std::size_t kPerImage = 16;
  return header.count * ((header.is_mapped ? 0 : header.shape.size()) + kPerImage);
}

std::size_t inference_bytes(const Network& network, int workers) {
  return PackedParameters::bytes(network) +
         times(workers, Workspace::bytes(network, Inference::kGroup, Phase::evaluate) +
                            (network.evaluates_by_blas() ? blas_bytes(network) : 0) + kPerWorker);
}

std::size_t training_bytes(const Network& network, const RunConfig& config, int workers,
                           bool from_file, int ranks) {
  const SolverOptions& solver = config.training.solver;
  const std::size_t values = network.values().size_bytes();
  // Beside what the trainer counts: the copy that inference folds, and the file.
  const std::size_t file =
      from_file ? values + Solver::bytes(network, solver) + (solver.ema > 0 ? values : 0) : 0;
  return Trainer::bytes(network, config, workers, ranks) + values + file +
         inference_bytes(network, workers);
}

std::size_t process_bytes(std::size_t more) {
  return std::max(peak_memory(), present_memory() + kBlasLibrary + kSundries + more);
}

std::size_t weights_bytes(const std::filesystem::path& path) {
  std::error_code code;
  const std::uintmax_t bytes = std::filesystem::file_size(path, code);
  return code ? 0 : 2 * static_cast<std::size_t>(bytes);
}

std::string memory_text(std::size_t bytes) {
  return "memory: at most " + std::to_string((bytes + kMega - 1) / kMega) + " MB";
}

std::size_t most_model_bytes() {
  const char* const variable = std::getenv("CNN_MEMORY");
  if (variable == nullptr) return kMostModel;
  const std::string_view text(variable);
  constexpr std::size_t kMostMegabytes = 1'000'000'000;
  std::size_t megabytes = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), megabytes);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || megabytes < 1 ||
      megabytes > kMostMegabytes) {
    throw ConfigError("CNN_MEMORY: error: is " + in_quotes(text) +
                      ", expected how many MB a model may take, as in 8000");
  }
  return megabytes * kMega;
}

void require_model_memory(const std::filesystem::path& path, const Network& network, int workers) {
  const std::size_t bytes = inference_bytes(network, workers);
  const std::size_t most = most_model_bytes();
  const std::string takes = "its network for images of " + to_string(network.input()) + " takes " +
                            bytes_text(static_cast<double>(bytes)) + " of memory on " +
                            std::to_string(workers) + (workers == 1 ? " thread, " : " threads, ");
  if (bytes > physical_memory()) {
    throw file_error(
        path, takes + "this machine has " + bytes_text(static_cast<double>(physical_memory())));
  }
  if (bytes > most) {
    throw file_error(path,
                     takes + "more than the " + bytes_text(static_cast<double>(most)) +
                         " that a model file may; if you trust it, set the environment variable "
                         "CNN_MEMORY=" +
                         std::to_string((bytes + kMega - 1) / kMega) + " (MB)" +
                         (workers > 1 ? ", or use fewer threads" : ""));
  }
}

}  // namespace cnn
