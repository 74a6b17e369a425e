#include "data/sources/folder_source.hpp"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cnn/image.hpp"

#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_sets.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Folders : public testing::Test {
 protected:
  // A picture of one colour.
  void write(const std::string& name, int height = 4, int width = 4,
             std::array<std::uint8_t, 3> colour = {10, 20, 30}) const {
    Image image{{3, height, width}, {}};
    const auto area = static_cast<std::size_t>(height * width);
    for (const std::uint8_t level : colour) {
      image.pixels.insert(image.pixels.end(), area, level);
    }
    fs::create_directories((temp_ / name).parent_path());
    write_png(temp_ / name, image);
  }
  void write_text(const std::string& name, const std::string& text = "text") const {
    fs::create_directories((temp_ / name).parent_path());
    write_bytes(temp_ / name, text);
  }

  std::unique_ptr<DataSource> open(DataPart part = DataPart::train) const {
    return make_folder_format()->open(temp_.path(), part, pictures_);
  }
  Dataset read(DataPart part = DataPart::train) const { return open(part)->read(); }
  std::string error(DataPart part = DataPart::train) const {
    return file_error_of([&] { read(part); });
  }
  // The files of the set, relative to it.
  std::vector<std::string> files(const Dataset& dataset) const {
    std::vector<std::string> names;
    for (const std::string& file : dataset.file_names) {
      names.push_back(fs::path(file).lexically_relative(temp_.path()).string());
    }
    return names;
  }

  TempDir temp_;
  PictureOptions pictures_;
};

TEST_F(Folders, ClassesAreInByteOrderAndImagesInThatOfTheirPaths) {
  for (const char* name :
       {"b/2.png", "b/10.png", "a/x.png", "B/1.png", "\xC3\xA4/1.png", "10/1.png", "9/1.png",
        "b/deep/1.png", "b/.hidden.png", ".git/1.png", "__MACOSX/1.png"}) {
    write(name);
  }
  write_text("b/Thumbs.db");
  write_text("b/desktop.ini");
  write_text("notes.txt");
  const Dataset dataset = read();
  EXPECT_THAT(dataset.class_names, ElementsAre("10", "9", "B", "a", "b", "\xC3\xA4"));
  EXPECT_THAT(files(dataset), ElementsAre("10/1.png", "9/1.png", "B/1.png", "a/x.png", "b/10.png",
                                          "b/2.png", "b/deep/1.png", "\xC3\xA4/1.png"));
  EXPECT_THAT(dataset.labels, ElementsAre(0, 1, 2, 3, 4, 4, 4, 5));
}

TEST_F(Folders, PartsHaveTheClassesOfTheTrainingPart) {
  write("Training/a/1.png");
  write("Training/b/1.png");
  write("Training/c/1.png");
  write("valid/b/1.png");
  write("testing/c/1.png");
  write("testing/a/1.png");
  EXPECT_THAT(make_folder_format()->parts(temp_.path()),
              testing::UnorderedElementsAre(DataPart::train, DataPart::test, DataPart::validation));
  const Dataset test = read(DataPart::test);
  EXPECT_THAT(test.class_names, ElementsAre("a", "b", "c"));
  EXPECT_THAT(test.labels, ElementsAre(0, 2));
  EXPECT_THAT(read(DataPart::validation).labels, ElementsAre(1));

  write("testing/cc/1.png");
  EXPECT_EQ(error(DataPart::test),
            (temp_ / "testing/cc").string() + ": error: is of a class that the training part in " +
                (temp_ / "Training").string() + " does not have\n  its classes are: a b c");
}

TEST_F(Folders, APartMayBeMissingOrTheOnlyOne) {
  write("train/a/1.png");
  EXPECT_THAT(error(DataPart::test),
              HasSubstr("no test part in this directory\n  looked for a folder test or testing; "
                        "found only: train"));
  fs::rename(temp_ / "train", temp_ / "test");
  EXPECT_THAT(read(DataPart::test).class_names, ElementsAre("a"));
  write("testing/a/1.png");
  EXPECT_THAT(error(DataPart::test), HasSubstr("names of one part; keep one of them"));
}

