#include "run/model.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <set>
#include <sstream>

#include <zlib.h>

#include "cnn/error.hpp"
#include "cnn/version.hpp"

#include "base/file.hpp"
#include "base/finite.hpp"
#include "base/text.hpp"
#include "data/class_names.hpp"
#include "data/image_limits.hpp"
#include "data/prepare_image.hpp"
#include "kernels/blas.hpp"
#include "run/tensor_taker.hpp"

namespace cnn {
namespace {

constexpr std::string_view kValue = "value";  // of a parameter that is averaged

std::string optimizer_name(const Parameter& p, std::string_view what) {
  return std::string(kOptimizerPrefix) + p.name + "." + std::string(what);
}

std::string list_text(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : " ") + number_text(value);
  return text;
}

// Reads metadata entries of one file, with errors that name the file and the entry.
class MetadataReader {
 public:
  explicit MetadataReader(const TensorFile& file) : file_(file) {}

  [[noreturn]] void fail(const std::string& key, const std::string& reason) const {
    throw FileError(path_text(file_.path) + ": error: metadata entry '" + key + "' " + reason);
  }

  bool has(const std::string& key) const { return file_.metadata.contains(key); }

  const std::string& text(const std::string& key) const {
    const auto entry = file_.metadata.find(key);
    if (entry == file_.metadata.end()) fail(key, "is missing");
    return entry->second;
  }

  template <typename T>
  T number(const std::string& key) const {
    const std::vector<T> values = numbers<T>(key, 1);
    return values.front();
  }

  template <typename T>
  std::vector<T> numbers(const std::string& key, std::size_t count) const {
    std::vector<T> values;
    const std::string& all = text(key);
    const char* at = all.data();
    const char* const end = at + all.size();
    while (at != end) {
      T value{};
      const auto result = std::from_chars(at, end, value);
      if (result.ec != std::errc() || !std::isfinite(static_cast<double>(value))) break;
      values.push_back(value);
      at = result.ptr;
      if (at != end && *at == ' ') ++at;
    }
    if (at != end || values.size() != count) {
      fail(key, "should hold " + std::to_string(count) + " number(s), got " + in_quotes(all));
    }
    return values;
  }

 private:
  const TensorFile& file_;
};

std::string lines_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<double> drawing_numbers(const DrawingStatistics& drawings) {
  return {drawings.off_centre,
          static_cast<double>(drawings.shortest),
          static_cast<double>(drawings.longest),
          static_cast<double>(drawings.faintest),
          drawings.thinnest,
          drawings.thickest};
}

// That of now behind those before it.
std::string all_arithmetics(const std::string& before) {
  constexpr std::string_view kBetween = "; ";
  const std::string here = arithmetic();
  for (std::size_t at = 0; at < before.size();) {
    const std::size_t end = std::min(before.find(kBetween, at), before.size());
    if (std::string_view(before).substr(at, end - at) == here) return before;
    at = end + kBetween.size();
  }
  return before.empty() ? here : before + std::string(kBetween) + here;
}

Metadata model_metadata(const ModelInfo& info) {
  return {{"config", to_yaml(info.config, ConfigText::portable)},
          {"input", std::to_string(info.input.channels) + " " + std::to_string(info.input.height) +
                        " " + std::to_string(info.input.width)},
          {"classes", lines_text(info.classes)},
          {"mean", list_text(info.preprocessing.mean)},
          {"scale", list_text(info.preprocessing.scale)},
          {"border", list_text(std::vector{info.images.border_low, info.images.border_high})},
          {"centred", info.images.centred ? "1" : "0"},
          {"box", std::to_string(info.images.box)},
          {"arithmetic", all_arithmetics(info.arithmetic_before)},
          {"drawings", list_text(drawing_numbers(info.images.drawings))}};
}

// The defaults if the model is older than the entry.
DrawingStatistics read_drawings(const MetadataReader& metadata) {
  if (!metadata.has("drawings")) return {};
  const std::vector<double> n = metadata.numbers<double>("drawings", 6);
  if (std::any_of(n.begin(), n.end(), [](double v) { return v < 0 || v > kMostPixelsASide; }) ||
      n[1] > n[2] || n[3] > 255 || n[4] > n[5]) {
    metadata.fail("drawings", "does not describe drawings");
  }
  return {n[0], static_cast<int>(n[1]), static_cast<int>(n[2]), static_cast<int>(n[3]), n[4], n[5]};
}

ModelInfo read_info(const TensorFile& file) {
  const MetadataReader metadata(file);
  if (!metadata.has("config")) {
    throw FileError(path_text(file.path) +
                    ": error: holds weights only: no configuration in its metadata; start a run "
                    "from it with cnn-train --weights");
  }
  ModelInfo info;
  try {
    info.config = parse_config(path_text(file.path) + " (config)", metadata.text("config"));
  } catch (const ConfigError& error) {
    throw FileError(path_text(file.path) + ": error: its configuration is not valid\n" +
                    error.what());
  }
  const std::vector<int> input = metadata.numbers<int>("input", 3);
  if (std::any_of(input.begin(), input.end(),
                  [](int extent) { return extent < 1 || extent > kMostPixelsASide; }) ||
      std::int64_t{input[1]} * input[2] > kMostPixels) {
    metadata.fail("input", "is no shape of an image: " + in_quotes(metadata.text("input")));
  }
  info.input = {input[0], input[1], input[2]};
  info.classes = split_lines(metadata.text("classes"));
  std::set<std::string_view> seen;
  for (const std::string& name : info.classes) {
    if (!seen.insert(name).second) metadata.fail("classes", "names " + in_quotes(name) + " twice");
    if (has_control(name)) {
      metadata.fail("classes", "holds a control character, in " + in_quotes(name));
    }
  }
  const auto channels = static_cast<std::size_t>(info.input.channels);
  info.preprocessing.mean = metadata.numbers<double>("mean", channels);
  info.preprocessing.scale = metadata.numbers<double>("scale", channels);
  const std::vector<double> border = metadata.numbers<double>("border", 2);
  info.images = {border[0], border[1], metadata.number<int>("centred") != 0,
                 metadata.number<int>("box"), read_drawings(metadata)};
  if (border[0] < 0 || border[1] > 255) metadata.fail("border", "lies outside 0 … 255");
  if (info.images.box < 0 || info.images.box > kMostPixelsASide) {
    metadata.fail("box", "is no size of an image");
  }
  return info;
}

// Tensors to write: the values themselves in the float build, copies in the double build.
class TensorList {
 public:
  void add(const std::string& name, const Dims& dims, CView values) {
    tensors_.push_back({name, dims, floats(values)});
  }
  std::span<const NamedTensor> tensors() const { return tensors_; }

