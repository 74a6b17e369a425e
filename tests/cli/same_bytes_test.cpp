// The same bytes for the same configuration and seed, whatever the number of threads and whichever
// build of OpenBLAS gives the same kernel.

#include <algorithm>
#include <map>
#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/image.hpp"

#include "base/vectors.hpp"
#include "formats/tensor_file.hpp"
#include "kernels/blas.hpp"
#include "support/cli.hpp"
#include "support/random_run.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

CommandResult train_run(const fs::path& config, const fs::path& directory, int threads) {
  return run_command("cnn-train", {"--config", config.string(), "--out", directory.string(),
                                   "--threads", std::to_string(threads)});
}

// --json without what depends on the clock.
json without_times(const std::string& out) {
  json report = json::parse(out);
  if (report.is_object()) {
    report.erase("seconds");
    report.erase("images_per_second");
  }
  return report;
}

class SameBytes : public testing::TestWithParam<std::uint32_t> {
 protected:
  void SetUp() override {
    run_ = draw_run(GetParam(), 12);
    config_ = write_run(run_, temp_.path());
    ASSERT_EQ(train_run(config_, temp_ / "once", 1).code, 0) << run_.config;
  }

  std::string model() const { return (temp_ / "once" / "model.safetensors").string(); }

  TempDir temp_;
  RandomRun run_;
  fs::path config_;
};

TEST_P(SameBytes, OfTrainingTwiceAndForAnyNumberOfThreads) {
  SCOPED_TRACE(run_.config);
  for (const int threads : {1, 2, 3, 5}) {
    const fs::path again = temp_ / ("threads-" + std::to_string(threads));
    const CommandResult result = train_run(config_, again, threads);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(run_difference(temp_ / "once", again), "") << threads << " threads";
  }
}

TEST_P(SameBytes, OfScoresAndPredictionsForAnyNumberOfThreads) {
  SCOPED_TRACE(run_.config);
  std::vector<std::string> predict = {"--model", model(), "--json"};
  for (const std::size_t i : {std::size_t{0}, run_.test.count() - 1}) {
    const auto pixels = run_.test.image(i);
    if (run_.test.shape.channels == 2) continue;  // no picture has two
    const std::string path = (temp_ / (std::to_string(i) + ".png")).string();
    write_png(path, {run_.test.shape, {pixels.begin(), pixels.end()}});
    predict.push_back(path);
  }
  json scores, predictions;
  for (const std::string threads : {"1", "2", "3", "5"}) {
    const fs::path out = temp_ / ("scores-" + threads);
    const CommandResult scored =
        run_command("cnn-eval", {"--model", model(), "--json", "--threads", threads, "--split",
                                 "train", "--out", out.string()});
    ASSERT_EQ(scored.code, 0) << scored.err;
    if (scores.is_null()) scores = without_times(scored.out);
    EXPECT_EQ(without_times(scored.out), scores) << threads << " threads";
    EXPECT_TRUE(same_bytes(out / "predictions.csv", temp_ / "scores-1" / "predictions.csv"));
  }
  if (predict.size() == 3) return;
  for (int repeat = 0; repeat < 2; ++repeat) {
    const CommandResult predicted = run_command("cnn-predict", predict);
    ASSERT_EQ(predicted.code, 0) << predicted.err;
    if (predictions.is_null()) predictions = json::parse(predicted.out);
    EXPECT_EQ(json::parse(predicted.out), predictions);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SameBytes, testing::Range(1U, 6U));

class SameBytesSlow : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SameBytesSlow, OfTrainingForAnyNumberOfThreads) {
  const TempDir temp;
  const RandomRun run = draw_run(GetParam(), 80);
  SCOPED_TRACE(run.config);
  const fs::path config = write_run(run, temp.path());
  ASSERT_EQ(train_run(config, temp / "1", 1).code, 0);
  for (const int threads : {2, 3, 5}) {
    const fs::path again = temp / std::to_string(threads);
    ASSERT_EQ(train_run(config, again, threads).code, 0);
    EXPECT_EQ(run_difference(temp / "1", again), "") << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SameBytesSlow, testing::Range(100U, 130U));

TEST(BlasOfARun, IsNamedInItsLogWithVersionThreadingAndKernel) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {"--set", "training.steps=1"}).code, 0);
  const BlasInfo blas = blas_info();
  EXPECT_THAT(slurp(temp / "run" / "train.log"),
              HasSubstr(blas.version + " " + blas.threading + "/" + blas.kernel + "   vectors " +
                        vector_level_name()));
}

TEST(BlasOfARun, IsNamedInItsModelAndCheckpointsWithTheVectorLevel) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {"--set", "training.steps=1"}).code, 0);
  for (const char* name : {"model.safetensors", "last.safetensors"}) {
    EXPECT_EQ(read_tensors(temp / "run" / name).metadata["arithmetic"], arithmetic());
  }
  EXPECT_THAT(arithmetic(), HasSubstr(std::string(", vectors ") + vector_level_name()));
}

