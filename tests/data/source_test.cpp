// How SourceConfig goes about a table of several formats, of which one is made for the test: what
// the next entry of the table finds.

#include "data/source.hpp"

#include <array>
#include <fstream>
#include <utility>

#include <gtest/gtest.h>

#include "config/option_printer.hpp"
#include "config/option_reader.hpp"
#include "data/sources/idx_source.hpp"
#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// Two images of one pixel, a cat and a dog.
class PetSource final : public DataSource {
 public:
  explicit PetSource(std::string place) : place_(std::move(place)) {}
  bool exists() const override { return true; }
  DatasetHeader header() const override { return {{1, 1, 1}, 2}; }
  using DataSource::read;
  Dataset read(const ReadOptions&) const override {
    Dataset dataset;
    dataset.origin = {place_, place_};
    dataset.shape = {1, 1, 1};
    dataset.pixels = {0, 255};
    dataset.labels = {1, 0};
    dataset.class_names = class_names();
    dataset.file_names = {"a.png", "b.png"};
    return dataset;
  }
  std::string describe() const override { return place_; }
  std::vector<std::string> class_names() const override { return {"cat", "dog"}; }

 private:
  std::string place_;
};

// A directory with a file "pets", or a table of pets.
class PetFormat final : public SourceFormat {
 public:
  std::unique_ptr<SourceFormat> clone() const override {
    return std::make_unique<PetFormat>(*this);
  }
  void options(ConfigVisitor& visitor) override {
    if (visitor.wants("table", !table_.empty())) visitor.path("table", table_);
    visitor.integer("legs", legs_, {.low = 1, .high = 100});
  }
  bool names_files() const override { return !table_.empty(); }
  void forget_files() override { table_.clear(); }
  bool recognises(const fs::path& dir) const override { return fs::exists(dir / "pets"); }
  std::vector<DataPart> parts(const fs::path&) const override {
    return {DataPart::test, DataPart::train};
  }
  std::unique_ptr<DataSource> open(const fs::path& dir, DataPart,
                                   const PictureOptions&) const override {
    return std::make_unique<PetSource>((dir.empty() ? table_ : dir).string());
  }

 private:
  fs::path table_;
  std::int64_t legs_ = 4;
};

constexpr std::array<std::string_view, 1> kPetKeys = {"table"};
std::unique_ptr<SourceFormat> make_pet_format() {
  return std::make_unique<PetFormat>();
}

const std::array<SourceEntry, 2> kTable = {{
    {"idx", make_idx_format, kIdxFileKeys, ""},
    {"pets", make_pet_format, kPetKeys, ""},
}};

struct Read {
  SourceConfig config{kTable};
  std::string errors;
};

Read read(const std::string& text) {
  Diagnostics diagnostics;
  const ConfigDocument document = parse_document("a.yaml", text, diagnostics);
  Read result;
  const OptionReader::Context context{&diagnostics, "/base", {}};
  OptionReader reader(context, document.root, {"data", "data"}, Place{});
  result.config.options(reader);
  reader.finish();
  result.errors = diagnostics.text(document.sources);
  return result;
}

TEST(SourceConfig, TakesTheFormatThatRecognisesTheDirectory) {
  const TempDir temp;
  SourceConfig config(kTable);
  config.set_dir(temp.path());
  std::ofstream(temp / "pets") << "";
  const Dataset pets = config.open(DataPart::train)->read();
  EXPECT_EQ(pets.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(pets.origin.images, temp.path().string());
  // The first in the table where several do.
  write_dataset(temp.path(), DataPart::train, make_dataset({1, 2, 2}, 3, 2));
  EXPECT_EQ(config.open(DataPart::train)->header().count, 3U);
}

TEST(SourceConfig, TakesTheFormatThatIsInsistedOn) {
  const TempDir temp;
  write_dataset(temp.path(), DataPart::train, make_dataset({1, 2, 2}, 3, 2));
  Read given = read("{dir: " + temp.path().string() + ", format: pets}");
  EXPECT_EQ(given.errors, "");
  EXPECT_EQ(given.config.open(DataPart::train)->header().count, 2U);
  EXPECT_EQ(given.config.parts(), (std::vector{DataPart::train, DataPart::test}));
  // Another directory is of whatever format it is.
  given.config.set_dir(temp.path());
  EXPECT_EQ(given.config.open(DataPart::train)->header().count, 3U);
  const std::string wrong = read("{dir: d, format: pet}").errors;
  EXPECT_NE(wrong.find("format must be idx or pets, got 'pet'"), std::string::npos) << wrong;
}

// A number under the key of files is another key.
TEST(SourceConfig, NumbersNameNoFiles) {
  const std::string errors = read("{dir: d, test: 500}").errors;
  EXPECT_EQ(errors.find("exclude"), std::string::npos) << errors;
}

TEST(SourceConfig, KeysForPicturesAreReadAndPrinted) {
  Read given = read("{dir: d, size: [4, 6], fit: pad, colour: gray, broken: skip}");
  EXPECT_EQ(given.errors, "");
  OptionPrinter printer(OptionPrinter::Sections::block);
  given.config.options(printer);
  EXPECT_EQ(printer.block(""),
            "dir: /base/d\nlegs: 4\nsize: [4, 6]\nfit: pad\ncolour: gray\nbroken: skip\n");
}

TEST(SourceConfig, LetsTheFirstFormatSayThatThereIsNothing) {
  const TempDir temp;
  SourceConfig config(kTable);
  config.set_dir(temp.path());
  const std::string message = file_error_of([&] { config.open(DataPart::train); });
  EXPECT_NE(message.find("no MNIST training images in this directory"), std::string::npos)
      << message;
}

TEST(SourceConfig, TakesTheFormatWhoseFilesAreNamed) {
  const Read table = read("{table: pets.csv, legs: 9}");
  EXPECT_EQ(table.errors, "");
  EXPECT_EQ(table.config.open(DataPart::test)->describe(), "/base/pets.csv");
  const Read files = read("{train: {images: i, labels: l}}");
  EXPECT_EQ(files.errors, "");
  EXPECT_EQ(files.config.open(DataPart::train)->describe(), "/base/i");
}

TEST(SourceConfig, ADirectoryTakesThePlaceOfNamedFilesAlone) {
  Read given = read("{table: pets.csv, legs: 9}");
  given.config.set_dir("/other");
  OptionPrinter printer(OptionPrinter::Sections::block);
  given.config.options(printer);
  EXPECT_EQ(printer.block(""), "dir: /other\nlegs: 9\n");
}

TEST(SourceConfig, EveryFormatsKeysAreKnown) {
  const std::string unknown = read("{dir: d, lags: 3}").errors;
  EXPECT_NE(unknown.find("did you mean 'legs'?"), std::string::npos) << unknown;
  const std::string missing = read("{legs: 3}").errors;
  EXPECT_NE(missing.find("data needs 'dir' or 'train' or 'table'"), std::string::npos) << missing;
  EXPECT_NE(missing.find("data accepts: dir format train test transpose first_label table"),
            std::string::npos)
      << missing;
  for (const char* text : {"{dir: d, table: t}", "{dir: d, test: {images: i, labels: l}}"}) {
    EXPECT_NE(read(text).errors.find("exclude one another"), std::string::npos) << text;
  }
}

TEST(ReadDataset, ReadsADirectoryOfAnyFormat) {
  EXPECT_EQ(read_dataset(CNN_DIGITS_DIR, DataPart::test).count(), 1000U);
  EXPECT_THROW(read_dataset("/no/such/directory", DataPart::test), FileError);
}

}  // namespace
}  // namespace cnn
