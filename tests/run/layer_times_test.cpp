// layers.csv: what a run says of the time of its layers.

#include "run/layer_times.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cnn/training_run.hpp"

#include "support/file_error_of.hpp"
#include "support/files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

TEST(LayerTimes, AreReadAsTheyWereWritten) {
  const TempDir temp;
  const fs::path path = temp / "layers.csv";
  EXPECT_TRUE(read_layer_times(path).empty());
  write_layer_times(path, {{"conv1", 0.0012345, 2}, {"relu", 1e-9, 0}});
  EXPECT_EQ(slurp(path),
            "layer,forward_us,backward_us\nconv1,1234.500,2000000.000\n"
            "relu,0.001,0.000\n");
  const std::vector<LayerTime> times = read_layer_times(path);
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0].name, "conv1");
  EXPECT_DOUBLE_EQ(times[0].forward, 0.0012345);
  EXPECT_DOUBLE_EQ(times[0].backward, 2);
}

TEST(LayerTimes, WhatIsNoSuchFileIsRefused) {
  const TempDir temp;
  const fs::path path = temp / "layers.csv";
  const std::string header = "layer,forward_us,backward_us\n";
  for (const char* rows : {"conv1,1,2", "conv1,1\n", "\n", "conv1,1,x\n", "conv1,-1,2\n",
                           "conv1,inf,2\n", "conv1,nan,2\n", ",\n", "conv1,1,2\n\n"}) {
    SCOPED_TRACE(rows);
    write_file(path, header + rows);
    EXPECT_THAT(file_error_of([&] { read_layer_times(path); }),
                testing::HasSubstr("is no row of layers' times"));
  }
  write_file(path, "epoch,step\n");
  EXPECT_THAT(file_error_of([&] { read_layer_times(path); }), testing::HasSubstr("line 1 "));
}

}  // namespace
}  // namespace cnn
