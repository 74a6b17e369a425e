#include "run/run_directory.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "run/metrics_file.hpp"
#include "support/file_error_of.hpp"
#include "support/files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// The names in a directory, in order, with a space behind each.
std::string names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.insert(entry.path().filename().string());
  }
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

void write_file_in_new_directory(const fs::path& path) {
  fs::create_directories(path.parent_path());
  write_file(path, "mine");
}

// As a run leaves it when it begins.
void begin_run(RunDirectory& directory, const std::string& content) {
  directory.prepare(true);
  for (const fs::path& file : {directory.log(), directory.last(), directory.config()}) {
    write_file(directory.at(file), content);
  }
  directory.begin();
}

// An unpacked archive may hold such a link.
TEST(RunDirectory, NeverLeavesTheDirectoryByALink) {
  for (const char* name : {".cnn-next", ".cnn-whole"}) {
    const TempDir temp;
    write_file_in_new_directory(temp.path() / "victim" / "model.safetensors");
    fs::create_directory(temp.path() / "run");
    fs::create_directory_symlink(temp.path() / "victim", temp.path() / "run" / name);
    RunDirectory directory(temp.path() / "run");
    EXPECT_NE(file_error_of([&] {
                directory.take(true);
                directory.prepare(true);
              }),
              "")
        << name;
    EXPECT_EQ(names_in(temp.path() / "victim"), "model.safetensors ") << name;
  }
}

TEST(RunDirectory, IsOccupiedOnceItHoldsAFileOfARun) {
  const TempDir temp;
  RunDirectory directory(temp.path() / "deep" / "run");
  EXPECT_FALSE(directory.occupied());
  ASSERT_TRUE(directory.take(true));
  EXPECT_FALSE(directory.begun());
  write_file(directory.log(), "");
  EXPECT_FALSE(directory.occupied());
  EXPECT_TRUE(directory.begun());
  write_file(directory.log(), "2026-01-02 03:04:05 info begun\n");
  EXPECT_FALSE(directory.occupied());
  write_file(directory.metrics(), "epoch\n");
  EXPECT_TRUE(directory.occupied());
}

// A page or a log need not be a run's; whose ever it is, a new run would remove it.
TEST(RunDirectory, IsOccupiedByWhatOnlyHasTheNameOfARunsFile) {
  for (const char* name : {"report.html", "layers.csv", "train.log"}) {
    const TempDir temp;
    write_file(temp / name, "mine\n");
    RunDirectory directory(temp.path());
    ASSERT_TRUE(directory.take(false));
    EXPECT_TRUE(directory.occupied()) << name;
    EXPECT_EQ(directory.foreign_file(), temp / name);
    write_file(temp / "config.yaml", "name: run");
    EXPECT_EQ(directory.foreign_file(), std::nullopt) << "it may be the run's";
  }
}

TEST(RunDirectory, BelongsToOneAtATime) {
  const TempDir temp;
  {
    RunDirectory directory(temp.path());
    directory.take(true);
    RunDirectory second(temp.path());
    EXPECT_NE(file_error_of([&] { second.take(true); }).find("another run is writing"),
              std::string::npos);
  }
  RunDirectory again(temp.path());
  EXPECT_TRUE(again.take(false));
}

