#include "cnn/dataset.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

const std::string kAdvice = "; scripts/get_mnist.sh fetches MNIST, --data names another directory";

std::vector<std::uint8_t> first(const std::vector<std::uint8_t>& values, std::size_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(FindDataset, KnowsEverySpelling) {
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
    const DatasetFiles train = find_dataset(dir.path(), DataPart::train);
    EXPECT_EQ(train.images, dir / ("train-" + images));
    EXPECT_EQ(train.labels, dir / ("train-" + labels));
    const DatasetFiles test = find_dataset(dir.path(), DataPart::test);
    EXPECT_EQ(test.images, dir / ("t10k-" + images));
    EXPECT_EQ(test.labels, dir / ("t10k-" + labels));
  }
}

TEST(FindDataset, TakesTheFirstInTheDocumentedOrder) {
  const std::vector<std::string> order = {
      "images-idx3-ubyte", "images-idx3-ubyte.gz", "images.idx3-ubyte", "images.idx3-ubyte.gz",
      "images-idx4-ubyte", "images-idx4-ubyte.gz", "images.idx4-ubyte", "images.idx4-ubyte.gz"};
  const TempDir dir;
  write_bytes(dir / "t10k-labels-idx1-ubyte", "");
  for (auto name = order.rbegin(); name != order.rend(); ++name) {
    write_bytes(dir / ("t10k-" + *name), "");
    EXPECT_EQ(find_dataset(dir.path(), DataPart::test).images, dir / ("t10k-" + *name));
  }
}

