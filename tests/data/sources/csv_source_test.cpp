#include "data/sources/csv_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_sets.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Tables : public testing::Test {
 protected:
  Tables() {
    const Dataset pets = make_pets(1, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      write_picture(temp_ / ("p/" + std::to_string(i) + ".png"), pets, i);
    }
  }

  // Reads a part of a table of that text.
  Dataset read(const std::string& text, DataPart part = DataPart::train) const {
    write_bytes(table(), text);
    return make_csv_format()->open(table(), part, pictures_)->read();
  }
  std::string error(const std::string& text, DataPart part = DataPart::train) const {
    return file_error_of([&] { read(text, part); });
  }
  fs::path table() const { return temp_ / "pets.csv"; }

  TempDir temp_;
  PictureOptions pictures_;
};

TEST_F(Tables, KnowTheirColumnsByManyNames) {
  for (const char* text :
       {"file,label\np/0.png,b\np/1.png,a\n", "ID;Image_Path;Class\n1;p/0.png;b\n2;p/1.png;a\n",
        "Filename\tWidth\tClassId\np/0.png\t3\tb\np/1.png\t3\ta\n"}) {
    const Dataset dataset = read(text);
    EXPECT_THAT(dataset.labels, ElementsAre(1, 0)) << text;
    EXPECT_THAT(dataset.class_names, ElementsAre("a", "b"));
    EXPECT_EQ(dataset.file_names[1], (temp_ / "p/1.png").string());
  }
  EXPECT_EQ(
      error("name,label\nx,y\n"),
      table().string() +
          ":1: error: no column for the files: the header has 'name', 'label'\n  call it file, "
          "file_name, filename, image, image_path or path");
  EXPECT_THAT(error("file,kind\nx,y\n"), HasSubstr("call it label, class or classid"));
}

TEST_F(Tables, NumbersFromZeroAreIndices) {
  const Dataset dataset = read("file,label\np/0.png,2\np/1.png,0\np/2.png,1\n");
  EXPECT_THAT(dataset.labels, ElementsAre(2, 0, 1));
  EXPECT_TRUE(dataset.class_names.empty());
  // Others are names, in the order of their bytes.
  EXPECT_THAT(read("file,label\np/0.png,10\np/1.png,9\n").class_names, ElementsAre("10", "9"));
}

TEST_F(Tables, ASplitColumnTellsThePartsApart) {
  const std::string text =
      "file,label,split\np/0.png,b,train\np/1.png,a,0\np/2.png,b,test\np/2.png,a,1\n";
  EXPECT_THAT(read(text).labels, ElementsAre(1, 0));
  EXPECT_THAT(read(text, DataPart::test).labels, ElementsAre(1));
  EXPECT_THAT(read(text, DataPart::validation).labels, ElementsAre(0));
  EXPECT_THAT(make_csv_format()->parts(table()),
              ElementsAre(DataPart::train, DataPart::test, DataPart::validation));
  EXPECT_THAT(error("file,label,split\np/0.png,a,tast\n"),
              HasSubstr("pets.csv:2: error: split must be train, validation or test"));
  EXPECT_THAT(error("file,label\np/0.png,a\n", DataPart::test), HasSubstr("has no test part"));
  EXPECT_EQ(error("file,label,split\np/0.png,cat,train\np/1.png,bat,test\n", DataPart::test),
            table().string() +
                ":3: error: the label 'bat' does not occur in the training part\n  did you mean "
                "'cat'?  its classes are: cat");
}

TEST_F(Tables, MistakesNameTheirLine) {
  EXPECT_THAT(error("file,label\np/0.png,a\n,b\n"), HasSubstr("pets.csv:3: error: names no file"));
  EXPECT_THAT(error("file,label\np/0.png,\n"),
              HasSubstr("pets.csv:2: error: gives 'p/0.png' no label"));
  EXPECT_THAT(error("file,label\np/0.png,\xFF\n"), HasSubstr("is not UTF-8 text"));
  EXPECT_THAT(error("file,label\np/0.png\n"), HasSubstr("pets.csv:2: error: has 1 fields"));
  EXPECT_THAT(error("file,label\n"), HasSubstr("names no picture below its header"));
  EXPECT_THAT(error("file,label,Label\np/0.png,a,b\n"),
              HasSubstr("pets.csv:1: error: has several columns 'label'; rename all but one"));
  EXPECT_THAT(error("file,label\np/0.png," + std::string(256, 'x') + "\n"),
              HasSubstr("has 256 bytes, at most 255 are read; is this the column of the labels?"));
  EXPECT_THAT(error("file,label\n" + std::string(4096, 'x') + ",a\n"),
              HasSubstr("has 4096 bytes, the longest path has 4095; is this the column of the f"));
  const std::string missing = error("file,label\np/0.png,a\np/7.png,b\n");
  EXPECT_THAT(missing, HasSubstr("1 of 2 files cannot be used\n  pets.csv:3: p/7.png: "));
}

TEST_F(Tables, RowsWithoutAFileCanBeLeftOut) {
  pictures_.broken = PictureOptions::Broken::skip;
  const Dataset dataset = read("file,label\np/7.png,a\np/0.png,b\n");
  EXPECT_THAT(dataset.labels, ElementsAre(1));
  EXPECT_THAT(dataset.left_out, ElementsAre(HasSubstr("pets.csv:2: p/7.png: ")));
}

}  // namespace
}  // namespace cnn