// Of two starts at once one may be refused while it holds the directory: the other one trains then.
TEST(RunDirectory, IsTakenOnceTheOtherOneHasLetGoOfIt) {
  const TempDir temp;
  auto other = std::make_unique<RunDirectory>(temp / "run");
  other->take(true);
  RunDirectory directory(temp / "run");
  std::future<bool> taken = std::async(std::launch::async, [&] { return directory.take(true); });
  EXPECT_EQ(taken.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  other.reset();  // which removes the directory that it made
  EXPECT_TRUE(taken.get());
  EXPECT_TRUE(fs::exists(temp / "run"));
}

TEST(RunDirectory, ThatWasMadeForNothingGoesAgain) {
  const TempDir temp;
  for (const bool prepared : {false, true}) {
    RunDirectory directory(temp.path() / "deep" / "run");
    ASSERT_TRUE(directory.take(true));
    if (prepared) {
      directory.prepare(true);
      write_file(directory.at(directory.log()), "log");
    }
    const RunDirectory moved = std::move(directory);
    EXPECT_TRUE(fs::exists(temp / "deep"));
  }
  EXPECT_EQ(names_in(temp.path()), "");
  fs::create_directory(temp / "kept");
  { RunDirectory(temp / "kept").take(true); }
  EXPECT_EQ(names_in(temp.path()), "kept ");
  EXPECT_FALSE(RunDirectory(temp / "none").take(false));
}

TEST(RunDirectory, ANewRunReplacesTheOldOneAndNothingElse) {
  const TempDir temp;
  for (const char* name : {"config.yaml", "last.safetensors", "model.safetensors", "metrics.csv",
                           "step-12.safetensors", "notes.txt", "step-x.safetensors", ".probe",
                           "layers.csv", ".my-notes.tmp", ".last.safetensors.bak.tmp"}) {
    write_file(temp.path() / name, "old");
  }
  const std::string before = names_in(temp.path());
  {
    RunDirectory directory(temp.path());
    directory.take(true);
    directory.prepare(true);
    write_file(directory.at(directory.last()), "new");
    EXPECT_EQ(slurp(temp / "last.safetensors"), "old");
  }
  EXPECT_EQ(names_in(temp.path()), before);

  RunDirectory directory(temp.path());
  directory.take(true);
  begin_run(directory, "new");
  EXPECT_EQ(names_in(temp.path()),
            ".last.safetensors.bak.tmp .my-notes.tmp .probe config.yaml last.safetensors notes.txt "
            "step-x.safetensors train.log ");
  EXPECT_EQ(slurp(temp / "last.safetensors"), "new");
  EXPECT_EQ(slurp(temp / "notes.txt"), "old");
}

// As it is after a kill at each moment of the replacement.
TEST(RunDirectory, EndsAReplacementThatWasInterrupted) {
  for (int moved = 0; moved <= 3; ++moved) {
    const TempDir temp;
    const fs::path whole = temp / ".cnn-whole";
    fs::create_directory(whole);
    for (const char* name : {"last.safetensors", "model.safetensors", "step-12.safetensors"}) {
      if (moved == 0) write_file(temp / name, "old");
    }
    int place = 0;
    for (const char* name : {"config.yaml", "train.log", "last.safetensors"}) {
      write_file((place++ < moved ? temp.path() : whole) / name, "new");
    }
    RunDirectory directory(temp.path());
    directory.take(false);
    EXPECT_EQ(names_in(temp.path()), "config.yaml last.safetensors train.log ") << moved;
    EXPECT_EQ(slurp(temp / "last.safetensors"), "new") << moved;
  }
}

TEST(RunDirectory, IsWrittenToWhereverItWasMoved) {
  const TempDir temp;
  RunDirectory directory(temp / "run");
  directory.take(true);
  begin_run(directory, "mine");
  fs::rename(temp / "run", temp / "moved");
  fs::create_directory(temp / "run");
  write_file(temp / "run" / "last.safetensors", "another's");
  directory.retire_last(5, 6, 3);
  write_file(directory.at(directory.last()), "newer");
  EXPECT_EQ(names_in(temp / "run"), "last.safetensors ");
  EXPECT_EQ(slurp(temp / "run" / "last.safetensors"), "another's");
  EXPECT_EQ(slurp(temp / "moved" / "last.safetensors"), "newer");
  EXPECT_EQ(slurp(temp / "moved" / "step-5.safetensors"), "mine");
  directory.follow();
  EXPECT_EQ(directory.last(), fs::canonical(temp.path()) / "moved" / "last.safetensors");
}

// What a killed process left goes; what a living one has open stays.
TEST(RunDirectory, RemovesLeftoversOfTheDeadAlone) {
  const TempDir temp;
  const std::string dead = ".last.safetensors.12345-0.tmp", alive = ".best.safetensors.12346-0.tmp";
  for (const std::string& name : {dead, alive, std::string(".confusion.csv.12345-0.tmp")}) {
    write_file(temp / name, "half");
  }
  const int file = ::open((temp / alive).c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(file, LOCK_EX), 0);
  RunDirectory directory(temp.path());
  directory.take(true);
  directory.prepare(false);
  EXPECT_EQ(names_in(temp.path()), alive + " .confusion.csv.12345-0.tmp ");
  ::close(file);
}

TEST(RunDirectory, KeepsRetiredCheckpointsNewestFirst) {
  const TempDir temp;
  const RunDirectory directory(temp.path());
  for (const std::uint64_t step : {5U, 10U, 100U}) {
    write_file(directory.last(), std::to_string(step));
    directory.retire_last(step, step + 1, 3);
  }
  write_file(directory.last(), "105");
  std::vector<std::string> found;
  for (const FilePlace& place : directory.checkpoints()) found.push_back(slurp(place.path));
  EXPECT_EQ(found, (std::vector<std::string>{"105", "100", "10"}));
}

// Gone on from an older one, even where only one is kept.
TEST(RunDirectory, NeitherCountsNorRemovesNewerCheckpoints) {
  for (const std::int64_t keep : {1, 3}) {
    const TempDir temp;
    const RunDirectory directory(temp.path());
    for (const char* name : {"last", "step-80", "step-90"}) {
      write_file(temp / (std::string(name) + ".safetensors"), "x");
    }
    directory.retire_last(100, 10, keep);
    for (const std::uint64_t step : {10U, 20U, 30U}) directory.retire_last(step, step + 10, keep);
    const std::string newer = "step-100.safetensors ";
    EXPECT_EQ(names_in(temp.path()),
              "last.safetensors " + newer +
                  (keep == 1 ? "" : "step-20.safetensors step-30.safetensors ") +
                  "step-80.safetensors step-90.safetensors ");
  }
}

TEST(RunDirectory, SaysWhyItCannotBeMade) {
  const TempDir temp;
  write_file(temp.path() / "file", "x");
  EXPECT_THROW(RunDirectory(temp.path() / "file" / "run").take(true), FileError);
  EXPECT_THROW(RunDirectory(temp.path() / "file").take(true), ConfigError);
}

EpochMetrics epoch_row(std::uint64_t epoch) {
  EpochMetrics row;
  row.epoch = epoch;
  row.step = 10 * epoch;
  row.train_loss = 0.5;
  return row;
}

constexpr const char* kHeader =
    "epoch,step,train_loss,train_accuracy,validation_loss,validation_accuracy,alpha,seconds,"
    "images_per_second\n";

TEST(MetricsFile, KeepsRowsUpToTheStep) {
  const TempDir temp;
  const fs::path path = temp.path() / "metrics.csv";
  MetricsFile metrics;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) metrics.append(path, epoch_row(epoch));
  MetricsFile resumed;
  resumed.keep(MetricsFile::bytes_until(path, 25));
  EpochMetrics row = epoch_row(3);
  row.train_loss = 0.25;
  row.validated = true;
  row.validation_accuracy = 0.75;
  resumed.append(path, row);
  EXPECT_EQ(slurp(path), std::string(kHeader) +
                             "1,10,0.500000,0.000000,,,0,0.000,0.0\n"
                             "2,20,0.500000,0.000000,,,0,0.000,0.0\n"
                             "3,30,0.250000,0.000000,0.000000,0.750000,0,0.000,0.0\n");
}