TEST(FindDataset, SaysWhatItLookedForAndWhatThereIs) {
  const TempDir dir;
  const auto error = [&](DataPart part) {
    return file_error_of([&] { find_dataset(dir.path(), part); });
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
  EXPECT_EQ(error(DataPart::test),
            start + "test " + images_of("t10k") + "found only: readme.txt" + kAdvice);

  write_bytes(dir / "train-images-idx3-ubyte", "");
  EXPECT_EQ(error(DataPart::train),
            start +
                "training labels in this directory\n  looked for train-labels-idx1-ubyte[.gz], "
                "train-labels.idx1-ubyte[.gz]; found only: readme.txt, train-images-idx3-ubyte" +
                kAdvice);
}

TEST(FindDataset, ShowsEightNamesAtMost) {
  const TempDir dir;
  for (const char name : std::string("kjihgfedcba")) write_bytes(dir / std::string(1, name), "");
  const std::string message = file_error_of([&] { find_dataset(dir.path(), DataPart::test); });
  EXPECT_NE(message.find("found only: a, b, c, d, e, f, g, h and 3 more;"), std::string::npos)
      << message;
}

TEST(FindDataset, TellsWhenThereIsNoDirectory) {
  const TempDir dir;
  const fs::path missing = dir / "mnist";
  EXPECT_EQ(file_error_of([&] { find_dataset(missing, DataPart::train); }),
            missing.string() + ": error: no such directory" + kAdvice);
  write_bytes(missing, "");
  EXPECT_EQ(file_error_of([&] { find_dataset(missing, DataPart::train); }),
            missing.string() + ": error: is not a directory" + kAdvice);
}

TEST(ReadDataset, ReadsGreyAndColourPlainAndGzip) {
  for (const Shape& shape : {Shape{1, 6, 5}, Shape{3, 4, 7}}) {
    for (const Packing packing : {Packing::plain, Packing::gzip}) {
      const TempDir dir;
      const Dataset made = make_dataset(shape, 23, 4);
      const DatasetFiles files = write_dataset(dir.path(), DataPart::train, made, packing);
      const Dataset read = read_dataset(find_dataset(dir.path(), DataPart::train));
      EXPECT_EQ(read.files.images, files.images);
      EXPECT_EQ(read.files.labels, files.labels);
      EXPECT_EQ(read.shape, shape);
      EXPECT_EQ(read.count(), 23U);
      EXPECT_EQ(read.labels, made.labels);
      EXPECT_EQ(read.pixels, made.pixels);
      EXPECT_TRUE(std::ranges::equal(read.image(7), made.image(7)));
      EXPECT_EQ(read.label_bound(), 4U);
      const DatasetHeader header = read_dataset_header(files);
      EXPECT_EQ(header.shape, shape);
      EXPECT_EQ(header.count, 23U);
    }
  }
}

// As numpy and most picture libraries have them: read as channels first they would train on
// nonsense.
TEST(ReadDataset, RefusesPicturesWithTheirChannelsLast) {
  const TempDir dir;
  const DatasetFiles files{dir / "images", dir / "labels"};
  write_idx(files.labels, {2}, std::vector<std::uint8_t>(2));
  const auto write = [&](const std::vector<std::uint32_t>& shape) {
    std::vector<std::uint32_t> dims = {2};
    dims.insert(dims.end(), shape.begin(), shape.end());
    write_idx(files.images, dims, std::vector<std::uint8_t>(2 * shape[0] * shape[1] * shape[2]));
  };
  for (const auto& shape : std::vector<std::vector<std::uint32_t>>{
           {32, 32, 3}, {28, 28, 1}, {64, 48, 4}, {8, 8, 1}, {200, 60, 3}}) {
    write(shape);
    const std::string message = file_error_of([&] { read_dataset_header(files); });
    EXPECT_EQ(message.find(files.images.string() + ": error: its images of " +
                           std::to_string(shape[0]) + "x"),
              0U)
        << message;
    EXPECT_NE(message.find("array = array.transpose(0, 3, 1, 2)"), std::string::npos);
    EXPECT_EQ(file_error_of([&] { read_dataset(files); }), message);
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
    EXPECT_EQ(read_dataset_header(files).shape.channels, static_cast<int>(shape[0]));
  }
}

TEST(ReadDataset, RankFourMayHaveOneChannel) {
  const TempDir dir;
  const Dataset made = make_dataset({1, 3, 2}, 5, 2);
  write_idx(dir / "i", {5, 1, 3, 2}, made.pixels);
  write_idx(dir / "l", {5}, made.labels);
  EXPECT_EQ(read_dataset({dir / "i", dir / "l"}).shape, (Shape{1, 3, 2}));
}

TEST(ReadDataset, RefusesCountsThatDiffer) {
  const TempDir dir;
  const Dataset made = make_dataset({1, 3, 2}, 5, 2);
  const DatasetFiles files = write_dataset(dir.path(), DataPart::test, made);
  write_idx(files.labels, {4}, first(made.labels, 4));
  const std::string message = files.labels.string() + ": error: holds 4 labels, but " +
                              files.images.string() +
                              " holds 5 images; the two files do not belong together";
  EXPECT_EQ(file_error_of([&] { read_dataset(files); }), message);
  EXPECT_EQ(file_error_of([&] { read_dataset_header(files); }), message);
}

TEST(ReadDataset, RefusesSwappedFiles) {
  const TempDir dir;
  const DatasetFiles files =
      write_dataset(dir.path(), DataPart::test, make_dataset({1, 3, 2}, 5, 2));
  const DatasetFiles swapped = {files.labels, files.images};
  for (const std::string& message : {file_error_of([&] { read_dataset(swapped); }),
                                     file_error_of([&] { read_dataset_header(swapped); })}) {
    EXPECT_NE(message.find("are the two files swapped?"), std::string::npos) << message;
  }
}

TEST(Dataset, LabelBoundOfNothingIsZero) {
  EXPECT_EQ(Dataset().label_bound(), 0U);
  Dataset dataset;
  dataset.labels = {0, 255, 3};
  EXPECT_EQ(dataset.label_bound(), 256U);
}

TEST(Everything, IsInOrder) {
  EXPECT_EQ(everything(0), Selection());
  EXPECT_EQ(everything(4), (Selection{0, 1, 2, 3}));
}

// `sizes[k]` labels k, mixed in a fixed way.
std::vector<std::uint8_t> labels_of(std::vector<std::size_t> sizes) {
  std::vector<std::uint8_t> labels;
  for (bool any = true; any;) {
    any = false;
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      if (sizes[k] == 0) continue;
      --sizes[k];
      labels.push_back(static_cast<std::uint8_t>(k));
      any = true;
    }
  }
  return labels;
}

// How many images of each class a split holds out, after checking what every split must be.
std::vector<std::size_t> held_out(const std::vector<std::size_t>& sizes, std::size_t validation,
                                  std::uint64_t seed = 1) {
  const std::vector<std::uint8_t> labels = labels_of(sizes);
  const Split split = stratified_split(labels, validation, seed);
  EXPECT_EQ(split.validation.size(), validation);
  EXPECT_TRUE(std::ranges::is_sorted(split.train));
  EXPECT_TRUE(std::ranges::is_sorted(split.validation));
  Selection all = split.train;
  all.insert(all.end(), split.validation.begin(), split.validation.end());
  std::ranges::sort(all);
  EXPECT_EQ(all, everything(labels.size()));
  std::vector<std::size_t> held(sizes.size());
  for (const std::uint32_t i : split.validation) ++held[labels[i]];
  return held;
}

using Counts = std::vector<std::size_t>;

