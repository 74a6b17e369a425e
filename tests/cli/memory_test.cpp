// How much memory the commands take as whole processes.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/sanitizers.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

// The most that a process which this one has waited for held at once. A process begins with what
// its parent holds: the tests' own must stay well below the bound.
long peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return usage.ru_maxrss / 1024;
}

// Images as many and as large as MNIST's.
TEST(Memory, TrainingLenetOnMnistTakesLessThan150Megabytes) {
  if (kSanitized) GTEST_SKIP() << "sanitizers take memory of their own";
  const TempDir temp;
  std::filesystem::create_directory(temp / "data");
  for (const DataPart part : {DataPart::train, DataPart::test}) {
    write_dataset(temp / "data", part,
                  make_dataset({1, 28, 28}, part == DataPart::train ? 60000 : 10000, 10));
  }
  const CommandResult result = run_command(
      "cnn-train", {"--config", std::string(CNN_SOURCE_DIR) + "/configs/lenet.yaml", "--data",
                    (temp / "data").string(), "--out", (temp / "run").string(), "--threads", "2",
                    "--set", "training.steps=20", "--set", "data.validation=5000"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err + result.out, HasSubstr("55000 train, 5000 validation"));
  EXPECT_LT(peak_megabytes(), 150);
  // The images alone are 47 MB: less would mean that something else was measured.
  EXPECT_GT(peak_megabytes(), 47);
}

}  // namespace
}  // namespace cnn