 private:
  static std::span<const float> floats(std::span<const float> values) { return values; }
  std::span<const float> floats(std::span<const double> values) {
    copies_.emplace_back(values.begin(), values.end());
    return copies_.back();
  }

  std::vector<NamedTensor> tensors_;
  std::vector<std::vector<float>> copies_;
};

void require_finite(const Network& network) {
  for (const Parameter& p : network.parameters()) {
    if (!all_finite(network.value(p))) {
      throw DivergedError("a weight is not finite (in '" + p.name + "')");
    }
  }
}

TensorList parameter_tensors(const Network& network) {
  require_finite(network);
  TensorList list;
  for (const Parameter& p : network.parameters()) list.add(p.name, p.dims, network.value(p));
  return list;
}

// One byte per label, or two, the low one first, where a class needs them: what the fingerprint is
// taken of. It must not change for a data set of at most 256 classes, or checkpoints of earlier
// versions would be refused.
std::vector<std::uint8_t> label_bytes(const Dataset& dataset) {
  const bool wide = dataset.label_bound() > 256;
  std::vector<std::uint8_t> bytes;
  bytes.reserve((wide ? 2 : 1) * dataset.labels.size());
  for (const std::uint16_t label : dataset.labels) {
    bytes.push_back(static_cast<std::uint8_t>(label & 0xFF));
    if (wide) bytes.push_back(static_cast<std::uint8_t>(label >> 8));
  }
  return bytes;
}

std::string hex_text(uLong crc) {
  std::array<char, 9> hex;
  std::snprintf(hex.data(), hex.size(), "%08lx", crc);
  return hex.data();
}

}  // namespace

std::vector<std::string> class_names(std::vector<std::string> names, std::size_t count) {
  const std::set<std::string> given(names.begin(), names.end());
  for (std::size_t k = names.size(); k < count; ++k) {
    std::string name = std::to_string(k);
    while (given.contains(name)) name = "output " + name;  // a class may be called by a number
    names.push_back(std::move(name));
  }
  return names;
}

ModelInfo make_model_info(const RunConfig& config, const Network& network,
                          const TrainingData& data) {
  require_class_names(data.dataset);
  ModelInfo info;
  info.config = config;
  // What was found out about pictures holds for those that are shown to the model, too.
  if (!data.dataset.file_names.empty()) {
    info.config.data.source.settle_colour(data.dataset.shape.channels);
  }
  info.input = network.input();
  const std::vector<std::string>& named = config.data.classes;
  info.classes =
      class_names(named.empty() ? data.dataset.class_names : named, network.output().size());
  const auto channels = static_cast<std::size_t>(info.input.channels);
  info.preprocessing = config.data.normalize
                           ? measure_preprocessing(data.dataset, data.split.train)
                           : Preprocessing{std::vector(channels, config.data.mean),
                                           std::vector(channels, config.data.scale)};
  info.images = measure_images(data.dataset, data.split.train);
  return info;
}