// The bytes that stand there are not written again: an X among them stays.
TEST(MetricsFile, AppendsARowAndLeavesTheOthersAlone) {
  const TempDir temp;
  const fs::path path = temp.path() / "metrics.csv";
  MetricsFile metrics;
  metrics.append(path, epoch_row(1));
  std::fstream(path, std::ios::in | std::ios::out) << "X";
  metrics.append(path, epoch_row(2));
  EXPECT_EQ(slurp(path)[0], 'X');
  EXPECT_NE(slurp(path).find("\n2,20,"), std::string::npos);
}

TEST(MetricsFile, GoesOnInAFileThatReplacesIt) {
  const TempDir temp;
  const fs::path path = temp.path() / "metrics.csv";
  MetricsFile metrics;
  metrics.append(path, epoch_row(1));
  write_file(path, "saved by an editor\n");
  metrics.append(path, epoch_row(2));
  EXPECT_EQ(slurp(path), "saved by an editor\n2,20,0.500000,0.000000,,,0,0.000,0.0\n");
  fs::remove(path);
  metrics.append(path, epoch_row(3));
  EXPECT_EQ(slurp(path), std::string(kHeader) + "3,30,0.500000,0.000000,,,0,0.000,0.0\n");
}

TEST(MetricsFile, DoesNotKeepBytesThatAreGone) {
  const TempDir temp;
  const fs::path path = temp.path() / "metrics.csv";
  MetricsFile metrics;
  metrics.keep(500);
  metrics.append(path, epoch_row(1));
  EXPECT_EQ(slurp(path), std::string(kHeader) + "1,10,0.500000,0.000000,,,0,0.000,0.0\n");
}

