#include "run/run_directory.hpp"

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "run/metrics_file.hpp"
#include "support/file_error_of.hpp"
#include "support/files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

TEST(RunDirectory, IsOccupiedOnceItHoldsAFileOfARun) {
  const TempDir temp;
  const RunDirectory directory(temp.path() / "deep" / "run");
  EXPECT_FALSE(directory.occupied());
  const DirectoryLock lock = directory.create();
  EXPECT_FALSE(directory.begun());
  write_file(directory.log(), "");
  EXPECT_FALSE(directory.occupied());
  EXPECT_TRUE(directory.begun());
  write_file(directory.metrics(), "epoch\n");
  EXPECT_TRUE(directory.occupied());
}

TEST(RunDirectory, BelongsToOneAtATime) {
  const TempDir temp;
  const RunDirectory directory(temp.path());
  {
    const DirectoryLock lock = directory.create();
    EXPECT_NE(file_error_of([&] { return directory.create(); }).find("another run is writing"),
              std::string::npos);
  }
  const DirectoryLock again = directory.create();
}

TEST(RunDirectory, ClearRemovesTheRunAndNothingElse) {
  const TempDir temp;
  const RunDirectory directory(temp.path());
  for (const char* name : {"config.yaml", "last.safetensors", "step-12.safetensors", "notes.txt",
                           "step-x.safetensors"}) {
    write_file(temp.path() / name, "x");
  }
  directory.clear();
  EXPECT_FALSE(directory.occupied());
  EXPECT_TRUE(std::filesystem::exists(temp.path() / "notes.txt"));
  EXPECT_TRUE(std::filesystem::exists(temp.path() / "step-x.safetensors"));
}

TEST(RunDirectory, KeepsRetiredCheckpointsNewestFirst) {
  const TempDir temp;
  const RunDirectory directory(temp.path());
  for (const std::uint64_t step : {5U, 10U, 100U}) {
    write_file(directory.last(), std::to_string(step));
    directory.retire_last(step, 3);
  }
  write_file(directory.last(), "105");
  std::vector<std::string> found;
  for (const auto& path : directory.checkpoints()) found.push_back(slurp(path));
  EXPECT_EQ(found, (std::vector<std::string>{"105", "100", "10"}));
}

TEST(RunDirectory, SaysWhyItCannotBeMade) {
  const TempDir temp;
  write_file(temp.path() / "file", "x");
  const RunDirectory directory(temp.path() / "file" / "run");
  EXPECT_THROW(const DirectoryLock lock = directory.create(), FileError);
}

TEST(MetricsFile, KeepsRowsUpToTheStep) {
  const TempDir temp;
  const auto path = temp.path() / "metrics.csv";
  MetricsFile metrics(path);
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    EpochMetrics row;
    row.epoch = epoch;
    row.step = 10 * epoch;
    row.train_loss = 0.5;
    metrics.append(row);
  }
  MetricsFile resumed(path);
  resumed.keep_until(25);
  EpochMetrics row;
  row.epoch = 3;
  row.step = 30;
  row.train_loss = 0.25;
  row.validated = true;
  row.validation_accuracy = 0.75;
  resumed.append(row);
  EXPECT_EQ(slurp(path),
            "epoch,step,train_loss,train_accuracy,validation_loss,validation_accuracy,alpha,"
            "seconds,images_per_second\n"
            "1,10,0.500000,0.000000,,,0,0.000,0.0\n"
            "2,20,0.500000,0.000000,,,0,0.000,0.0\n"
            "3,30,0.250000,0.000000,0.000000,0.750000,0,0.000,0.0\n");
}

}  // namespace
}  // namespace cnn