TEST(BlasOfARun, IsComparedWhenTheRunGoesOn) {
  const TempDir temp;
  const auto train_with = [&](const char* kernel, const std::vector<std::string>& more) {
    RunningCommand running("cnn-train", train_arguments(temp / "run", more), temp.path(), {},
                           {std::string("OPENBLAS_CORETYPE=") + kernel});
    return running.wait();
  };
  ASSERT_EQ(train_with("Prescott", {"--set", "training.steps=1"}).code, 0);
  const CommandResult same = train_with("Prescott", {"--set", "training.steps=2", "--resume"});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_THAT(same.err, Not(HasSubstr("was computed by")));
  const CommandResult other = train_with("Nehalem", {"--set", "training.steps=3", "--resume"});
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_THAT(other.err, HasSubstr("Prescott, vectors "));
  EXPECT_THAT(other.err, HasSubstr("Nehalem, vectors "));
  // Its bytes are those of neither alone, and it names each of them once.
  const auto named = [&] {
    return read_tensors(temp / "run" / "model.safetensors").metadata["arithmetic"];
  };
  const std::string both = named();
  EXPECT_THAT(both,
              testing::ContainsRegex("Prescott, vectors [^;]*; [^;]*Nehalem, vectors [^;]*$"));
  ASSERT_EQ(train_with("Prescott", {"--set", "training.steps=4", "--resume"}).code, 0);
  EXPECT_EQ(named(), both);
}

#if defined(__x86_64__)
// OpenBLAS itself would run into an instruction that the processor does not know.
TEST(BlasOfARun, IsRefusedWhereTheProcessorCannotRunTheKernel) {
  if (__builtin_cpu_supports("avx512f") != 0) GTEST_SKIP() << "this processor can run any kernel";
  const TempDir temp;
  RunningCommand running("cnn-train", train_arguments(temp / "run", {}), temp.path(), {},
                         {"OPENBLAS_CORETYPE=SKYLAKEX"});
  const CommandResult result = running.wait();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("cannot run OpenBLAS' kernel 'SKYLAKEX'"));
}
#endif

// The folder of a build of OpenBLAS, as Debian names it; empty if it is not installed.
fs::path openblas_folder(const std::string& build) {
  for (const fs::directory_entry& entry : fs::directory_iterator("/usr/lib")) {
    const fs::path folder = entry.path() / ("openblas-" + build);
    if (fs::exists(folder / "libopenblas.so.0")) return folder;
  }
  return {};
}

class BlasBuild : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    folder_ = openblas_folder(GetParam());
    if (folder_.empty()) GTEST_SKIP() << "package libopenblas0-" << GetParam() << " is missing";
  }

  // Trains with this build. Returns which part of the processor time was spent by threads beyond
  // the busiest `threads`; `most` is the largest number of them all while it trained.
  double share_of_others(const fs::path& directory, std::size_t threads, std::size_t& most) {
    const TempDir output;
    RunningCommand running(
        "cnn-train",
        train_arguments(directory,
                        {"--threads", std::to_string(threads), "--set", "training.steps=40"}),
        output.path(), {}, {"LD_LIBRARY_PATH=" + folder_.string(), "OPENBLAS_THREAD_TIMEOUT=4"});
    running.wait_until([&] { return fs::exists(directory / "config.yaml"); });
    std::map<std::string, double> spent;
    running.wait_until([&] {
      const std::map<std::string, double> now = running.thread_seconds();
      most = std::max(most, now.size());
      if (now.size() >= threads) spent = now;
      return false;
    });
    const CommandResult result = running.wait();
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr(std::string(" ") + GetParam() + "/"));
    EXPECT_GE(spent.size(), threads);
    std::vector<double> times;
    for (const auto& [thread, seconds] : spent) times.push_back(seconds);
    std::sort(times.rbegin(), times.rend());
    const auto others =
        times.begin() + static_cast<std::ptrdiff_t>(std::min(threads, times.size()));
    return std::accumulate(others, times.end(), 0.0) /
           std::accumulate(times.begin(), times.end(), 0.0);
  }

  TempDir temp_;
  fs::path folder_;
};

// Neither build has threads of its own: the pthread build starts with one, the OpenMP build would
// make them when they are used.
TEST_P(BlasBuild, RunsOnTheThreadsOfTheWorkersAlone) {
  for (const std::size_t threads : {1U, 3U}) {
    std::size_t most = 0;
    EXPECT_LT(share_of_others(temp_ / std::to_string(threads), threads, most), 0.02);
    EXPECT_EQ(most, threads);
  }
  EXPECT_EQ(run_difference(temp_ / "1", temp_ / "3"), "");
}

INSTANTIATE_TEST_SUITE_P(All, BlasBuild, testing::Values("pthread", "openmp"),
                         [](const auto& build) { return std::string(build.param); });

}  // namespace
}  // namespace cnn
