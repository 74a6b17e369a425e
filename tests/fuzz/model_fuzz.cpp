// A safetensors file, read as such, as a model and as a checkpoint. Most mutations are mended: the
// header's length and the checksum fit again, so that what lies behind them is reached.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <zlib.h>

#include "base/file.hpp"
#include "data/preprocessing.hpp"
#include "fuzz.hpp"
#include "nn/workspace.hpp"
#include "run/model.hpp"
#include "run/run_identity.hpp"

namespace {

using namespace cnn;
using namespace cnn::fuzz;

constexpr std::size_t kPrefix = 8;  // the header's length, little-endian
constexpr std::string_view kOpening = R"({"__metadata__":{"checksum":")";
constexpr std::size_t kDigits = 8;
constexpr std::size_t kMostBytes = std::size_t{1} << 22;  // of a workspace
constexpr std::size_t kLongestFile = std::size_t{1} << 24;

std::uint64_t header_length(std::string_view file) {
  std::uint64_t length = 0;
  if (file.size() >= kPrefix) std::memcpy(&length, file.data(), kPrefix);
  return length;
}

// Gives `file` a header of `length` bytes and the checksum that fits.
void mend(std::string& file, std::uint64_t length) {
  if (file.size() < kPrefix) return;
  std::memcpy(file.data(), &length, kPrefix);
  const std::size_t digits = kPrefix + kOpening.size();
  if (!std::string_view(file).substr(kPrefix).starts_with(kOpening) ||
      file.size() < digits + kDigits) {
    return;
  }
  file.replace(digits, kDigits, kDigits, '0');
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(file.data()), file.size());
  char text[kDigits + 1];
  std::snprintf(text, sizeof text, "%08lx", crc);
  file.replace(digits, kDigits, text);
}

std::vector<NamedTensor> views(const TensorFile& file) {
  std::vector<NamedTensor> tensors;
  for (const TensorFile::Entry& entry : file.tensors) {
    if (entry.is_read) tensors.push_back({entry.name, entry.dims, entry.data});
  }
  return tensors;
}

// What was read is written and reads the same, bit by bit; numbers of other types are not read.
void check_rewriting(const TensorFile& file) {
  static const ScratchFile copy("copy");
  write_tensors(copy.path(), views(file), file.metadata);
  const TensorFile again = read_tensors(copy.path());
  Metadata kept = file.metadata;
  kept.erase("format");  // another tool's, replaced by ours
  require(again.metadata == kept, "metadata survive");
  require(again.tensors.size() == views(file).size(), "no tensor is lost");
  for (const TensorFile::Entry& entry : file.tensors) {
    require(entry.is_read || entry.data.empty(), "what is not read has no data");
    if (!entry.is_read) continue;
    const TensorFile::Entry* other = again.find(entry.name);
    require(
        other != nullptr && other->dims == entry.dims && other->data.size() == entry.data.size() &&
            std::memcmp(other->data.data(), entry.data.data(), entry.data.size() * sizeof(float)) ==
                0,
        "tensors survive");
    require(entry.data.size() == element_count(entry.dims), "a tensor has its shape");
  }
}

// One black image; what comes out need not be finite, as the weights may be huge.
void run(const Model& model) {
  const Network& network = model.network;
  if (Workspace::bytes(network, 1, Phase::evaluate) > kMostBytes) return;
  Workspace workspace(network, 1, Phase::evaluate);
  const PixelTable table(model.info.preprocessing, model.info.input);
  table.apply(std::vector<std::uint8_t>(model.info.input.size()), workspace.input(1));
  network.forward(workspace, 1, {});
  require(workspace.output(1).size() == model.info.classes.size(), "each class has its output");
}

void check_model(const Model& model) {
  for (const Real value : model.network.values()) {
    require(std::isfinite(value), "weights are finite");
  }
  static const ScratchFile first("first");
  static const ScratchFile second("second");
  save_model(first.path(), model.info, model.network);
  const Model again = load_model(first.path());
  save_model(second.path(), again.info, again.network);
  require(read_file(first.path(), kLongestFile) == read_file(second.path(), kLongestFile),
          "a model is saved as it was loaded");
  run(model);
}

void check_checkpoint(const Checkpoint& checkpoint) {
  const ModelInfo& info = checkpoint.info;
  const auto plan =
      accepted([&] { return Network::plan_parameters(info.input, info.config.network); });
  const auto small = [](const std::vector<Parameter>& parameters) {
    return std::accumulate(parameters.begin(), parameters.end(), std::size_t{0},
                           [](std::size_t sum, const Parameter& p) { return sum + p.size; }) <
           kMostBytes;
  };
  if (!plan || !small(*plan)) return;
  Network network(info.input, info.config.network);
  Solver solver(network, {});
  const auto restored = accepted([&] {
    restore(checkpoint, network, solver);
    return true;
  });
  if (!restored) return;
  static const ScratchFile saved("checkpoint");
  save_checkpoint(saved.path(), info, network, solver, checkpoint.progress, checkpoint.data);
  const Checkpoint again = load_checkpoint(saved.path());
  require(again.progress == checkpoint.progress && again.data == checkpoint.data,
          "a run's position survives");
  check_same_run(again, info, checkpoint.data);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  const std::string before(text_of(data, size));
  std::string after = mutated(before, max_size);
  // Whatever grew or shrank: mostly the header, sometimes the data.
  if (!one_in(8, seed)) {
    const bool in_header = !one_in(4, seed / 8);
    mend(after, header_length(before) + (in_header ? after.size() - before.size() : 0));
  }
  return give_back(after, data, size, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile input;
  input.put(text_of(data, size));
  const auto file = accepted([&] { return read_tensors(input.path()); });
  const auto model = accepted([&] { return load_model(input.path()); });
  const auto checkpoint = accepted([&] { return load_checkpoint(input.path()); });
  require(file || (!model && !checkpoint), "a model is a sound safetensors file");
  if (file) check_rewriting(*file);
  if (model) check_model(*model);
  if (checkpoint) check_checkpoint(*checkpoint);
  return 0;
}
