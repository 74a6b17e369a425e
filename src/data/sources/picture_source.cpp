#include "data/sources/picture_source.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <system_error>

#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "base/arena.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"
#include "data/image/decode.hpp"
#include "data/picture_memory.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using Colour = PictureOptions::Colour;

constexpr std::size_t kMostNamed = 20;

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

// As sizes of pictures are given everywhere: width first.
std::string width_by_height(Size2 size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

// What is wrong with a file, without its path, which the list gives.
std::string fault(const PictureFile& file, const FileError& error) {
  const std::string message = error.what();
  const std::string place = path_text(file.path) + ": error: ";
  return message.starts_with(place) ? message.substr(place.size()) : message;
}

// "cats/a.png" or "pets.csv:12: cats/a.png"
std::string place_of(const PictureList& list, const PictureFile& file) {
  const std::string name = shown(file.name(), 200);
  if (file.line == 0) return name;
  return printable(list.origin.filename().string()) + ":" + std::to_string(file.line) + ": " + name;
}

struct Fault {
  std::size_t file;
  std::string text;
};

std::vector<std::string> fault_lines(const PictureList& list, const std::vector<Fault>& faults) {
  std::vector<std::string> lines;
  for (const Fault& found : faults) {
    lines.push_back(place_of(list, list.files[found.file]) + ": " + found.text);
  }
  return lines;
}

FileError broken_error(const PictureList& list, const std::vector<Fault>& faults,
                       PictureOptions::Broken broken) {
  std::string message = std::to_string(faults.size()) + " of " +
                        counted(list.files.size(), "file") + " cannot be used";
  const std::size_t named = std::min(faults.size(), kMostNamed);
  for (const std::string& line :
       fault_lines(list, {faults.begin(), faults.begin() + static_cast<std::ptrdiff_t>(named)})) {
    message += "\n  " + line;
  }
  if (faults.size() > named) {
    message += "\n  and " + std::to_string(faults.size() - named) + " more";
  }
  message += "\n  repair or remove them";
  if (broken == PictureOptions::Broken::refuse && faults.size() < list.files.size()) {
    message += ", or leave them out with data.broken: skip";
  }
  return file_error(list.origin, message);
}

// How many pictures have which size, by falling number.
using Sizes = std::vector<std::pair<Size2, std::size_t>>;

Sizes count_sizes(const std::vector<Size2>& sizes) {
  std::map<std::pair<int, int>, std::size_t> counts;
  for (const Size2& size : sizes) {
    if (size.height > 0) ++counts[{size.height, size.width}];
  }
  Sizes result;
  for (const auto& [size, count] : counts) result.push_back({{size.first, size.second}, count});
  std::ranges::stable_sort(result, std::greater<>{}, &Sizes::value_type::second);
  return result;
}

FileError sizes_error(const PictureList& list, const std::vector<Size2>& all) {
  const Sizes sizes = count_sizes(all);
  std::string text;
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(sizes.size(), kShown); ++i) {
    text += (i > 0 ? ", " : "") + width_by_height(sizes[i].first) + " (" +
            counted(sizes[i].second, "picture") + ")";
  }
  if (sizes.size() > kShown) text += ", …";
  return file_error(list.origin, "its pictures have " + std::to_string(sizes.size()) +
                                     " sizes (width x height): " + text +
                                     "\n  a network takes one: set data.size, as in size: " +
                                     std::to_string(advised_size(all)) +
                                     "; data.fit says how: crop, pad or stretch");
}

FileError other_size_error(const PictureList& list, Size2 found, Size2 wanted) {
  return file_error(list.origin, "its pictures have " + width_by_height(found) +
                                     " pixels, those of the training part " +
                                     width_by_height(wanted) +
                                     "\n  a network takes one size: set data.size, as in size: " +
                                     std::to_string(std::min(wanted.height, wanted.width)));
}

FileError memory_error(const PictureList& list, Size2 size, double bytes) {
  return file_error(list.origin,
                    counted(list.files.size(), "picture") + " of " + width_by_height(size) +
                        " take " + bytes_text(bytes) + ", this machine has " +
                        bytes_text(static_cast<double>(physical_memory())) +
                        "; choose a smaller data.size, or pack it into files that are not "
                        "held in memory: cnn-data --config FILE.yaml --pack DIR");
}

