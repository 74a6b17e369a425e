#include "run/training_data.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "data/class_names.hpp"
#include "data/sources/idx_source.hpp"

namespace cnn {
namespace {

Dataset read_part(const DataConfig& config, DataPart part, const ReadOptions& options) {
  Dataset dataset = config.source.open(part)->read(options);
  order_classes(dataset, config.classes);
  return dataset;
}

// A class of pictures is learnt from its pictures.
void require_pictures(const Dataset& dataset) {
  if (dataset.file_names.empty()) return;
  std::vector<bool> occurs(dataset.class_count());
  for (const std::uint16_t label : dataset.labels) occurs[label] = true;
  std::vector<std::string> empty;
  for (std::size_t k = 0; k < dataset.class_names.size(); ++k) {
    if (!occurs[k]) empty.push_back(in_quotes(dataset.class_names[k]));
  }
  if (empty.empty()) return;
  const std::size_t count = empty.size();
  constexpr std::size_t kMostNamed = 20;
  empty.resize(std::min(count, kMostNamed));
  throw FileError(path_text(dataset.origin.labels) + ": error: no picture is of the class" +
                  (count == 1 ? " " : "es ") + join(empty, ", ") +
                  (count > kMostNamed ? ", …" : "") +
                  "\n  a class is learnt from its pictures: add some, or remove the folder");
}

// data.validation and data.test leave an image to train on?
void require_rest(const DataConfig& config, const Dataset& dataset) {
  const std::size_t count = dataset.count();
  const auto fits = [&](std::int64_t held) { return static_cast<std::size_t>(held) < count; };
  const auto fail = [&](const std::string& keys, std::int64_t held) {
    throw ConfigError("error: " + keys + " " + std::to_string(held) +
                      " images, but there are only " + std::to_string(count) + " in " +
                      path_text(dataset.origin.images) + "; set it to a fraction of that, or to 0");
  };
  if (!fits(config.validation)) fail("data.validation holds out", config.validation);
  if (!fits(config.test)) fail("data.test holds out", config.test);
  if (!fits(config.test + config.validation)) {
    fail("data.test and data.validation hold out", config.test + config.validation);
  }
  if (static_cast<std::size_t>(config.fold.count + config.test) <= count) return;
  const std::size_t rest = count - static_cast<std::size_t>(config.test);
  throw ConfigError(
      "error: data.fold is " + to_text(config.fold) + ", but there " +
      (rest == 1 ? "is only 1 image" : "are only " + std::to_string(rest) + " images") +
      " to divide in " + path_text(dataset.origin.images) + "; choose fewer folds");
}

// The training part alone, split.
TrainingData load_split(const DataConfig& config, std::uint64_t seed, const ReadOptions& options) {
  TrainingData data{read_part(config, DataPart::train, options), {}};
  require_rest(config, data.dataset);
  const auto test = static_cast<std::size_t>(config.test);
  const std::vector<std::uint16_t>& labels = data.dataset.labels;
  data.split =
      config.fold.count > 0
          ? fold_split(labels, test, config.fold, seed)
          : stratified_split(labels, test, static_cast<std::size_t>(config.validation), seed);
  return data;
}

void append(Dataset& to, const Dataset& from) {
  if (from.shape != to.shape) {
    throw other_shape_error(from.origin.images, from.shape, to.origin.images, to.shape);
  }
  to.pixels.reserve(to.pixels.size() + from.count() * from.shape.size());
  for (const std::span<const std::uint8_t> piece : from.pixel_pieces()) {
    to.pixels.insert(to.pixels.end(), piece.begin(), piece.end());
  }
  to.labels.insert(to.labels.end(), from.labels.begin(), from.labels.end());
  to.file_names.insert(to.file_names.end(), from.file_names.begin(), from.file_names.end());
  to.left_out.insert(to.left_out.end(), from.left_out.begin(), from.left_out.end());
}

// Whether arrays are as the keys of pictures say: cnn-data packed them so, or an imported network
// wants their size.
bool agree_with_keys(const SourceConfig& source) {
  const PictureOptions& pictures = source.pictures();
  const bool packed = is_there(source.dir() / kPackedMark);
  if (!packed && !pictures.size && !pictures.colour) return false;
  const Shape shape = source.open(DataPart::train)->header().shape;
  return (!pictures.size || *pictures.size == Size2{shape.height, shape.width}) &&
         (!pictures.colour || pictures.channels() == shape.channels);
}

}  // namespace

void order_classes(Dataset& dataset, const std::vector<std::string>& classes) {
  if (classes.empty() || dataset.class_names.empty()) return;
  if (dataset.file_names.empty()) {
    dataset.class_names = classes;
    return;
  }
  const std::set<std::string_view> known(classes.begin(), classes.end());
  for (const std::string& name : dataset.class_names) {
    if (known.contains(name)) continue;
    throw ConfigError("error: data.classes lacks " + in_quotes(name) + ", a class of " +
                      path_text(dataset.origin.labels) +
                      "; name all of its classes, or leave the key out");
  }
  adopt_classes(dataset, classes);
}

void check_parts(const DataConfig& config) {
  const std::vector<DataPart> parts = config.source.parts();
  for (const auto& [part, held] : {std::pair(DataPart::test, config.test),
                                   std::pair(DataPart::validation, config.validation)}) {
    if (held == 0 || std::ranges::count(parts, part) == 0) continue;
    const std::string key = "data." + std::string(part_name(part));
    throw ConfigError("error: " + key + " holds out " + std::to_string(held) +
                      " images, but the data set has a " + std::string(part_name(part)) +
                      " part of its own, " + path_text(config.source.open(part)->describe()) +
                      "; leave " + key + " out");
  }
  if (config.fold.count > 0 && std::ranges::count(parts, DataPart::validation) > 0) {
    throw ConfigError(
        "error: data.fold holds a part of the training images out, but the data set has a "
        "validation part of its own, " +
        path_text(config.source.open(DataPart::validation)->describe()) + "; leave data.fold out");
  }
  if (config.source.pictures().any() && !config.source.keeps_pictures() &&
      !agree_with_keys(config.source)) {
    throw ConfigError(
        "error: data.size, fit, colour and broken are for picture files; " +
        path_text(config.source.open(DataPart::train)->describe()) +
        " holds arrays of one shape, which are taken as they are; leave these keys out");
  }
}

FileError other_shape_error(const std::string& images, const Shape& shape,
                            const std::string& training, const Shape& wanted) {
  return FileError(path_text(images) + ": error: its images are " + to_string(shape) +
                   ", those of the training part in " + path_text(training) + " are " +
                   to_string(wanted));
}

void require_images_to_train(const DataConfig& config, const Dataset& training) {
  require_rest(config, training);
  require_pictures(training);
}

TrainingData load_training_data(const DataConfig& config, std::uint64_t seed,
                                const ReadOptions& options) {
  check_parts(config);
  TrainingData data = load_split(config, seed, options);
  require_pictures(data.dataset);
  if (!config.source.has(DataPart::validation)) return data;
  DataConfig settled = config;
  if (!data.dataset.file_names.empty()) settled.source.settle_colour(data.dataset.shape.channels);
  const auto first = static_cast<std::uint32_t>(data.dataset.count());
  append(data.dataset, read_part(settled, DataPart::validation, options));
  for (auto i = first; i < data.dataset.count(); ++i) data.split.validation.push_back(i);
  return data;
}

std::string left_out_text(const Dataset& dataset) {
  const std::vector<std::string>& files = dataset.left_out;
  if (files.empty()) return "";
  std::string text = files.size() == 1
                         ? "1 file is left out as broken"
                         : std::to_string(files.size()) + " files are left out as broken";
  constexpr std::size_t kMostNamed = 5;
  for (std::size_t i = 0; i < std::min(files.size(), kMostNamed); ++i) text += "\n  " + files[i];
  return text + (files.size() > kMostNamed ? "\n  …" : "");
}

PartData load_part(const DataConfig& config, DataPart part, std::uint64_t seed,
                   const ReadOptions& options) {
  const bool held = part == DataPart::test ? config.test > 0 : config.holds_validation_out();
  if (part != DataPart::train && (!held || config.source.has(part))) {
    PartData data{read_part(config, part, options), {}};
    data.selection = everything(data.dataset.count());
    return data;
  }
  TrainingData data = load_split(config, seed, options);
  Selection& selection = part == DataPart::train  ? data.split.train
                         : part == DataPart::test ? data.split.test
                                                  : data.split.validation;
  return {std::move(data.dataset), std::move(selection)};
}

}  // namespace cnn
