#include "data/sources/cifar_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A record of one level.
std::string record(const std::string& labels, char level) {
  return labels + std::string(3072, level);
}

class Cifar : public testing::Test {
 protected:
  Dataset read(DataPart part = DataPart::train) const {
    return make_cifar_format()->open(temp_.path(), part, {})->read();
  }
  std::string error(DataPart part = DataPart::train) const {
    return file_error_of([&] { read(part); });
  }

  TempDir temp_;
};

TEST_F(Cifar, BatchesAreReadInTheOrderOfTheirNames) {
  write_bytes(temp_ / "data_batch_2.bin", record("\x03", 'c'));
  write_bytes(temp_ / "data_batch_1.bin", record("\x09", 'a') + record("\x01", 'b'));
  write_bytes(temp_ / "test_batch.bin", record("\x02", 'd'));
  const Dataset train = read();
  EXPECT_THAT(train.labels, ElementsAre(9, 1, 3));
  EXPECT_EQ(train.shape, (Shape{3, 32, 32}));
  EXPECT_EQ(train.image(2)[0], 'c');
  EXPECT_TRUE(train.class_names.empty());
  EXPECT_THAT(read(DataPart::test).labels, ElementsAre(2));
  EXPECT_THAT(error(DataPart::validation), HasSubstr("no CIFAR validation part"));
}

TEST_F(Cifar, OfAHundredClassesTheFineLabelsCount) {
  write_bytes(temp_ / "train.bin", record("\x05\x63", 'a') + record("\x05\x07", 'b'));
  std::string names;
  for (int k = 0; k < 100; ++k) names += "name" + std::to_string(k) + "\r\n";
  write_bytes(temp_ / "fine_label_names.txt", names);
  const Dataset train = read();
  EXPECT_THAT(train.labels, ElementsAre(99, 7));
  EXPECT_EQ(train.class_names[99], "name99");
  EXPECT_EQ(train.image(1)[3071], 'b');
}

TEST_F(Cifar, BrokenFilesAreNamed) {
  const std::string path = (temp_ / "data_batch_1.bin").string() + ": error: ";
  write_bytes(temp_ / "data_batch_1.bin", record("\x01", 'a') + "x");
  EXPECT_THAT(error(), testing::StartsWith(path + "holds 3074 bytes, expected a multiple of 3073"));
  write_bytes(temp_ / "data_batch_1.bin", "");
  EXPECT_THAT(error(), testing::StartsWith(path + "holds 0 bytes"));
  write_bytes(temp_ / "data_batch_1.bin", record("\x01", 'a') + record("\x0A", 'a'));
  EXPECT_THAT(error(), testing::StartsWith(path + "record 1 has the label 10, expected 0 to 9"));
  write_bytes(temp_ / "batches.meta.txt", "cat\ndog\n");
  EXPECT_THAT(error(), HasSubstr("batches.meta.txt: error: holds 2 names, expected 10"));
}

}  // namespace
}  // namespace cnn