// As competitions give them.
TEST_F(Folders, PicturesWithoutClassesAreNoTestPart) {
  write("train/a/1.png");
  write("test/1.png");
  EXPECT_THAT(make_folder_format()->parts(temp_.path()), ElementsAre(DataPart::train));
  EXPECT_THAT(
      error(DataPart::test),
      HasSubstr("its folder 'test' holds pictures without classes: cnn-predict takes it; to "
                "score, hold pictures of the training part out with data.test: N"));
}

TEST_F(Folders, ASetInAFolderOfItsOwnIsPointedAt) {
  write("flowers/train/a/1.png");
  write("flowers/test/a/1.png");
  EXPECT_THAT(error(), HasSubstr("holds one folder, 'flowers', which would be the only class, and "
                                 "in it 'test', 'train'\n  the data set seems to be " +
                                 (temp_ / "flowers").string() + ": give that directory"));
}

TEST_F(Folders, AClassMayBeCalledTrain) {
  write("bus/1.png");
  write("train/1.png");
  EXPECT_THAT(read().class_names, ElementsAre("bus", "train"));
}

TEST_F(Folders, PicturesWithoutFoldersAreToldWhatTheyLack) {
  write("1.png");
  EXPECT_TRUE(make_folder_format()->recognises(temp_.path()));
  EXPECT_THAT(error(), HasSubstr("holds no folders of classes, only 1 file(s)\n  put the pictures "
                                 "of each class into a folder of its name"));
}

TEST_F(Folders, EmptyClassesHaveNoPictures) {
  write("a/1.png");
  fs::create_directories(temp_ / "b");
  write_text("c/.DS_Store");
  EXPECT_THAT(read().class_names, ElementsAre("a", "b", "c"));
  fs::remove_all(temp_ / "a");
  EXPECT_EQ(error(), temp_.path().string() + ": error: its folders hold no picture");
}

TEST_F(Folders, ATableBesideTheOnlyFolderIsPointedOut) {
  write("pictures/1.png");
  EXPECT_THAT(read().class_names, ElementsAre("pictures"));
  write_text("labels.csv");
  EXPECT_THAT(error(), HasSubstr("say data.table: " + (temp_ / "labels.csv").string()));
  write("others/1.png");
  EXPECT_THAT(read().class_names, ElementsAre("others", "pictures"));
}

TEST_F(Folders, NamesThatNoTableCanHoldAreRefused) {
  write("a/1.png");
  fs::create_directories(temp_ / "b\xFF");
  EXPECT_THAT(error(), HasSubstr("'b\\xff' is not UTF-8 text; a class is called by it"));
  fs::rename(temp_ / "b\xFF", temp_ / "b\n");
  EXPECT_THAT(error(), HasSubstr("holds a control character"));
}

TEST_F(Folders, LinksAreFollowedAndCyclesRefused) {
  write("a/1.png");
  write("b/1.png");
  fs::create_directory_symlink(temp_ / "a", temp_ / "c");
  EXPECT_THAT(read().class_names, ElementsAre("a", "b", "c"));
  fs::create_directory_symlink("..", temp_ / "b/up");
  EXPECT_THAT(error(), HasSubstr("leads back to a folder that it is in"));
}

TEST_F(Folders, AllThatIsWrongIsCountedAndTheFirstNamed) {
  write("a/1.png");
  write_text("a/empty.jpg", "");
  for (int i = 10; i < 40; ++i) write_text("b/" + std::to_string(i) + ".txt");
  fs::create_symlink("nowhere", temp_ / "a/link.png");
  const std::string message = error();
  EXPECT_THAT(message,
              testing::StartsWith(temp_.path().string() +
                                  ": error: 32 of 33 files cannot be used\n  a/empty.jpg: "));
  EXPECT_THAT(message, HasSubstr("\n  a/link.png: "));
  EXPECT_THAT(message, HasSubstr("\n  b/27.txt: "));
  EXPECT_THAT(message, testing::Not(HasSubstr("b/28.txt")));
  EXPECT_THAT(message, HasSubstr("\n  and 12 more\n  repair or remove them, or leave them out with "
                                 "data.broken: skip"));
}

