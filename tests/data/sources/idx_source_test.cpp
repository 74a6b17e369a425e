#include "data/sources/idx_source.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

const std::string kAdvice = "; scripts/get_mnist.sh fetches MNIST, --data names another directory";

std::vector<std::uint16_t> first(const std::vector<std::uint16_t>& values, std::size_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(IdxFind, KnowsEverySpelling) {
  const std::vector<std::pair<std::string, std::string>> spellings = {
      {"images-idx3-ubyte", "labels-idx1-ubyte"},
      {"images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"},
      {"images.idx3-ubyte", "labels.idx1-ubyte"},
      {"images.idx3-ubyte.gz", "labels.idx1-ubyte.gz"},
      {"images-idx4-ubyte", "labels-idx1-ubyte.gz"},
      {"images-idx4-ubyte.gz", "labels.idx1-ubyte"},
      {"images.idx4-ubyte", "labels.idx1-ubyte.gz"},
      {"images.idx4-ubyte.gz", "labels-idx1-ubyte"},
  };
  for (const auto& [images, labels] : spellings) {
    const TempDir dir;
    for (const std::string prefix : {"train-", "t10k-"}) {
      write_bytes(dir / (prefix + images), "");
      write_bytes(dir / (prefix + labels), "");
    }
    const IdxFiles train = find_idx_files(dir.path(), DataPart::train);
    EXPECT_EQ(train.images, dir / ("train-" + images));
    EXPECT_EQ(train.labels, dir / ("train-" + labels));
    const IdxFiles test = find_idx_files(dir.path(), DataPart::test);
    EXPECT_EQ(test.images, dir / ("t10k-" + images));
    EXPECT_EQ(test.labels, dir / ("t10k-" + labels));
  }
}

TEST(IdxFind, TakesTheFirstInTheDocumentedOrder) {
  const std::vector<std::string> order = {
      "images-idx3-ubyte", "images-idx3-ubyte.gz", "images.idx3-ubyte", "images.idx3-ubyte.gz",
      "images-idx4-ubyte", "images-idx4-ubyte.gz", "images.idx4-ubyte", "images.idx4-ubyte.gz"};
  const TempDir dir;
  write_bytes(dir / "t10k-labels-idx1-ubyte", "");
  for (auto name = order.rbegin(); name != order.rend(); ++name) {
    write_bytes(dir / ("t10k-" + *name), "");
    EXPECT_EQ(find_idx_files(dir.path(), DataPart::test).images, dir / ("t10k-" + *name));
  }
}

TEST(IdxFind, SaysWhatItLookedForAndWhatThereIs) {
  const TempDir dir;
  const auto error = [&](DataPart part) {
    return file_error_of([&] { find_idx_files(dir.path(), part); });
  };
  const std::string start = dir.path().string() + ": error: no MNIST ";
  const auto images_of = [](const std::string& set) {
    return "images in this directory\n  looked for " + set + "-images-idx3-ubyte[.gz], " + set +
           "-images.idx3-ubyte[.gz], " + set + "-images-idx4-ubyte[.gz], " + set +
           "-images.idx4-ubyte[.gz]; ";
  };
  EXPECT_EQ(error(DataPart::train),
            start + "training " + images_of("train") + "the directory is empty" + kAdvice);
  write_bytes(dir / "readme.txt", "");
  EXPECT_EQ(error(DataPart::train),
            start + "training " + images_of("train") + "found only: readme.txt" + kAdvice);
  const std::string test = error(DataPart::test);
  EXPECT_NE(
      test.find("no MNIST test images in this directory\n  looked for t10k-images-idx3-ubyte"),
      std::string::npos)
      << test;
  EXPECT_NE(test.find(", test-images-idx3-ubyte[.gz], "), std::string::npos) << test;

  write_bytes(dir / "train-images-idx3-ubyte", "");
  EXPECT_EQ(error(DataPart::train),
            start +
                "training labels in this directory\n  looked for train-labels-idx1-ubyte[.gz], "
                "train-labels.idx1-ubyte[.gz]; found only: readme.txt, train-images-idx3-ubyte" +
                kAdvice);
}

TEST(IdxFind, ShowsEightNamesAtMost) {
  const TempDir dir;
  for (const char name : std::string("kjihgfedcba")) write_bytes(dir / std::string(1, name), "");
  const std::string message = file_error_of([&] { find_idx_files(dir.path(), DataPart::test); });
  EXPECT_NE(message.find("found only: a, b, c, d, e, f, g, h and 3 more;"), std::string::npos)
      << message;
}

TEST(IdxFind, KnowsOtherNamesAndAValidationPart) {
  const TempDir dir;
  const Dataset dataset = make_dataset({1, 3, 2}, 4, 2);
  const auto write = [&](const std::string& part) {
    write_idx(dir / (part + "-images-idx3-ubyte"), {4, 3, 2}, dataset.pixels);
    write_labels(dir / (part + "-labels-idx1-ubyte"), dataset.labels);
  };
  write("test");
  write("validation");
  write_bytes(dir / "classes.txt",
              "\xEF\xBB\xBF"
              "cat\r\ndog\n");
  const auto format = make_idx_format();
  EXPECT_EQ(format->parts(dir.path()), (std::vector{DataPart::test, DataPart::validation}));
  for (const DataPart part : {DataPart::test, DataPart::validation}) {
    const Dataset read = format->open(dir.path(), part, {})->read();
    EXPECT_EQ(read.count(), 4U);
    EXPECT_EQ(read.class_names, (std::vector<std::string>{"cat", "dog"}));
  }
}

TEST(IdxReading, TransposesAndCountsFromTheFirstLabel) {
  const TempDir dir;
  const IdxFiles files{dir / "i", dir / "l"};
  const std::vector<std::uint8_t> pixels = {1, 2, 3, 4, 5, 6};  // three rows of two
  write_idx(files.images, {1, 3, 2}, pixels);
  write_labels(files.labels, std::vector<std::uint16_t>{5});
  const Dataset read = IdxSource(files, {true, 5, {}}).read();
  EXPECT_EQ(read.shape, (Shape{1, 2, 3}));
  EXPECT_EQ(read.pixels, (std::vector<std::uint8_t>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(read.labels[0], 0);
  EXPECT_EQ(file_error_of([&] {
              IdxSource(files, {false, 6, {}}).read();
            }),
            files.labels.string() +
                ": error: label 0 is 5, expected 6 to 65541; is data.first_label right?");
}

TEST(IdxReading, LabelsOfManyClassesHave32Bits) {
  const TempDir dir;
  const IdxFiles files{dir / "i", dir / "l"};
  write_idx(files.images, {2, 1, 1}, std::vector<std::uint8_t>{1, 2});
  const auto write = [&](const std::string& values) {
    write_bytes(files.labels, std::string("\0\0\x0C\1\0\0\0\2", 8) + values);
  };
  write(std::string("\0\0\x01\x02\0\0\xFF\xFF", 8));
  EXPECT_EQ(IdxSource(files).read().labels, (std::vector<std::uint16_t>{258, 65535}));
  write(std::string("\0\0\0\0\0\x01\0\0", 8));
  const std::string message = file_error_of([&] { IdxSource(files).read(); });
  EXPECT_NE(message.find("label 1 is 65536, expected 0 to 65535"), std::string::npos) << message;
  write(std::string("\0\0\0\0", 4));
  const std::string shorter = file_error_of([&] { IdxSource(files).read(); });
  EXPECT_NE(shorter.find("truncated"), std::string::npos) << shorter;
}

TEST(IdxFind, TellsWhenThereIsNoDirectory) {
  const TempDir dir;
  const fs::path missing = dir / "mnist";
  EXPECT_EQ(file_error_of([&] { find_idx_files(missing, DataPart::train); }),
            missing.string() + ": error: no such directory" + kAdvice);
  write_bytes(missing, "");
  EXPECT_EQ(file_error_of([&] { find_idx_files(missing, DataPart::train); }),
            missing.string() + ": error: is not a directory" + kAdvice);
  EXPECT_EQ(
      file_error_of([&] { find_idx_files(dir / "flowers", DataPart::train); }),
      (dir / "flowers").string() + ": error: no such directory; --data names another directory");
}

TEST(IdxSource, ReadsGreyAndColourPlainAndGzip) {
  for (const Shape& shape : {Shape{1, 6, 5}, Shape{3, 4, 7}}) {
    for (const Packing packing : {Packing::plain, Packing::gzip}) {
      const TempDir dir;
      const Dataset made = make_dataset(shape, 23, 4);
      const IdxFiles files = write_dataset(dir.path(), DataPart::train, made, packing);
      const Dataset read = read_dataset(dir.path(), DataPart::train);
      EXPECT_EQ(read.origin.images, files.images);
      EXPECT_EQ(read.origin.labels, files.labels);
      EXPECT_EQ(read.shape, shape);
      EXPECT_EQ(read.count(), 23U);
      EXPECT_EQ(read.labels, made.labels);
      EXPECT_EQ(read.pixels, made.pixels);
      EXPECT_TRUE(std::ranges::equal(read.image(7), made.image(7)));
      EXPECT_EQ(read.label_bound(), 4U);
      const DatasetHeader header = IdxSource(files).header();
      EXPECT_EQ(header.shape, shape);
      EXPECT_EQ(header.count, 23U);
    }
  }
}

// As numpy and most picture libraries have them: read as channels first they would train on
// nonsense.
TEST(IdxSource, RefusesPicturesWithTheirChannelsLast) {
  const TempDir dir;
  const IdxFiles files{dir / "images", dir / "labels"};
  write_idx(files.labels, {2}, std::vector<std::uint8_t>(2));
  const auto write = [&](const std::vector<std::uint32_t>& shape) {
    std::vector<std::uint32_t> dims = {2};
    dims.insert(dims.end(), shape.begin(), shape.end());
    write_idx(files.images, dims, std::vector<std::uint8_t>(2 * shape[0] * shape[1] * shape[2]));
  };
  for (const auto& shape : std::vector<std::vector<std::uint32_t>>{
           {32, 32, 3}, {28, 28, 1}, {64, 48, 4}, {8, 8, 1}, {200, 60, 3}}) {
    write(shape);
    const std::string message = file_error_of([&] { IdxSource(files).header(); });
    EXPECT_EQ(message.find(files.images.string() + ": error: its images of " +
                           std::to_string(shape[0]) + "x"),
              0U)
        << message;
    EXPECT_NE(message.find("array = array.transpose(0, 3, 1, 2)"), std::string::npos);
    EXPECT_EQ(file_error_of([&] { IdxSource(files).read(); }), message);
  }
  // Small ones, vectors, wider images, and signals of many channels are what they say.
  for (const auto& shape : std::vector<std::vector<std::uint32_t>>{{3, 32, 32},
                                                                   {1, 28, 28},
                                                                   {7, 7, 3},
                                                                   {64, 1, 1},
                                                                   {32, 32, 2},
                                                                   {16, 16, 5},
                                                                   {12, 1000, 1}}) {
    write(shape);
    EXPECT_EQ(IdxSource(files).header().shape.channels, static_cast<int>(shape[0]));
  }
}

TEST(IdxSource, RankFourMayHaveOneChannel) {
  const TempDir dir;
  const Dataset made = make_dataset({1, 3, 2}, 5, 2);
  write_idx(dir / "i", {5, 1, 3, 2}, made.pixels);
  write_labels(dir / "l", made.labels);
  EXPECT_EQ(IdxSource({dir / "i", dir / "l"}).read().shape, (Shape{1, 3, 2}));
}

TEST(IdxSource, RefusesCountsThatDiffer) {
  const TempDir dir;
  const Dataset made = make_dataset({1, 3, 2}, 5, 2);
  const IdxFiles files = write_dataset(dir.path(), DataPart::test, made);
  write_labels(files.labels, first(made.labels, 4));
  const std::string message = files.labels.string() + ": error: holds 4 labels, but " +
                              files.images.string() +
                              " holds 5 images; the two files do not belong together";
  EXPECT_EQ(file_error_of([&] { IdxSource(files).read(); }), message);
  EXPECT_EQ(file_error_of([&] { IdxSource(files).header(); }), message);
}

TEST(IdxSource, RefusesSwappedFiles) {
  const TempDir dir;
  const IdxFiles files = write_dataset(dir.path(), DataPart::test, make_dataset({1, 3, 2}, 5, 2));
  const IdxFiles swapped = {files.labels, files.images};
  for (const std::string& message : {file_error_of([&] { IdxSource(swapped).read(); }),
                                     file_error_of([&] { IdxSource(swapped).header(); })}) {
    EXPECT_NE(message.find("are the two files swapped?"), std::string::npos) << message;
  }
}

void expect_set(const fs::path& dir, DataPart part, std::size_t count,
                const std::vector<std::uint16_t>& first_labels) {
  const IdxFiles files = find_idx_files(dir, part);
  EXPECT_EQ(IdxSource(files).header().count, count);
  const Dataset set = IdxSource(files).read();
  EXPECT_EQ(set.count(), count);
  EXPECT_EQ(set.shape, (Shape{1, 28, 28}));
  EXPECT_EQ(set.label_bound(), 10U);
  EXPECT_EQ(first(set.labels, first_labels.size()), first_labels);
}

TEST(RealData, Mnist) {
  const char* dir = std::getenv("MNIST_DIR");
  if (dir == nullptr) GTEST_SKIP() << "MNIST_DIR is not set";
  expect_set(dir, DataPart::train, 60000, {5, 0, 4, 1, 9});
  expect_set(dir, DataPart::test, 10000, {7, 2, 1, 0, 4});
  const Dataset train = read_dataset(dir, DataPart::train);
  std::uint64_t sum = 0;
  for (const std::uint8_t pixel : train.pixels) sum += pixel;
  // The mean every MNIST recipe quotes: 0.1307 of 255.
  EXPECT_NEAR(static_cast<double>(sum) / static_cast<double>(train.pixels.size()) / 255, 0.1307,
              5e-5);
}

TEST(RealData, Digits) {
  expect_set(CNN_DIGITS_DIR, DataPart::train, 6000, {});
  expect_set(CNN_DIGITS_DIR, DataPart::test, 1000, {});
}

// A file of zeros that takes no room on the disk, but for its header and its last image.
void write_large(const IdxFiles& files, std::uint32_t count) {
  std::ofstream images(files.images, std::ios::binary), labels(files.labels, std::ios::binary);
  const auto extent = [](std::ostream& to, std::uint32_t value) {
    for (const int shift : {24, 16, 8, 0}) to.put(static_cast<char>(value >> shift & 0xFF));
  };
  images << std::string("\0\0\x08\x03", 4);
  for (const std::uint32_t value : {count, 100U, 100U}) extent(images, value);
  images.seekp(16 + std::streamoff{10000} * (count - 1));
  images << std::string(10000, 'x');
  labels << std::string("\0\0\x08\x01", 4);
  extent(labels, count);
  labels << std::string(count, '\1');
}

// Larger than kLargestRead: mapped, with the same images, and no memory of the process.
TEST(IdxSource, MapsWhatIsLarge) {
  const TempDir temp;
  const IdxFiles files{temp / "i", temp / "l"};
  constexpr std::uint32_t kCount = 25'700;
  write_large(files, kCount);
  EXPECT_EQ(IdxSource(files).header(), (DatasetHeader{{1, 100, 100}, kCount, true}));
  const Dataset dataset = IdxSource(files).read();
  EXPECT_EQ(dataset.count(), kCount);
  EXPECT_TRUE(dataset.pixels.empty());
  ASSERT_NE(dataset.mapping, nullptr);
  EXPECT_EQ(dataset.pixel_pieces()[0].size(), std::size_t{kCount} * 10'000);
  EXPECT_EQ(dataset.image(0)[5], 0);
  EXPECT_EQ(dataset.image(kCount - 1)[0], 'x');
  EXPECT_EQ(dataset.image(kCount - 1)[9'999], 'x');
  EXPECT_THROW(dataset.image(kCount), ArgumentError);
  // Behind the images of the file there may be others.
  Dataset longer = dataset;
  longer.pixels.assign(10'000, 'y');
  longer.labels.push_back(0);
  EXPECT_EQ(longer.image(kCount - 1)[0], 'x');
  EXPECT_EQ(longer.image(kCount)[0], 'y');
  EXPECT_THROW(longer.image(kCount + 1), ArgumentError);
  // Columns that become rows are a copy.
  IdxReading turned;
  turned.transpose = true;
  EXPECT_FALSE(IdxSource(files, turned).is_mapped());
  // A copy is another view of the same file, and outlives it.
  std::optional<Dataset> copy = dataset;
  std::filesystem::remove(files.images);
  EXPECT_EQ(copy->image(kCount - 1).data(), dataset.image(kCount - 1).data());
}

TEST(IdxSource, RefusesALargeFileThatIsNotWhole) {
  const TempDir temp;
  const IdxFiles files{temp / "i", temp / "l"};
  write_large(files, 25'700);
  std::filesystem::resize_file(files.images, 256'999'999);
  EXPECT_THROW(IdxSource(files).header(), FileError);
  EXPECT_THROW(IdxSource(files).read(), FileError);
}

}  // namespace
}  // namespace cnn
