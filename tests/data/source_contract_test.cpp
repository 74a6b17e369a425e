// What every data source promises, for each entry of the table, on a small data set that
// support/picture_sets writes in its format: a new entry is tested by being there.

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "config/option_printer.hpp"
#include "config/option_reader.hpp"
#include "data/source.hpp"
#include "support/file_error_of.hpp"
#include "support/picture_sets.hpp"
#include "support/temp_dir.hpp"

namespace cnn {

// How a test's parameter is printed.
static void PrintTo(const SourceEntry& entry, std::ostream* out) {
  *out << entry.name;
}

namespace {

namespace fs = std::filesystem;

class DataSourceContract : public testing::TestWithParam<SourceEntry> {
 protected:
  DataSourceContract() { write_pets(GetParam().name, root(), make_pets(5), make_pets(2, 3, 7)); }

  fs::path root() const { return temp_.path() / "set"; }

  // The example, read as a section `data` of a configuration in the copy.
  SourceConfig example() const {
    Diagnostics diagnostics;
    const ConfigDocument document =
        parse_document("a.yaml", std::string(GetParam().example), diagnostics);
    SourceConfig config;
    const OptionReader::Context context{&diagnostics, root(), {}};
    OptionReader reader(context, document.root, {"data", "data"}, Place{});
    config.options(reader);
    reader.finish();
    EXPECT_EQ(diagnostics.text(document.sources), "");
    return config;
  }

  // Cuts every file of the copy after so many bytes.
  void cut_files(std::uintmax_t bytes) const {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root())) {
      if (entry.is_regular_file() && entry.file_size() > bytes) {
        fs::resize_file(entry.path(), bytes);
      }
    }
  }

  // The message begins with a path in the data set, and is about it.
  void expect_named(const std::string& message) const {
    EXPECT_EQ(message.find(root().lexically_normal().string()), 0U) << message;
    EXPECT_NE(message.find(": error: "), std::string::npos) << message;
  }

 private:
  TempDir temp_;
};

constexpr auto kParts = {DataPart::train, DataPart::test};

TEST_P(DataSourceContract, TheHeaderIsThatOfWhatIsRead) {
  for (const DataPart part : kParts) {
    const std::unique_ptr<DataSource> source = example().open(part);
    ASSERT_TRUE(source->exists());
    const DatasetHeader header = source->header();
    const Dataset dataset = source->read();
    EXPECT_GT(dataset.count(), 0U);
    EXPECT_GT(dataset.shape.size(), 0U);
    EXPECT_EQ(header, (DatasetHeader{dataset.shape, dataset.count()}));
    EXPECT_EQ(dataset.pixels.size(), dataset.count() * dataset.shape.size());
  }
}

TEST_P(DataSourceContract, ReadingTwiceGivesTheSame) {
  for (const DataPart part : kParts) {
    const std::unique_ptr<DataSource> source = example().open(part);
    const Dataset first = source->read();
    const Dataset second = source->read();
    const Dataset other = example().open(part)->read();
    for (const Dataset* again : {&second, &other}) {
      EXPECT_TRUE(again->pixels == first.pixels);
      EXPECT_TRUE(again->labels == first.labels);
      EXPECT_EQ(again->class_names, first.class_names);
      EXPECT_TRUE(again->file_names == first.file_names);
    }
  }
}

TEST_P(DataSourceContract, NamesWhatItReads) {
  for (const DataPart part : kParts) {
    const std::unique_ptr<DataSource> source = example().open(part);
    const Dataset dataset = source->read();
    EXPECT_EQ(dataset.origin.images, source->describe());
    EXPECT_TRUE(fs::exists(dataset.origin.images)) << dataset.origin.images;
    EXPECT_TRUE(fs::exists(dataset.origin.labels)) << dataset.origin.labels;
    EXPECT_EQ(dataset.class_names, source->class_names());
    EXPECT_TRUE(dataset.class_names.empty() || dataset.class_names.size() >= dataset.label_bound());
    EXPECT_TRUE(dataset.file_names.empty() || dataset.file_names.size() == dataset.count());
    EXPECT_LE(dataset.class_count(), kMostClasses);
  }
  // Both parts have the same classes, of images of one shape.
  EXPECT_EQ(example().open(DataPart::train)->class_names(),
            example().open(DataPart::test)->class_names());
  EXPECT_EQ(example().open(DataPart::train)->header().shape,
            example().open(DataPart::test)->header().shape);
}

TEST_P(DataSourceContract, BrokenFilesAreAnErrorThatNamesThem) {
  for (const std::uintmax_t bytes : {std::uintmax_t{100}, std::uintmax_t{3}, std::uintmax_t{0}}) {
    cut_files(bytes);
    for (const DataPart part : kParts) {
      expect_named(file_error_of([&] { example().open(part)->read(); }));
    }
  }
}

TEST_P(DataSourceContract, AMissingPlaceIsAnErrorThatNamesIt) {
  const SourceConfig config = example();
  for (const DataPart part : kParts) {
    const std::unique_ptr<DataSource> opened = config.open(part);
    const fs::path away = root().string() + "-moved";
    fs::rename(root(), away);
    EXPECT_FALSE(opened->exists());
    expect_named(file_error_of([&] { opened->header(); }));
    expect_named(file_error_of([&] { opened->read(); }));
    expect_named(file_error_of([&] { config.open(part)->header(); }));
    fs::rename(away, root());
  }
}

// Where several formats have the same directory before them, each must know its own.
TEST_P(DataSourceContract, RecognisesItsOwnDirectories) {
  const std::unique_ptr<SourceFormat> format = GetParam().make();
  if (!example().dir().empty()) {
    EXPECT_TRUE(format->recognises(root()));
    for (const SourceEntry& other : data_sources()) {
      EXPECT_EQ(other.make()->recognises(root()), other.name == GetParam().name) << other.name;
    }
  }
  fs::remove_all(root());
  EXPECT_FALSE(format->recognises(root()));
  fs::create_directory(root());
  EXPECT_FALSE(format->recognises(root()));
  std::ofstream(root() / "notes.txt") << "nothing\n";
  EXPECT_FALSE(format->recognises(root()));
  EXPECT_FALSE(format->recognises(root() / "notes.txt"));
}

// A copy has keys of its own, and prints as what it was copied from.
TEST_P(DataSourceContract, CopiesAreWhole) {
  const auto printed = [](SourceConfig config) {
    OptionPrinter printer(OptionPrinter::Sections::block);
    config.options(printer);
    return printer.block("");
  };
  SourceConfig first = example();
  SourceConfig second;
  second = first;
  EXPECT_EQ(printed(second), printed(first));
  first.set_dir("/elsewhere");
  EXPECT_NE(printed(second), printed(first));
  EXPECT_EQ(printed(second), printed(example()));
  EXPECT_EQ(first.dir(), "/elsewhere");
  expect_named(file_error_of([&] {
    SourceConfig moved = second;
    moved.set_dir(root() / "nowhere");
    moved.open(DataPart::train);
  }));
}

INSTANTIATE_TEST_SUITE_P(Sources, DataSourceContract,
                         testing::ValuesIn(data_sources().begin(), data_sources().end()),
                         [](const testing::TestParamInfo<SourceEntry>& entry) {
                           return std::string(entry.param.name);
                         });

}  // namespace
}  // namespace cnn