// Tells how many pictures of a pass are done, and whether the rest is wanted.
class Progress {
 public:
  Progress(const ReadOptions& options, std::size_t all) : options_(options), all_(all) {}

  bool has_ended() const { return ended_ || options_.stopped(); }
  // Called by every worker, for each picture.
  void add(int worker) {
    ++done_;
    if (worker != 0 || !options_.on_progress) return;
    try {
      options_.on_progress(done_, all_);
    } catch (...) {
      ended_ = true;  // the other workers need not go on
      throw;
    }
  }
  // When all workers are done.
  void require_all() const {
    if (options_.stopped()) throw ReadingStopped();
  }

 private:
  const ReadOptions& options_;
  std::size_t all_;
  std::atomic<std::size_t> done_ = 0;
  std::atomic<bool> ended_ = false;
};

// Reads one list; each pass decodes all of it.
class Reader {
 public:
  Reader(const PictureList& list, const ReadOptions& options)
      : list_(list),
        options_(options),
        workers_(options.threads > 0 ? options.threads : Workers::available()) {}

  std::vector<std::uint8_t>& pixels() { return pixels_; }
  const std::vector<Fault>& faults() const { return faults_; }
  const std::vector<Size2>& sizes() const { return sizes_; }
  bool found_colour() const { return found_colour_; }

  // The size of the first picture that can be read; nothing if there is none.
  std::optional<Size2> first_size() const {
    for (const PictureFile& file : list_.files) {
      try {
        const Shape shape = read_image(file.path).shape;
        return Size2{shape.height, shape.width};
      } catch (const FileError&) {
        continue;
      }
    }
    return std::nullopt;
  }

  enum class Store { all, nothing };
  // `take` makes an image of `shape` of a picture. Stops early if a picture is coloured, where
  // `ends_at_colour`. With `one_size` only pictures that have the shape's size are taken.
  template <typename Take>
  void pass(const Shape& shape, Store store, bool one_size, bool ends_at_colour, Take take) {
    const std::size_t count = list_.files.size();
    const std::size_t size = store == Store::all ? shape.size() : 0;
    pixels_.assign(count * size, 0);
    sizes_.assign(one_size ? count : 0, {});
    faults_.clear();
    found_colour_ = false;
    Progress progress(options_, count);
    const auto read = [&](std::size_t i) {
      Image image = read_image(list_.files[i].path);
      const Size2 found{image.shape.height, image.shape.width};
      if (one_size) sizes_[i] = found;
      if (ends_at_colour && !is_gray(image)) {
        found_colour_ = true;
        return;
      }
      if (size == 0 || (one_size && found != Size2{shape.height, shape.width})) return;
      const std::vector<std::uint8_t> taken = take(std::move(image));
      std::ranges::copy(taken, pixels_.begin() + static_cast<std::ptrdiff_t>(i * size));
    };
    workers_.run(static_cast<int>(count), [&](int worker, int task) {
      if (progress.has_ended() || (ends_at_colour && found_colour_)) return;
      const auto i = static_cast<std::size_t>(task);
      try {
        read(i);
      } catch (const FileError& error) {
        const std::lock_guard lock(mutex_);
        faults_.push_back({i, fault(list_.files[i], error)});
      }
      progress.add(worker);
    });
    progress.require_all();
    std::ranges::sort(faults_, {}, &Fault::file);
  }

 private:
  const PictureList& list_;
  const ReadOptions& options_;
  Workers workers_;
  std::mutex mutex_;
  std::vector<std::uint8_t> pixels_;
  std::vector<Size2> sizes_;  // 0x0 for what could not be read
  std::vector<Fault> faults_;
  std::atomic<bool> found_colour_ = false;
};

// Several of `sizes`, those of files that could not be read apart?
bool differ(const std::vector<Size2>& sizes) {
  const auto is_known = [](const Size2& size) { return size.height > 0; };
  const auto first = std::ranges::find_if(sizes, is_known);
  return first != sizes.end() && std::ranges::any_of(first, sizes.end(), [&](const Size2& size) {
           return is_known(size) && size != *first;
         });
}