PreparedImage prepare_picture(const Image& picture, const ModelInfo& info, Invert invert,
                              Prepare prepare) {
  const PictureOptions& pictures = info.config.data.source.pictures();
  // Only a set of pictures has one: make_model_info writes it down.
  if (!pictures.colour) return prepare_image(picture, info.input, info.images, invert, prepare);
  ImageStatistics images = info.images;
  // Where pictures were fitted, these are, too; else they had their size and were taken as they
  // stood, and what is drawn on pictures of other sizes is found and centred as theirs was.
  if (pictures.size) images.centred = false;
  return prepare_image(picture, info.input, images, invert, Prepare::no, pictures.fit);
}

ReadOptions::Preparation preparation_of(const ModelInfo& info) {
  return {info.input, [&info](const Image& picture) {
            return prepare_picture(picture, info, Invert::automatic, Prepare::automatic).pixels;
          }};
}

void require_fit(const Dataset& dataset, const ModelInfo& info) {
  if (dataset.shape != info.input) {
    throw FileError(path_text(dataset.origin.images) + ": error: its images are " +
                    to_string(dataset.shape) + ", the model takes " + to_string(info.input));
  }
  if (dataset.label_bound() > info.classes.size()) {
    throw FileError(path_text(dataset.origin.labels) + ": error: holds the label " +
                    std::to_string(dataset.label_bound() - 1) + ", the model knows " +
                    std::to_string(info.classes.size()) + " classes (labels from 0)");
  }
}

std::string fingerprint(const Dataset& dataset) {
  uLong crc = 0;
  for (const std::span<const std::uint8_t> piece : dataset.pixel_pieces()) {
    crc = crc32_z(crc, piece.data(), piece.size());
  }
  const std::vector<std::uint8_t> labels = label_bytes(dataset);
  crc = crc32_z(crc, labels.data(), labels.size());
  return std::to_string(dataset.count()) + " images " + to_string(dataset.shape) + ", crc " +
         hex_text(crc);
}