TEST(StratifiedSplit, GivesEachClassItsShare) {
  EXPECT_EQ(held_out({100, 100, 100}, 30), (Counts{10, 10, 10}));
  EXPECT_EQ(held_out({600, 300, 100}, 100), (Counts{60, 30, 10}));
  EXPECT_EQ(held_out({600, 300, 100}, 0), (Counts{0, 0, 0}));
}

TEST(StratifiedSplit, GivesTheRestToTheLargestRemainders) {
  // Shares 1.4, 1.4, 4.2: one left over, and the first of the two equal remainders gets it.
  EXPECT_EQ(held_out({4, 4, 12}, 7), (Counts{2, 1, 4}));
  // Shares 0.75, 1.5, 0.75.
  EXPECT_EQ(held_out({3, 6, 3}, 3), (Counts{1, 1, 1}));
  // Shares 5.83, 2.92, 1.25.
  EXPECT_EQ(held_out({14, 7, 3}, 10), (Counts{6, 3, 1}));
}

TEST(StratifiedSplit, LeavesEachClassAnImageToTrainOn) {
  // Shares 0.9 each, rounded up where a second image remains.
  EXPECT_EQ(held_out({1, 1, 18}, 16), (Counts{0, 0, 16}));
  EXPECT_EQ(held_out({2, 2, 2, 2}, 4), (Counts{1, 1, 1, 1}));
  EXPECT_EQ(held_out({2, 2, 20}, 20), (Counts{1, 1, 18}));
  EXPECT_EQ(held_out({2, 2, 20}, 21), (Counts{1, 1, 19}));
}

TEST(StratifiedSplit, TakesAClassOfOneImageBeforeTheLastOfALargerOne) {
  EXPECT_EQ(held_out({1, 3, 1}, 2), (Counts{0, 2, 0}));
  EXPECT_EQ(held_out({1, 3, 1}, 3), (Counts{1, 2, 0}));
  EXPECT_EQ(held_out({1, 3, 1}, 4), (Counts{1, 2, 1}));
  EXPECT_EQ(held_out({2, 2}, 3), (Counts{2, 1}));
}

TEST(StratifiedSplit, SkipsLabelsThatDoNotOccur) {
  EXPECT_EQ(held_out({0, 10, 0, 10}, 10), (Counts{0, 5, 0, 5}));
}

TEST(StratifiedSplit, IsExactForEverySize) {
  const Counts sizes = {1, 2, 3, 5, 8, 13, 0, 21};
  for (std::size_t validation = 0; validation < 53; ++validation) {
    const Counts held = held_out(sizes, validation, validation);
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      EXPECT_LE(held[k], sizes[k]);
      if (validation <= 53 - 7) {
        EXPECT_TRUE(sizes[k] == 0 || held[k] < sizes[k]) << validation;
      }
    }
  }
}

TEST(StratifiedSplit, DependsOnTheSeedAlone) {
  const std::vector<std::uint8_t> labels = labels_of({50, 50, 50});
  const Split split = stratified_split(labels, 30, 7);
  EXPECT_EQ(stratified_split(labels, 30, 7).validation, split.validation);
  EXPECT_NE(stratified_split(labels, 30, 8).validation, split.validation);
}

// Every image must have about the same chance, wherever it stands.
TEST(StratifiedSplit, DrawsUniformly) {
  const std::vector<std::uint8_t> labels = labels_of({12, 8});
  std::vector<int> hits(labels.size());
  constexpr int kSplits = 2000;
  for (int seed = 0; seed < kSplits; ++seed) {
    for (const std::uint32_t i :
         stratified_split(labels, 5, static_cast<std::uint64_t>(seed)).validation) {
      ++hits[i];
    }
  }
  // A quarter of each class; six binomial deviations of 19.4.
  for (const int count : hits) EXPECT_NEAR(count, kSplits / 4, 117);
}

TEST(MakeDataset, MarksTheClassInTheImage) {
  const Dataset dataset = make_dataset({2, 2, 4}, 6, 4);
  for (std::size_t i = 0; i < dataset.count(); ++i) {
    EXPECT_EQ(dataset.labels[i], i % 4);
    for (std::size_t at = 0; at < 16; ++at) {
      EXPECT_EQ(dataset.image(i)[at] >= 192, at % 8 / 2 == i % 4);
    }
  }
}

void expect_set(const fs::path& dir, DataPart part, std::size_t count,
                const std::vector<std::uint8_t>& first_labels) {
  const DatasetFiles files = find_dataset(dir, part);
  EXPECT_EQ(read_dataset_header(files).count, count);
  const Dataset set = read_dataset(files);
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
  const Dataset train = read_dataset(find_dataset(dir, DataPart::train));
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

}  // namespace
}  // namespace cnn