void require_room(const PictureList& list, const Shape& shape) {
  const double bytes = static_cast<double>(list.files.size()) * static_cast<double>(shape.size());
  if (bytes > static_cast<double>(physical_memory())) {
    throw memory_error(list, {shape.height, shape.width}, bytes);
  }
}

// Decodes the list into the reader's pixels; returns the shape.
Shape decode(const PictureList& list, const PictureOptions& options, bool one_size,
             Reader& reader) {
  using Store = Reader::Store;
  const Size2 size = options.size ? *options.size : reader.first_size().value_or(Size2{1, 1});
  const auto run = [&](int channels, Store store) {
    const Shape shape{channels, size.height, size.width};
    const bool undecided = channels == 1 && !options.colour;
    reader.pass(shape, store, one_size, undecided, [&](Image image) {
      return fitted_picture(std::move(image), shape, options.fit).pixels;
    });
    return shape;
  };
  const auto complain = [&] {
    if (!reader.faults().empty() && options.broken == PictureOptions::Broken::refuse) {
      throw broken_error(list, reader.faults(), options.broken);
    }
    if (differ(reader.sizes())) throw sizes_error(list, reader.sizes());
    if (reader.pixels().empty() || !one_size) return;
    for (const Size2& found : reader.sizes()) {
      if (found.height > 0 && found != size) throw other_size_error(list, found, size);
    }
  };

  const int channels = options.colour ? options.channels() : 1;
  const double bytes = static_cast<double>(list.files.size()) * size.height * size.width * 3;
  if (one_size && bytes > static_cast<double>(physical_memory())) {
    // Photographs as the camera left them: the likelier message is about their sizes.
    run(3, Store::nothing);
    complain();
    throw memory_error(list, size, bytes);
  }
  require_room(list, {channels, size.height, size.width});
  Shape shape = run(channels, Store::all);
  if (reader.found_colour()) {
    require_room(list, {3, size.height, size.width});
    shape = run(3, Store::all);
  }
  complain();
  return shape;
}

// The training part's size and colour, where the options leave them open.
PictureOptions completed(PictureOptions options, const PictureList& training,
                         const ReadOptions& how) {
  if (!options.size) {
    const std::optional<Size2> size = Reader(training, how).first_size();
    if (size) options.size = size;
  }
  if (!options.colour) {
    Reader reader(training, how);
    reader.pass({1, 1, 1}, Reader::Store::nothing, false, true,
                [](const Image&) { return std::vector<std::uint8_t>(); });
    options.colour = reader.found_colour() ? Colour::rgb : Colour::gray;
  }
  return options;
}

}  // namespace

int advised_size(std::vector<Size2> sizes) {
  std::erase_if(sizes, [](const Size2& size) { return size.height == 0; });
  std::vector<int> sides;
  for (const Size2& size : sizes) sides.push_back(std::min(size.height, size.width));
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  std::nth_element(sides.begin(), middle, sides.end());
  constexpr int kUsual = 64;
  return std::min(*middle, kUsual);
}

bool PictureSource::exists() const {
  std::error_code unknown;
  return fs::exists(list_.origin, unknown) &&
         std::ranges::all_of(
             list_.files, [&](const PictureFile& file) { return fs::exists(file.path, unknown); });
}

DatasetHeader PictureSource::header() const {
  const PictureOptions options = completed(options_, training_ ? *training_ : list_, {});
  if (!options.size) return {read().shape, count()};  // which says what is wrong with all of them
  return {{options.channels(), options.size->height, options.size->width}, count()};
}

std::size_t PictureSource::reading_bytes(int threads) const {
  std::vector<std::size_t> bytes(list_.files.size());
  Workers workers(threads);
  workers.run(static_cast<int>(bytes.size()), [&](int, int i) {
    const auto file = static_cast<std::size_t>(i);
    bytes[file] = picture_bytes(list_.files[file].path);
  });
  // At worst the largest pictures are decoded at once.
  const auto most = std::min(bytes.size(), static_cast<std::size_t>(threads));
  const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(bytes.begin(), end, bytes.end(), std::greater<>{});
  // Lists hold names and paths, and so does what is read.
  constexpr std::size_t kPerFile = 300, kCopies = 3;
  std::size_t names = 0;
  for (const PictureFile& file : list_.files) names += kPerFile + kCopies * file.path.size();
  return std::accumulate(bytes.begin(), end, names);
}