std::string weights_fingerprint(const Network& network) {
  const auto bytes = std::as_bytes(network.values());
  return "crc " + hex_text(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void save_model(const FilePlace& place, const ModelInfo& info, const Network& network,
                std::uint64_t epoch) {
  Metadata metadata = model_metadata(info);
  if (epoch > 0) metadata["epoch"] = std::to_string(epoch);
  write_tensors(place, parameter_tensors(network).tensors(), metadata);
}

void relabel_model(const FilePlace& place, const RunConfig& config) {
  TensorFile file = read_tensors(place);
  std::string& text = file.metadata["config"];
  std::string wanted = to_yaml(config, ConfigText::portable);
  if (text == wanted) return;
  text = std::move(wanted);
  std::vector<NamedTensor> tensors;
  for (const TensorFile::Entry& entry : file.tensors) {
    tensors.push_back({entry.name, entry.dims, entry.data});
  }
  write_tensors(place, tensors, file.metadata);
}

void save_checkpoint(const FilePlace& place, const ModelInfo& info, const Network& network,
                     const Solver& solver, const TrainProgress& progress, const std::string& data,
                     const Network* averaged) {
  require_finite(network);
  TensorList list = parameter_tensors(averaged != nullptr ? *averaged : network);
  const std::span names = solver.state_names();
  for (const Parameter& p : network.parameters()) {
    if (averaged != nullptr) list.add(optimizer_name(p, kValue), p.dims, network.value(p));
    if (!p.is_learnt()) continue;
    for (std::size_t i = 0; i < names.size(); ++i) {
      list.add(optimizer_name(p, names[i]), p.dims, solver.state(i, p));
    }
  }
  Metadata metadata = model_metadata(info);
  metadata["data"] = data;
  metadata["version"] = version();
  metadata["run.step"] = std::to_string(progress.step);
  metadata["run.reported"] = std::to_string(progress.reported);
  metadata["run.epoch_loss"] = number_text(progress.epoch_loss);
  metadata["run.epoch_correct"] = std::to_string(progress.epoch_correct);
  metadata["run.epoch_images"] = std::to_string(progress.epoch_images);
  metadata["run.best_epoch"] = std::to_string(progress.best_epoch);
  metadata["run.best_correct"] = std::to_string(progress.best_correct);
  if (progress.best_before_cut) {
    metadata["run.whole_best_epoch"] = std::to_string(progress.best_before_cut->epoch);
    metadata["run.whole_best_correct"] = std::to_string(progress.best_before_cut->correct);
  }
  if (!progress.weights.empty()) metadata["run.weights"] = progress.weights;
  if (info.config.training.schedule.policy == Schedule::Policy::plateau) {
    metadata["run.plateau_best"] = number_text(progress.plateau.best);
    metadata["run.plateau_waited"] = std::to_string(progress.plateau.waited);
    metadata["run.plateau_falls"] = std::to_string(progress.plateau.falls);
  }
  write_tensors(place, list.tensors(), metadata);
}

Model load_model(const FilePlace& place) {
  const TensorFile file = read_tensors(place);
  ModelInfo info = read_info(file);
  try {
    // The tensors first: the configuration alone must not decide how much memory is taken.
    TensorTaker taker(file);
    for (const Parameter& p : Network::plan_parameters(info.input, info.config.network)) {
      taker.expect(p.name, p.dims);
    }
    taker.finish();
    Network network(info.input, info.config.network);
    if (info.classes.size() != network.output().size()) {
      throw FileError(path_text(place.path) + ": error: names " +
                      std::to_string(info.classes.size()) + " classes for a network with " +
                      std::to_string(network.output().size()) + " outputs");
    }
    for (const Parameter& p : network.parameters()) taker.take(p.name, p.dims, network.value(p));
    const auto epoch = file.metadata.find("epoch");
    return {std::move(info), std::move(network), epoch == file.metadata.end() ? "" : epoch->second};
  } catch (const NetworkError& error) {
    throw FileError(path_text(place.path) + ": error: its network cannot be built\n" +
                    error.what());
  }
}

Checkpoint load_checkpoint(const FilePlace& place) {
  Checkpoint checkpoint{place, read_tensors(place), {}, {}, {}, {}, {}};
  const MetadataReader metadata(checkpoint.file);
  checkpoint.info = read_info(checkpoint.file);
  if (!metadata.has("run.step")) {
    throw FileError(path_text(place.path) +
                    ": error: is a model, not a checkpoint: it has no optimiser state\n"
                    "  to continue training name a checkpoint (last.safetensors); to start from "
                    "its weights use --weights");
  }
  checkpoint.progress = {metadata.number<std::uint64_t>("run.step"),
                         metadata.number<std::uint64_t>("run.reported"),
                         metadata.number<double>("run.epoch_loss"),
                         metadata.number<std::size_t>("run.epoch_correct"),
                         metadata.number<std::size_t>("run.epoch_images"),
                         metadata.number<std::uint64_t>("run.best_epoch"),
                         metadata.number<std::size_t>("run.best_correct"),
                         {},
                         {},
                         metadata.has("run.weights") ? metadata.text("run.weights") : ""};
  if (metadata.has("run.whole_best_epoch")) {
    checkpoint.progress.best_before_cut = {metadata.number<std::uint64_t>("run.whole_best_epoch"),
                                           metadata.number<std::size_t>("run.whole_best_correct")};
  }
  if (checkpoint.info.config.training.schedule.policy == Schedule::Policy::plateau) {
    checkpoint.progress.plateau = {metadata.number<double>("run.plateau_best"),
                                   metadata.number<std::int64_t>("run.plateau_waited"),
                                   metadata.number<std::int64_t>("run.plateau_falls")};
  }
  if (checkpoint.progress.reported > checkpoint.progress.step) {
    metadata.fail("run.reported", "is beyond run.step");
  }
  if (checkpoint.progress.epoch_loss < 0) metadata.fail("run.epoch_loss", "is negative");
  checkpoint.data = metadata.text("data");
  checkpoint.version = metadata.has("version") ? printable(metadata.text("version")) : "0.1.0";
  constexpr std::size_t kMostText = 1000;
  if (metadata.has("arithmetic")) {
    checkpoint.arithmetic = shown(metadata.text("arithmetic"), kMostText);
  }
  return checkpoint;
}

void restore(const Checkpoint& checkpoint, Network& network, Solver& solver, Network* averaged) {
  TensorTaker taker(checkpoint.file);
  const std::span names = solver.state_names();
  for (const Parameter& p : network.parameters()) {
    taker.take(p.name, p.dims, averaged != nullptr ? averaged->value(p) : network.value(p));
    if (averaged != nullptr) taker.take(optimizer_name(p, kValue), p.dims, network.value(p));
    if (!p.is_learnt()) continue;
    for (std::size_t i = 0; i < names.size(); ++i) {
      taker.take(optimizer_name(p, names[i]), p.dims, solver.state(i, p));
    }
  }
  taker.finish();
}

}  // namespace cnn
