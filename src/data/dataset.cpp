#include "cnn/dataset.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <system_error>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/random.hpp"
#include "data/idx.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAdvice =
    "; scripts/get_mnist.sh fetches MNIST, --data names another directory";

// The names of the entries of `dir` for a message: at most 8, in order.
std::string contents(const fs::path& dir) {
  std::vector<std::string> names;
  for (const fs::path& path : list_directory(dir)) names.push_back(path.filename().string());
  if (names.empty()) return "the directory is empty";
  std::sort(names.begin(), names.end());
  constexpr std::size_t kShown = 8;
  std::string text = "found only: ";
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i > 0 ? ", " : "") + printable(names[i]);
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

// The first of the usual names that exists. `what` is "images" or "labels", `ranks` the N of idxN.
fs::path find_file(const fs::path& dir, DataPart part, const std::string& what,
                   std::span<const char* const> ranks) {
  const std::string prefix = part == DataPart::train ? "train-" : "t10k-";
  std::string tried;
  for (const char* rank : ranks) {
    for (const char* separator : {"-", "."}) {
      const std::string name = prefix + what + separator + "idx" + rank + "-ubyte";
      for (const std::string& candidate : {name, name + ".gz"}) {
        std::error_code code;
        if (fs::exists(dir / candidate, code)) return dir / candidate;
        if (code) throw file_error(dir / candidate, "cannot look there: " + code.message());
      }
      tried += (tried.empty() ? "" : ", ") + name + "[.gz]";
    }
  }
  throw file_error(dir, "no MNIST " + std::string(part == DataPart::train ? "training " : "test ") +
                            what + " in this directory\n  looked for " + tried + "; " +
                            contents(dir) + kAdvice);
}

// Pictures as most other programs keep them, (n, height, width, channels), would pass for images of
// many channels that are 1, 3 or 4 pixels wide. Nobody has such images; what is long and narrow may
// be a signal.
void refuse_channels_last(const Idx& images, const fs::path& path) {
  if (images.dims.size() != 4) return;
  const std::uint32_t height = images.dims[1], width = images.dims[2], channels = images.dims[3];
  constexpr std::uint32_t kSmallest = 8;
  const bool picture = std::min(height, width) >= kSmallest &&
                       std::max(height, width) / 4 <= std::min(height, width);
  if (!picture || (channels != 1 && channels != 3 && channels != 4)) return;
  const std::string extents =
      std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels);
  throw file_error(path, "its images of " + extents +
                             " seem to be in the order height, width, channels; here it is "
                             "channels, height, width\n  write the array anew after: array = "
                             "array.transpose(0, 3, 1, 2)   (numpy)");
}

// Checks that the two headers fit together.
DatasetHeader combine(const Idx& images, const Idx& labels, const DatasetFiles& files) {
  if (images.dims[0] != labels.dims[0]) {
    throw file_error(files.labels, "holds " + std::to_string(labels.dims[0]) + " labels, but " +
                                       files.images.string() + " holds " +
                                       std::to_string(images.dims[0]) +
                                       " images; the two files do not belong together");
  }
  refuse_channels_last(images, files.images);
  const auto extent = [&](std::size_t from_end) {
    return static_cast<int>(images.dims[images.dims.size() - from_end]);
  };
  const int channels = images.dims.size() == 4 ? extent(3) : 1;
  return {{channels, extent(2), extent(1)}, images.dims[0]};
}

// How many images of each class are held out; `sizes` are the classes' numbers of images.
std::vector<std::size_t> shares(const std::vector<std::size_t>& sizes, std::size_t validation) {
  const std::size_t total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  std::vector<std::size_t> held(sizes.size());
  std::size_t left = validation;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    held[k] = validation * sizes[k] / total;
    left -= held[k];
  }

  std::vector<std::size_t> order(sizes.size());  // largest remainder first
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return validation * sizes[a] % total > validation * sizes[b] % total;
  });
  // One more for each class that may give one, round by round.
  const auto distribute = [&](auto may_give) {
    for (bool given = true; left > 0 && given;) {
      given = false;
      for (const std::size_t k : order) {
        if (left == 0 || !may_give(k)) continue;
        ++held[k];
        --left;
        given = true;
      }
    }
  };
  distribute([&](std::size_t k) { return held[k] + 1 < sizes[k]; });
  distribute([&](std::size_t k) { return held[k] == 0 && sizes[k] == 1; });
  distribute([&](std::size_t k) { return held[k] < sizes[k]; });
  return held;
}

}  // namespace