Dataset PictureSource::read_list(const PictureList& list, const ReadOptions& options) const {
  Reader reader(list, options);
  Dataset dataset;
  dataset.origin = {list.origin.string(), list.origin.string()};
  dataset.class_names = list.classes;
  if (options.preparation) {
    dataset.shape = options.preparation->shape;
    require_room(list, dataset.shape);
    reader.pass(dataset.shape, Reader::Store::all, false, false, options.preparation->prepare);
    if (!reader.faults().empty() && options_.broken == PictureOptions::Broken::refuse) {
      throw broken_error(list, reader.faults(), options_.broken);
    }
  } else {
    dataset.shape = decode(list, training_ ? completed(options_, *training_, options) : options_,
                           !options_.size, reader);
  }
  dataset.left_out = fault_lines(list, reader.faults());

  // What was left out leaves no hole.
  const auto size = static_cast<std::ptrdiff_t>(dataset.shape.size());
  std::vector<std::uint8_t>& pixels = reader.pixels();
  auto fault = reader.faults().begin();
  auto to = pixels.begin();
  for (std::size_t i = 0; i < list.files.size(); ++i) {
    if (fault != reader.faults().end() && fault->file == i) {
      ++fault;
      continue;
    }
    const auto from = pixels.begin() + static_cast<std::ptrdiff_t>(i) * size;
    if (to != from) std::copy_n(from, size, to);
    to += size;
    dataset.labels.push_back(list.files[i].label);
    dataset.file_names.push_back(list.files[i].path);
  }
  pixels.erase(to, pixels.end());
  dataset.pixels = std::move(pixels);
  if (dataset.labels.empty()) throw broken_error(list, reader.faults(), options_.broken);
  return dataset;
}

Dataset PictureSource::read(const ReadOptions& options) const {
  if (!is_there(list_.origin)) throw file_error(list_.origin, "no such file or directory");
  return read_list(list_, options);
}

Dataset PictureSource::read_some(const ReadOptions& options,
                                 std::span<const std::uint32_t> images) const {
  PictureList some{list_.origin, list_.classes, {}};
  for (const std::uint32_t i : images) some.files.push_back(list_.files.at(i));
  return read_list(some, options);
}

std::vector<ImageLook> PictureSource::look(const ReadOptions& options) const {
  if (!is_there(list_.origin)) throw file_error(list_.origin, "no such file or directory");
  Workers workers(options.threads > 0 ? options.threads : Workers::available());
  std::vector<ImageLook> looks(list_.files.size());
  Progress progress(options, looks.size());
  workers.run(static_cast<int>(looks.size()), [&](int worker, int task) {
    if (progress.has_ended()) return;
    const auto i = static_cast<std::size_t>(task);
    const PictureFile& file = list_.files[i];
    try {
      const Image image = read_image(file.path);
      looks[i] = look_at(image.shape, image.pixels);
    } catch (const FileError& error) {
      looks[i].fault = fault(file, error);
    }
    looks[i].file = file.path;
    looks[i].label = file.label;
    progress.add(worker);
  });
  progress.require_all();
  return looks;
}

void PictureSource::require_usable(std::span<const ImageLook> looks) const {
  std::vector<Fault> faults;
  std::vector<Size2> sizes;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    if (!looks[i].fault.empty()) faults.push_back({i, looks[i].fault});
    sizes.push_back(looks[i].size());
  }
  const bool refuses = options_.broken == PictureOptions::Broken::refuse;
  if (faults.size() == looks.size() || (refuses && !faults.empty())) {
    throw broken_error(list_, faults, options_.broken);
  }
  if (!options_.size && differ(sizes)) throw sizes_error(list_, sizes);
  const Size2 found = count_sizes(sizes).front().first;
  if (options_.size || !training_) return;
  const std::optional<Size2> wanted = Reader(*training_, {}).first_size();
  if (wanted && *wanted != found) throw other_size_error(list_, found, *wanted);
}

}  // namespace cnn
