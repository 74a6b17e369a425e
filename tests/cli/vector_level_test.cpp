// CNN_ISA: the vector level that the commands' own code runs at.

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/tensor_file.hpp"
#include "support/cli.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

CommandResult train_at(const std::string& level, const TempDir& temp, const std::string& name,
                       const std::vector<std::string>& more = {}) {
  std::vector<std::string> options = {"--set", "training.steps=3"};
  options.insert(options.end(), more.begin(), more.end());
  RunningCommand running("cnn-train", train_arguments(temp / name, options), temp.path(), {},
                         {"CNN_ISA=" + level});
  return running.wait();
}

// Those of this processor and this build, lowest first: each may be asked for.
std::vector<std::string> levels_here(const TempDir& temp) {
  std::vector<std::string> levels;
  for (const char* level : {"x86-64", "x86-64-v3", "x86-64-v4"}) {
    if (train_at(level, temp, "try", {"--dry-run"}).code == 0) levels.emplace_back(level);
  }
  return levels;
}

std::string arithmetic_of(const TempDir& temp, const std::string& name) {
  return read_tensors(temp / name / "model.safetensors").metadata["arithmetic"];
}

TEST(VectorLevel, IsThatOfTheEnvironmentAndNamedInLogAndModel) {
  const TempDir temp;
  for (const std::string& level : levels_here(temp)) {
    const CommandResult result = train_at(level, temp, level);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("vectors " + level + "\n"));
    EXPECT_THAT(arithmetic_of(temp, level), EndsWith(", vectors " + level));
  }
}

// What the test may claim: a level has its own bits again and again; x86-64 rounds products before
// it adds them up, the others do not.
TEST(VectorLevel, DecidesTheBits) {
  const TempDir temp;
  std::map<std::string, std::string> weights;
  for (const std::string& level : levels_here(temp)) {
    const std::vector<std::string> adam = {"--set", "training.solver=adam"};
    ASSERT_EQ(train_at(level, temp, level + "-1", adam).code, 0);
    ASSERT_EQ(train_at(level, temp, level + "-2", adam).code, 0);
    EXPECT_EQ(run_difference(temp / (level + "-1"), temp / (level + "-2")), "");
    const std::string model = slurp(temp / (level + "-1") / "model.safetensors");
    const std::size_t header =
        8 + static_cast<unsigned char>(model[0]) + 256U * static_cast<unsigned char>(model[1]);
    weights[level] = model.substr(header);
  }
  for (const auto& [level, bytes] : weights) {
    if (level == "x86-64" || !weights.contains("x86-64")) continue;
    EXPECT_NE(bytes, weights["x86-64"]) << level;
  }
}

TEST(VectorLevel, ThatIsUnknownOrMissingHereIsRefused) {
  const TempDir temp;
  const std::vector<std::string> known = levels_here(temp);
  std::set<std::string> refused = {"x86-64-v4", "x86-64-v3", "x86-64", "avx2", "x86-64-v2"};
  for (const std::string& level : known) refused.erase(level);
  for (const std::string& level : refused) {
    for (const char* command : {"cnn-train", "cnn-eval", "cnn-predict", "cnn-bench"}) {
      RunningCommand running(command, {"--version"}, temp.path(), {}, {"CNN_ISA=" + level});
      const CommandResult result = running.wait();
      EXPECT_EQ(result.code, 2) << command;
      EXPECT_THAT(result.err, HasSubstr("CNN_ISA: error: no level '" + level + "'"));
    }
  }
}

TEST(VectorLevel, ThatIsEmptyIsNotSet) {
  const TempDir temp;
  EXPECT_EQ(train_at("", temp, "run", {"--dry-run"}).code, 0);
}

}  // namespace
}  // namespace cnn