TEST_F(Folders, WhatIsBrokenCanBeLeftOut) {
  pictures_.broken = PictureOptions::Broken::skip;
  write("a/1.png", 4, 4, {1, 2, 3});
  write_text("a/0.png");
  write("b/2.png", 4, 4, {4, 5, 6});
  write_text("b/3.png");
  const Dataset dataset = read();
  EXPECT_THAT(dataset.labels, ElementsAre(0, 1));
  EXPECT_THAT(files(dataset), ElementsAre("a/1.png", "b/2.png"));
  EXPECT_EQ(dataset.image(1)[0], 4);
  EXPECT_EQ(dataset.pixels.size(), 2 * dataset.shape.size());
  ASSERT_EQ(dataset.left_out.size(), 2U);
  EXPECT_THAT(dataset.left_out[0], testing::StartsWith("a/0.png: "));

  fs::remove(temp_ / "a/1.png");
  fs::remove(temp_ / "b/2.png");
  EXPECT_THAT(error(), HasSubstr("2 of 2 files cannot be used"));
}

TEST_F(Folders, SeveralSizesAskForOne) {
  for (int i = 0; i < 3; ++i) write("a/" + std::to_string(i) + ".png", 5, 8);
  write("b/1.png", 7, 6);
  EXPECT_EQ(error(), temp_.path().string() +
                         ": error: its pictures have 2 sizes (width x height): 8x5 (3 pictures), "
                         "6x7 (1 picture)\n  a network takes one: set data.size, as in size: 5; "
                         "data.fit says how: crop, pad or stretch");
  pictures_.size = Size2{4, 3};
  EXPECT_EQ(read().shape, (Shape{3, 4, 3}));
}

TEST_F(Folders, TheTrainingPartDecidesOnColour) {
  for (const char* part : {"train", "test"}) {
    write(std::string(part) + "/a/1.png", 4, 4, {7, 7, 7});
    write(std::string(part) + "/b/1.png", 4, 4, {9, 9, 9});
  }
  EXPECT_EQ(read().shape.channels, 1);
  write("test/b/2.png", 4, 4, {1, 2, 3});
  EXPECT_EQ(read(DataPart::test).shape.channels, 1);
  write("train/b/2.png", 4, 4, {1, 2, 3});
  const Dataset train = read();
  EXPECT_EQ(train.shape.channels, 3);
  EXPECT_EQ(train.image(0)[0], 7);
  EXPECT_EQ(train.image(0)[40], 7);
  EXPECT_EQ(read(DataPart::test).shape.channels, 3);
  pictures_.colour = PictureOptions::Colour::gray;
  EXPECT_EQ(read().shape.channels, 1);
  EXPECT_EQ(read().image(2)[0], 2);  // 0.299 + 2·0.587 + 3·0.114 = 1.8
}

TEST_F(Folders, AnyNumberOfThreadsGivesTheSame) {
  pictures_.size = Size2{5, 5};
  pictures_.broken = PictureOptions::Broken::skip;
  for (int i = 0; i < 40; ++i) {
    write("c" + std::to_string(i % 4) + "/" + std::to_string(i) + ".png", 3 + i % 7, 4 + i % 5,
          {static_cast<std::uint8_t>(i), 50, static_cast<std::uint8_t>(200 - i)});
  }
  write_text("c1/broken.png");
  ReadOptions options;
  options.threads = 1;
  const Dataset alone = open()->read(options);
  for (const int threads : {2, 3, 5}) {
    options.threads = threads;
    const Dataset shared = open()->read(options);
    EXPECT_TRUE(shared.pixels == alone.pixels);
    EXPECT_EQ(shared.file_names, alone.file_names);
    EXPECT_EQ(shared.left_out, alone.left_out);
  }
}

// All formats give the same images in the same order.
TEST(Pets, AreTheSameInEveryFormat) {
  const Dataset train = make_pets(5, 4);
  const Dataset test = make_pets(2, 4, 7);
  for (const SourceEntry& entry : data_sources()) {
    const TempDir temp;
    write_pets(entry.name, temp.path(), train, test);
    SourceConfig config;
    config.set_dir(entry.name == "csv" ? temp / "all.csv" : temp.path());
    const Dataset read = config.open(DataPart::train)->read();
    EXPECT_TRUE(read.pixels == train.pixels) << entry.name;
    EXPECT_EQ(read.labels, train.labels) << entry.name;
    EXPECT_EQ(read.shape, train.shape) << entry.name;
    EXPECT_TRUE(config.open(DataPart::test)->read().pixels == test.pixels) << entry.name;
    EXPECT_EQ(read.class_names[3], train.class_names[3]) << entry.name;
    EXPECT_THAT(config.parts(), ElementsAre(DataPart::train, DataPart::test));
  }
}

}  // namespace
}  // namespace cnn
