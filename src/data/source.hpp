// Data sources: where pictures and labels come from, behind one interface. Nothing else in the code
// knows a format of data sets; each stands in a file of data/sources/ and in the table
// data_sources().
//
// A SourceFormat is one way of keeping data sets, with what the configuration says of it. A
// DataSource is one part of one data set, ready to be read. SourceConfig is what the section `data`
// says of both.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cnn/dataset.hpp"

#include "config/config_visitor.hpp"
#include "data/image_look.hpp"
#include "data/picture_options.hpp"

namespace cnn {

// What can be known of a part without its pixels.
struct DatasetHeader {
  Shape shape;  // of one image
  std::size_t count = 0;
  bool is_mapped = false;  // pixels stay in their file and take no memory of the process

  bool operator==(const DatasetHeader&) const = default;
};

// How a part is read. Formats that keep arrays of images have no use for it.
struct ReadOptions {
  // What a trained model makes of a picture, instead of what the configuration says.
  struct Preparation {
    Shape shape;
    std::function<std::vector<std::uint8_t>(const Image&)> prepare;  // called by several threads
  };

  int threads = 0;  // that decode; 0: one per processor. The result is the same
  std::optional<Preparation> preparation = {};
  // Called now and then, by the thread that reads, with the number of pictures done and of all.
  // What it throws ends the reading, and reaches the caller.
  std::function<void(std::size_t done, std::size_t all)> on_progress = {};
  // Decoding ends with ReadingStopped soon after this becomes true; any thread may set it. Formats
  // that keep arrays of images are read all the same.
  const std::atomic<bool>* stop = nullptr;

  bool stopped() const { return stop != nullptr && stop->load(); }
};

// Nothing is wrong with what was read.
class ReadingStopped : public std::exception {};

// One part of a data set. Immutable; any thread may use it. Nothing of it is kept in memory: each
// call looks at the files anew.
class DataSource {
 public:
  virtual ~DataSource() = default;

  // False if files that the configuration names are not there.
  virtual bool exists() const = 0;
  // Throws FileError, naming the path: the part is not there, or what can be seen of it without
  // reading all of it is broken.
  virtual DatasetHeader header() const = 0;
  // That of header(), or an upper bound: files that cannot be used may be among them.
  virtual std::size_t count() const { return header().count; }
  // As header() has it.
  virtual bool is_mapped() const { return false; }
  // Whether header() only guesses: pictures may turn out to have several sizes when they are read.
  virtual bool header_is_guess() const { return false; }
  // Bytes of memory that read() takes beside its result, with that many threads.
  virtual std::size_t reading_bytes(int threads) const {
    static_cast<void>(threads);
    return 0;
  }
  // All images and labels. Throws FileError as header does, and for whatever is broken.
  virtual Dataset read(const ReadOptions& options) const = 0;
  Dataset read() const { return read(ReadOptions{}); }
  // Those of `images` alone, places below count(). Throws as read does. Pictures whose size and
  // colour the options leave open get what these alone call for.
  virtual Dataset read_some(const ReadOptions& options,
                            std::span<const std::uint32_t> images) const;
  // What can be seen of each image, before anything is made of it: count() of them. Pictures that
  // cannot be used are among them, with their faults. Throws FileError where there are none to see.
  virtual std::vector<ImageLook> look(const ReadOptions& options) const;
  // Throws what read() would throw after such a look, as far as that tells.
  virtual void require_usable(std::span<const ImageLook> looks) const { static_cast<void>(looks); }
  // The path that stands for the part in titles and messages: that of its images.
  virtual std::string describe() const = 0;
  // The names of the classes in the order of the labels; empty if the format keeps none.
  virtual std::vector<std::string> class_names() const = 0;
};

// A format, with its keys of the section `data`.
class SourceFormat {
 public:
  virtual ~SourceFormat() = default;
  virtual std::unique_ptr<SourceFormat> clone() const = 0;