TEST(MetricsFile, IsCutWhereItIsToldTo) {
  const TempDir temp;
  const fs::path path = temp.path() / "metrics.csv";
  MetricsFile metrics;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) metrics.append(path, epoch_row(epoch));
  metrics.cut(path);
  EXPECT_NE(slurp(path).find("\n3,30,"), std::string::npos);
  metrics.keep(MetricsFile::bytes_until(path, 10));
  metrics.cut(path);
  EXPECT_EQ(slurp(path), std::string(kHeader) + "1,10,0.500000,0.000000,,,0,0.000,0.0\n");
}

// A file of another run, or the end of a row that a power cut left.
TEST(MetricsFile, KeepsWholeRowsOfItsOwnAlone) {
  const TempDir temp;
  const fs::path path = temp.path() / "metrics.csv";
  const std::string header = kHeader;
  EXPECT_EQ(MetricsFile::bytes_until(path, 100), 0U);
  write_file(path, header.substr(0, 20));
  EXPECT_EQ(MetricsFile::bytes_until(path, 100), 0U);
  write_file(path, header + "1,10,x\n2,2");
  EXPECT_EQ(MetricsFile::bytes_until(path, 100), header.size() + 7);
  write_file(path, header + "1,10,x\nnonsense\n2,20,x\n");
  EXPECT_EQ(MetricsFile::bytes_until(path, 100), header.size() + 7);
  MetricsFile anew;
  anew.append(path, epoch_row(7));
  EXPECT_EQ(slurp(path), header + "7,70,0.500000,0.000000,,,0,0.000,0.0\n");
}

// 2^20 rows, more than were once read at all.
TEST(MetricsFile, MayBeOfAnyLength) {
  const TempDir temp;
  const fs::path path = temp.path() / "metrics.csv";
  std::string rows = kHeader;
  std::size_t half = 0;
  for (int epoch = 1; epoch <= 1 << 20; ++epoch) {
    rows += std::to_string(epoch) + "," + std::to_string(epoch) + "," + std::string(60, '0') + "\n";
    if (epoch == 1 << 19) half = rows.size();
  }
  ASSERT_GT(rows.size(), std::size_t{1} << 26);
  write_file(path, rows);
  EXPECT_EQ(MetricsFile::bytes_until(path, std::uint64_t{1} << 40), rows.size());
  EXPECT_EQ(MetricsFile::bytes_until(path, 1 << 19), half);
}

}  // namespace
}  // namespace cnn
