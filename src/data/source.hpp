// Data sources: where pictures and labels come from, behind one interface. Nothing else in the code
// knows a format of data sets; each stands in a file of data/sources/ and in the table
// data_sources().
//
// A SourceFormat is one way of keeping data sets, with what the configuration says of it. A
// DataSource is one part of one data set, ready to be read. SourceConfig is what the section `data`
// says of both.

#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cnn/dataset.hpp"

#include "config/config_visitor.hpp"

namespace cnn {

// What can be known of a part without its pixels.
struct DatasetHeader {
  Shape shape;  // of one image
  std::size_t count = 0;

  bool operator==(const DatasetHeader&) const = default;
};

// One part of a data set. Immutable; any thread may use it. Nothing of it is kept in memory: each
// call looks at the files anew.
class DataSource {
 public:
  virtual ~DataSource() = default;

  // False if files that the configuration names are not there.
  virtual bool exists() const = 0;
  // Throws FileError, naming the path: the part is not there, or what can be seen of it without the
  // pixels is broken.
  virtual DatasetHeader header() const = 0;
  // All images and labels. Throws FileError as header does, and for whatever is broken.
  virtual Dataset read() const = 0;
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

  // Whether the directory holds a data set of this format. A directory that cannot be looked into
  // holds none.
  virtual bool recognises(const std::filesystem::path& dir) const = 0;
  // The part that stands in `dir`, or, if that is empty, in the files that the keys name. Throws
  // FileError if there is no such part, saying what was looked for.
  virtual std::unique_ptr<DataSource> open(const std::filesystem::path& dir,
                                           DataPart part) const = 0;
};

struct SourceEntry {
  std::string_view name;
  std::unique_ptr<SourceFormat> (*make)();
  // The keys that name files, instead of data.dir; the first is required where that is missing.
  // Empty if the format has none.
  std::span<const std::string_view> file_keys;
  // A data set of the repository, for the contract test: a directory, and the keys of a section
  // `data` that stands in it.
  std::string_view example_directory;
  std::string_view example;
};

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
  // From now on the data are those in `dir`, an absolute path. Files that were named are forgotten,
  // the other keys hold.
  void set_dir(std::filesystem::path dir);

  // Finds a part. Throws FileError if there is no such part.
  std::unique_ptr<DataSource> open(DataPart part) const;

 private:
  // The first format that has been given files or recognises the directory. If there is none, the
  // first of the table, which says what it looked for.
  const SourceFormat& format() const;

  std::span<const SourceEntry> table_;
  std::filesystem::path dir_;
  std::vector<std::unique_ptr<SourceFormat>> formats_;  // in the order of the table
};

}  // namespace cnn
