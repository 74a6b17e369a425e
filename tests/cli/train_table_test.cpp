// The lines of cnn-train about epochs and steps fit 80 columns, and their columns stay in place.

#include "apps/train_table.hpp"

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/cli.hpp"

namespace cnn {
namespace {

using app::EpochTable;
using app::progress_line;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

EpochReport report_of(std::uint64_t epoch, double loss, double accuracy, double alpha,
                      double seconds, bool best) {
  EpochReport report{};
  report.metrics.epoch = epoch;
  report.metrics.train_loss = loss;
  report.metrics.train_accuracy = accuracy;
  report.metrics.validated = true;
  report.metrics.validation_loss = loss;
  report.metrics.validation_accuracy = accuracy;
  report.metrics.alpha = alpha;
  report.metrics.seconds = seconds;
  report.metrics.images_per_second = 60000 / seconds;
  report.finished = true;
  report.best = best;
  return report;
}

TEST(EpochTable, ReadsAsThis) {
  const EpochTable table(5, true);
  EXPECT_THAT(table.header(),
              testing::ElementsAre(
                  "5 epochs       training        validation",
                  "epoch      loss   acc %      loss   acc %     alpha         time  images/s"));
  EXPECT_EQ(table.row(report_of(1, 0.1674, 0.9482, 0.0181, 4.5, true)),
            "    1    0.1674   94.82    0.1674   94.82    0.0181        4.5 s     13333  best");
  const EpochTable without(1, false);
  EXPECT_THAT(without.header(),
              testing::ElementsAre("1 epoch        training",
                                   "epoch      loss   acc %     alpha         time  images/s"));
  EXPECT_EQ(without.row(report_of(1, 0.1674, 0.9482, 0.0181, 4.5, false)),
            "    1    0.1674   94.82    0.0181        4.5 s     13333");
}

// Where columns end: positions of the characters before two blanks, or before the end.
std::vector<std::size_t> column_ends(std::string line) {
  std::vector<std::size_t> ends;
  line += "  ";
  for (std::size_t i = 0; i + 2 < line.size(); ++i) {
    if (line[i] != ' ' && line.compare(i + 1, 2, "  ") == 0) ends.push_back(i);
  }
  return ends;
}

TEST(EpochTable, IsAlignedAndFits80Columns) {
  for (const bool validated : {false, true}) {
    for (const std::uint64_t epochs : {1U, 9U, 10U, 999U, 1000U, 10000U}) {
      const EpochTable table(epochs, validated);
      const auto header = table.header();
      EXPECT_LE(header[0].size(), 80U);
      EXPECT_LE(header[1].size(), 80U);
      const std::vector<std::size_t> ends = column_ends(header[1]);
      ASSERT_EQ(ends.size(), validated ? 8U : 6U);
      for (const double loss :
           {0.0, 1e-5, 3.14e-4, 0.001, 0.5, 999.99, 1e3, 99999.9, 999999.9, 1e6, 1e30}) {
        for (const double seconds : {0.1, 59.9, 59.97, 60.0, 3599.4, 3599.6, 86399.0, 359999.0}) {
          for (const double alpha : {0.0, 1e-12, 1.2345e-5, 0.000123456, 0.01, 1.0, 100.0}) {
            for (const double accuracy : {0.0, 0.5, 1.0}) {
              const std::string line =
                  table.row(report_of(epochs, loss, accuracy, alpha, seconds, false));
              EXPECT_EQ(column_ends(line), ends) << header[1] << "\n" << line;
              const std::string best =
                  table.row(report_of(epochs, loss, accuracy, alpha, seconds, true));
              EXPECT_EQ(best, line + "  best");
              EXPECT_LE(best.size(), 80U);
            }
          }
        }
      }
    }
  }
}

StepReport step_report(std::uint64_t epoch, std::uint64_t epochs, std::uint64_t batch,
                       std::uint64_t batches, double loss) {
  return {(epoch - 1) * batches + batch,
          epochs * batches,
          epoch,
          batch,
          batches,
          loss,
          1.0,
          0.01,
          64,
          {}};
}

TEST(ProgressLine, ReadsAsThis) {
  const StepReport report = step_report(1, 5, 469, 938, 0.1674);
  EXPECT_EQ(progress_line(report, 13304, 20.9, 80),
            "epoch 1 [#######--------] 469/938  loss   0.1674  acc 100.00 %  ETA 20.9 s");
  EXPECT_EQ(progress_line(report, 13304, 20.9, 120),
            "epoch 1 [#######--------] 469/938  loss   0.1674  acc 100.00 %  ETA 20.9 s  13304 "
            "images/s");
}

TEST(ProgressLine, Fits80ColumnsAndStaysInPlace) {
  for (const std::uint64_t epochs : {1U, 10U, 10000U}) {
    for (const std::uint64_t batches : {1U, 10U, 938U, 60000U}) {
      std::size_t eta = 0;
      for (const std::uint64_t epoch : {std::uint64_t{1}, epochs}) {
        for (const std::uint64_t batch : {std::uint64_t{1}, batches}) {
          for (const double loss : {1e-5, 0.5, 999.9, 999999.9, 1e6}) {
            for (const double seconds : {0.0, 59.9, 3599.4, 359999.0}) {
              const std::string line = progress_line(
                  step_report(epoch, epochs, batch, batches, loss), 123456, seconds, 80);
              EXPECT_LE(line.size(), 80U) << line;
              const std::size_t at = line.find("ETA");
              if (eta == 0) eta = at;
              EXPECT_EQ(at, eta) << line;
            }
          }
        }
      }
    }
  }
}

// A slow machine has time for lines of progress within an epoch.
std::string without_progress(const std::string& text) {
  std::string kept;
  for (const std::string& line : lines_of(text)) {
    if (line.find(" ETA ") == std::string::npos) kept += line + "\n";
  }
  return kept;
}

TEST(TrainCommand, PrintsTheTableWithItsHeaderOncePerRunAndResume) {
  const TempDir temp;
  for (const int validation : {0, 500}) {
    const auto run = temp / std::to_string(validation);
    const std::vector<std::string> more = {"--set", "data.validation=" + std::to_string(validation),
                                           "--set", "training.batch=1000"};
    std::vector<std::string> arguments = more;
    arguments.insert(arguments.end(), {"--set", "training.steps=10"});
    const CommandResult first = train(run, arguments);
    ASSERT_EQ(first.code, 0) << first.err;
    const auto head = EpochTable(2, validation > 0).header();
    const std::string header = head[0] + "\n" + head[1];
    const std::string shown = without_progress(first.err);
    const std::size_t at = shown.find("\n" + header + "\n    1  ");
    ASSERT_NE(at, std::string::npos) << first.err;
    EXPECT_EQ(shown.find(header, at + 2), std::string::npos);
    EXPECT_THAT(shown, HasSubstr("        epoch 2 is unfinished: training.steps ends the run "
                                 "within it\n"));
    for (const std::string& line : lines_of(shown.substr(at + 1))) {
      if (line.starts_with("done")) break;
      EXPECT_LE(line.size(), 80U) << line;
    }
    arguments = more;
    arguments.insert(arguments.end(), {"--set", "training.steps=14", "--resume"});
    const CommandResult resumed = train(run, arguments);
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("\n3 epochs       training"));
    EXPECT_THAT(resumed.err, HasSubstr("\n" + head[1] + "\n"));
    // Each line of it has its time, so that the columns of the log are aligned, too.
    const std::string columns = " info " + head[1] + "\n";
    const std::string text = slurp(run / "train.log");
    const std::size_t once = text.find(columns);
    ASSERT_NE(once, std::string::npos);
    EXPECT_NE(text.find(columns, once + 1), std::string::npos);
  }
}

}  // namespace
}  // namespace cnn