std::size_t Dataset::label_bound() const {
  const auto largest = std::max_element(labels.begin(), labels.end());
  return largest == labels.end() ? 0 : std::size_t{*largest} + 1;
}

DatasetFiles find_dataset(const fs::path& dir, DataPart part) {
  std::error_code code;
  const fs::file_status status = fs::status(dir, code);
  if (status.type() == fs::file_type::not_found) {
    throw file_error(dir, std::string("no such directory") + kAdvice);
  }
  if (code) throw file_error(dir, "cannot be opened: " + code.message());
  if (status.type() != fs::file_type::directory) {
    throw file_error(dir, std::string("is not a directory") + kAdvice);
  }
  constexpr std::array kImageRanks = {"3", "4"};
  constexpr std::array kLabelRanks = {"1"};
  return {find_file(dir, part, "images", kImageRanks), find_file(dir, part, "labels", kLabelRanks)};
}

DatasetHeader read_dataset_header(const DatasetFiles& files) {
  // Labels first, as in read_dataset: of two broken files the same one is named.
  const Idx labels = read_idx_header(files.labels, IdxKind::labels);
  return combine(read_idx_header(files.images, IdxKind::images), labels, files);
}

Dataset read_dataset(const DatasetFiles& files) {
  // Labels first: they are small, and tell early that the files do not fit.
  Idx labels = read_idx(files.labels, IdxKind::labels);
  combine(read_idx_header(files.images, IdxKind::images), labels, files);
  Idx images = read_idx(files.images, IdxKind::images);
  const DatasetHeader header = combine(images, labels, files);
  return {files, header.shape, std::move(images.values), std::move(labels.values)};
}

void Dataset::refuse_image(std::size_t i) const {
  const std::size_t images = shape.size() > 0 ? pixels.size() / shape.size() : 0;
  throw ArgumentError("data set: there is no image " + std::to_string(i) + ", it holds " +
                      std::to_string(images) + ", counted from 0");
}

Dataset load_dataset(const std::filesystem::path& dir, DataPart part) {
  return read_dataset(find_dataset(dir, part));
}

Selection everything(std::size_t count) {
  Selection all(count);
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

void require_images(const Dataset& dataset, std::span<const std::uint32_t> places,
                    const Shape& shape) {
  if (dataset.shape != shape) {
    throw ShapeError("data set: its images are " + to_string(dataset.shape) + ", expected " +
                     to_string(shape));
  }
  if (!places.empty()) dataset.image(*std::max_element(places.begin(), places.end()));
}

void require_labels(const Dataset& dataset, std::span<const std::uint32_t> places,
                    std::size_t classes) {
  for (const std::uint32_t place : places) {
    if (place >= dataset.labels.size()) {
      throw ArgumentError("data set: image " + std::to_string(place) + " has no label, there are " +
                          std::to_string(dataset.labels.size()));
    }
    if (dataset.labels[place] >= classes) {
      throw ArgumentError("data set: image " + std::to_string(place) + " has the label " +
                          std::to_string(dataset.labels[place]) + ", there are " +
                          std::to_string(classes) + " classes, counted from 0");
    }
  }
}

Split stratified_split(std::span<const std::uint8_t> labels, std::size_t validation,
                       std::uint64_t seed) {
  if (validation >= labels.size()) {
    throw ArgumentError("stratified_split: " + std::to_string(validation) + " images held out of " +
                        std::to_string(labels.size()) + " leave none to train on");
  }
  constexpr std::size_t kLabels = 256;
  std::vector<Selection> members(kLabels);
  for (std::uint32_t i = 0; i < labels.size(); ++i) members[labels[i]].push_back(i);
  std::vector<std::size_t> sizes;
  for (const Selection& of_class : members) sizes.push_back(of_class.size());
  const std::vector<std::size_t> held = shares(sizes, validation);

  std::vector<bool> is_held(labels.size());
  for (std::size_t k = 0; k < kLabels; ++k) {
    const Selection order =
        permutation(Random(seed, Purpose::split, k), static_cast<std::uint32_t>(sizes[k]));
    for (std::size_t i = 0; i < held[k]; ++i) is_held[members[k][order[i]]] = true;
  }
  Split split;
  for (std::uint32_t i = 0; i < labels.size(); ++i) {
    (is_held[i] ? split.validation : split.train).push_back(i);
  }
  return split;
}

}  // namespace cnn
