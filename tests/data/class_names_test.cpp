#include "data/class_names.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/file_error_of.hpp"

namespace cnn {
namespace {

using Names = std::vector<std::string>;
using Order = std::vector<std::size_t>;

TEST(MatchClasses, FindsEachNameWhereverItStands) {
  EXPECT_EQ(match_classes(Names{"a", "b", "c"}, Names{"a", "b", "c"}), (Order{0, 1, 2}));
  EXPECT_EQ(match_classes(Names{"a", "b", "c"}, Names{"c", "a", "b"}), (Order{1, 2, 0}));
  EXPECT_EQ(match_classes(Names{}, Names{}), Order{});
}

TEST(MatchClasses, NeedsTheSameNamesAndEachOfThemOnce) {
  EXPECT_EQ(match_classes(Names{"a", "b"}, Names{"a", "c"}), std::nullopt);
  EXPECT_EQ(match_classes(Names{"a", "b"}, Names{"a", "b", "c"}), std::nullopt);
  EXPECT_EQ(match_classes(Names{"a", "b", "c"}, Names{"a", "b"}), std::nullopt);
  EXPECT_EQ(match_classes(Names{"a", "a", "b"}, Names{"a", "b", "b"}), std::nullopt);
  EXPECT_EQ(match_classes(Names{"a", "b", "b"}, Names{"b", "b", "a"}), std::nullopt);
  // Equal lists have the same order, whatever stands in them.
  EXPECT_EQ(match_classes(Names{"0", "0"}, Names{"0", "0"}), (Order{0, 1}));
}

TEST(ClassDifference, NamesAFewOfBothKinds) {
  EXPECT_EQ(class_difference(Names{"a", "b"}, Names{"a", "c"}), "it lacks 'c' and has 'b'");
  EXPECT_EQ(class_difference(Names{"a"}, Names{"a", "b"}), "it lacks 'b'");
  EXPECT_EQ(class_difference(Names{"a", "b"}, Names{"a"}), "it has 'b' besides");
  EXPECT_EQ(class_difference(Names{}, Names{"1", "2", "3", "4", "5", "6"}),
            "it lacks '1', '2', '3', '4', '5', …");
  EXPECT_EQ(class_difference(Names{"a", "a", "b"}, Names{"a", "b", "b"}),
            "a name stands for several classes");
}

Dataset pets(Names names, std::vector<std::uint16_t> labels) {
  Dataset dataset;
  dataset.origin.labels = "pets";
  dataset.labels = std::move(labels);
  dataset.class_names = std::move(names);
  return dataset;
}

TEST(AdoptClasses, GivesEachImageTheLabelOfItsName) {
  const Names classes = {"cat", "dog", "cow"};
  Dataset dataset = pets({"cow", "cat"}, {0, 1, 1, 0});
  adopt_classes(dataset, classes);
  EXPECT_EQ(dataset.labels, (std::vector<std::uint16_t>{2, 0, 0, 2}));
  EXPECT_EQ(dataset.class_names, classes);
}

TEST(AdoptClasses, LeavesLabelsWithoutNamesAlone) {
  Dataset dataset = pets({}, {0, 7});
  adopt_classes(dataset, {"7", "0"});
  EXPECT_EQ(dataset.labels, (std::vector<std::uint16_t>{0, 7}));
}

TEST(AdoptClasses, RefusesImagesOfAClassThatTheModelDoesNotKnow) {
  Dataset dataset = pets({"cat", "hen"}, {0, 1});
  EXPECT_EQ(file_error_of([&] {
              adopt_classes(dataset, {"cat", "dog"});
            }),
            "pets: error: holds images of class 'hen', which the model does not know: it lacks "
            "'hen' and has 'dog'");
  // A class that no image is of does no harm.
  dataset.labels = {0, 0};
  adopt_classes(dataset, {"dog", "cat"});
  EXPECT_EQ(dataset.labels, (std::vector<std::uint16_t>{1, 1}));
}

TEST(ClassNames, AreTextWithoutControlCharacters) {
  EXPECT_NO_THROW(require_class_names(pets({"Hündchen", "猫"}, {0})));
  EXPECT_EQ(file_error_of([] {
              require_class_names(pets({"cat", "d\xffg"}, {0}));
            }),
            "pets: error: the name of class 'd\\xffg' is not UTF-8 text; rename it");
  EXPECT_EQ(file_error_of([] { require_class_names(pets({"\x1b[2J"}, {0})); }),
            "pets: error: the name of class '\\x1b[2J' holds a control character; rename it");
}

}  // namespace
}  // namespace cnn