  // Visits the format's own keys.
  virtual void options(ConfigVisitor& visitor) = 0;
  // Whether these keys name files, instead of data.dir.
  virtual bool names_files() const = 0;
  // Afterwards they name none; the other keys hold.
  virtual void forget_files() = 0;

  // Whether the directory, or the file, holds a data set of this format. Throws FileError where it
  // cannot be looked into: what nobody saw is no other format's.
  virtual bool recognises(const std::filesystem::path& dir) const = 0;
  // The parts that stand in `dir`, or, if that is empty, in the files that the keys name. Empty
  // where nothing is found. Throws FileError where they cannot be looked into.
  virtual std::vector<DataPart> parts(const std::filesystem::path& dir) const = 0;
  // That part. Throws FileError if there is none, saying what was looked for. `pictures` is for
  // formats that keep picture files.
  virtual std::unique_ptr<DataSource> open(const std::filesystem::path& dir, DataPart part,
                                           const PictureOptions& pictures) const = 0;
  // Whether it keeps picture files, and not arrays of one shape.
  virtual bool keeps_pictures() const { return false; }
};

struct SourceEntry {
  std::string_view name;
  std::unique_ptr<SourceFormat> (*make)();
  // The keys that name files, instead of data.dir; the first is required where that is missing.
  // Empty if the format has none. A number under one of them is something else.
  std::span<const std::string_view> file_keys;
  // For the contract test: the keys of a section `data` in a directory where the test has put a
  // small data set of this format.
  std::string_view example;
};

// "train", "test", "validation"
std::string_view part_name(DataPart part);

// The table of all formats: one line per format. data.dir is of the first format that recognises
// it. Immutable; any thread may read it.
std::span<const SourceEntry> data_sources();

// Where the data of a run stand: data.dir, or the files that the keys of a format name.
class SourceConfig {
 public:
  // With every format of the table at its defaults. The table must outlive the object.
  SourceConfig() : SourceConfig(data_sources()) {}
  explicit SourceConfig(std::span<const SourceEntry> table);
  SourceConfig(const SourceConfig& other);
  SourceConfig& operator=(const SourceConfig& other);
  SourceConfig(SourceConfig&&) = default;
  SourceConfig& operator=(SourceConfig&&) = default;
  ~SourceConfig() = default;

  // Visits data.dir and the keys of every format.
  void options(ConfigVisitor& visitor);

  // Empty if files are named one by one; absolute otherwise.
  const std::filesystem::path& dir() const { return dir_; }
  // From now on the data are those in `dir`, an absolute path, whatever their format. Files that
  // were named are forgotten, the other keys hold.
  void set_dir(std::filesystem::path dir);

  // Finds a part. Throws FileError if there is no such part.
  std::unique_ptr<DataSource> open(DataPart part) const;
  // The parts that are there, in the order of DataPart. Throws FileError where they cannot be
  // looked for.
  std::vector<DataPart> parts() const;
  // Whether that part is there. Throws as parts does.
  bool has(DataPart part) const;

  const PictureOptions& pictures() const { return pictures_; }
  void set_pictures(const PictureOptions& pictures) { pictures_ = pictures; }
  // "idx", "folder", …
  std::string_view format_name() const { return table_[format_index()].name; }
  bool keeps_pictures() const { return format().keeps_pictures(); }
  // Writes down what was found out about a set of pictures: how many channels they have.
  void settle_colour(int channels);

 private:
  // The format that data.format names, or the first that has been given files or recognises the
  // directory. If there is none, the first of the table, which says what it looked for.
  std::size_t format_index() const;
  const SourceFormat& format() const { return *formats_[format_index()]; }

  std::span<const SourceEntry> table_;
  std::filesystem::path dir_;
  std::optional<std::size_t> insisted_;  // in the table
  PictureOptions pictures_;
  std::vector<std::unique_ptr<SourceFormat>> formats_;  // in the order of the table
};

}  // namespace cnn
