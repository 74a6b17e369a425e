#include "cnn/dataset.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "data/selection.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

TEST(Dataset, LabelBoundOfNothingIsZero) {
  EXPECT_EQ(Dataset().label_bound(), 0U);
  Dataset dataset;
  dataset.labels = {0, 65535, 3};
  EXPECT_EQ(dataset.label_bound(), 65'536U);
}

TEST(Dataset, HasAsManyClassesAsNamesOrMore) {
  Dataset dataset;
  dataset.class_names = {"cat", "dog", "cow"};
  dataset.labels = {0, 1};
  EXPECT_EQ(dataset.class_count(), 3U);
  dataset.labels = {0, 4};
  EXPECT_EQ(dataset.class_count(), 5U);
}

TEST(Everything, IsInOrder) {
  EXPECT_EQ(everything(0), Selection());
  EXPECT_EQ(everything(4), (Selection{0, 1, 2, 3}));
}

// `sizes[k]` labels k, mixed in a fixed way.
std::vector<std::uint16_t> labels_of(std::vector<std::size_t> sizes) {
  std::vector<std::uint16_t> labels;
  for (bool any = true; any;) {
    any = false;
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      if (sizes[k] == 0) continue;
      --sizes[k];
      labels.push_back(static_cast<std::uint16_t>(k));
      any = true;
    }
  }
  return labels;
}

// How many images of each class a split holds out, after checking what every split must be.
std::vector<std::size_t> held_out(const std::vector<std::size_t>& sizes, std::size_t validation,
                                  std::uint64_t seed = 1) {
  const std::vector<std::uint16_t> labels = labels_of(sizes);
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

TEST(StratifiedSplit, KnowsClassesBeyondAByte) {
  Counts sizes(300);
  sizes[1] = 10;
  sizes[257] = 30;
  const Counts held = held_out(sizes, 8);
  EXPECT_EQ(held[1], 2U);
  EXPECT_EQ(held[257], 6U);
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
  const std::vector<std::uint16_t> labels = labels_of({50, 50, 50});
  const Split split = stratified_split(labels, 30, 7);
  EXPECT_EQ(stratified_split(labels, 30, 7).validation, split.validation);
  EXPECT_NE(stratified_split(labels, 30, 8).validation, split.validation);
}

// Every image must have about the same chance, wherever it stands.
TEST(StratifiedSplit, DrawsUniformly) {
  const std::vector<std::uint16_t> labels = labels_of({12, 8});
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

TEST(Fold, ReadsWhatItPrints) {
  EXPECT_EQ(parse_fold("2 of 5"), (Fold{2, 5}));
  EXPECT_EQ(parse_fold(to_text({1000, 1000})), (Fold{1000, 1000}));
  for (const char* text : {"", "2", "0 of 5", "6 of 5", "1 of 1", "1 of 1001", "2/5", "2 of five",
                           "2 of 5 ", "-1 of 5", "2  of 5"}) {
    EXPECT_EQ(parse_fold(text), std::nullopt) << text;
  }
}

// Together the folds hold out every image once, and all are alike in size and in classes.
TEST(FoldSplit, HoldsEachImageOutOnce) {
  const Counts sizes = {1, 2, 3, 5, 8, 13, 0, 21};
  const std::vector<std::uint16_t> labels = labels_of(sizes);
  for (const std::size_t test : {0U, 7U}) {
    for (const std::int64_t count : {2, 3, 5, 46}) {
      std::vector<int> held(labels.size());
      Selection of_test;
      for (std::int64_t number = 1; number <= count; ++number) {
        const Split split = fold_split(labels, test, {number, count}, 3);
        EXPECT_TRUE(std::ranges::is_sorted(split.train));
        EXPECT_TRUE(std::ranges::is_sorted(split.validation));
        EXPECT_EQ(split.train.size() + split.validation.size() + test, labels.size());
        for (const std::uint32_t i : split.validation) ++held[i];
        for (const std::uint32_t i : split.test) EXPECT_EQ(held[i], 0);
        if (number > 1) {
          EXPECT_EQ(split.test, of_test);
        }
        of_test = split.test;
        const std::size_t least = (labels.size() - test) / static_cast<std::size_t>(count);
        EXPECT_GE(split.validation.size(), least);
        EXPECT_LE(split.validation.size(), least + 1);
      }
      EXPECT_EQ(std::ranges::count(held, 1), static_cast<std::ptrdiff_t>(labels.size() - test));
      EXPECT_EQ(std::ranges::count(held, 0), static_cast<std::ptrdiff_t>(test));
    }
  }
}

TEST(FoldSplit, SpreadsEachClassEvenly) {
  const std::vector<std::uint16_t> labels = labels_of({10, 7, 23, 4});
  for (std::int64_t number = 1; number <= 5; ++number) {
    Counts held(4);
    for (const std::uint32_t i : fold_split(labels, 0, {number, 5}, 1).validation) {
      ++held[labels[i]];
    }
    EXPECT_EQ(held[0], 2U);
    EXPECT_TRUE(held[1] == 1 || held[1] == 2);
    EXPECT_TRUE(held[2] == 4 || held[2] == 5);
    EXPECT_LE(held[3], 1U);
  }
}

TEST(FoldSplit, DependsOnTheSeedAlone) {
  const std::vector<std::uint16_t> labels = labels_of({50, 50});
  const Selection held = fold_split(labels, 0, {1, 5}, 7).validation;
  EXPECT_EQ(fold_split(labels, 0, {1, 5}, 7).validation, held);
  EXPECT_NE(fold_split(labels, 0, {1, 5}, 8).validation, held);
  EXPECT_THROW(fold_split(labels, 0, {1, 101}, 7), ArgumentError);
  EXPECT_THROW(fold_split(labels, 50, {1, 51}, 7), ArgumentError);
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

}  // namespace
}  // namespace cnn
