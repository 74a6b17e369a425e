// cnn-eval and cnn-predict while calls on their files fail: the right result or none, with the
// reason; of several pictures, the right result for those that could be read.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "faults/fault.hpp"
#include "faults/scene.hpp"
#include "support/files.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

nlohmann::json untimed(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text);
  if (json.is_object()) {
    json.erase("seconds");
    json.erase("images_per_second");
  }
  return json;
}

class ScoreFaults : public testing::TestWithParam<Sweep> {
 protected:
  // Makes the calls fail one after the other: the result must be that of the command undisturbed,
  // or what expect_part accepts, and the reason.
  void sweep(const std::string& name, const std::vector<std::string>& arguments) {
    const CommandResult undisturbed = run_command(name, arguments);
    const nlohmann::json right = untimed(undisturbed.out);
    after_run(undisturbed);
    const int struck = for_each_call(GetParam(), [&](const Fault& fault) {
      SCOPED_TRACE(testing::Message() << fault);
      const FaultedResult result = run_with_fault(fault, scene_.root(), name, arguments);
      if (result.command.code == 0) {
        EXPECT_EQ(untimed(result.command.out), right);
      } else {
        EXPECT_EQ(result.command.code, 3) << result.command.err;
        expect_part(result.command.out, right);
        EXPECT_THAT(result.command.err, HasSubstr(scene_.root().string()));
        EXPECT_THAT(result.command.err, HasSubstr(std::strerror(fault.error)));
      }
      after_run(result.command);
      return result.struck;
    });
    EXPECT_GT(struck, 0) << "the module is not loaded, or stands before nothing";
  }

  // What a command that failed may have written to stdout: nothing.
  virtual void expect_part(const std::string& out, const nlohmann::json&) { EXPECT_EQ(out, ""); }
  virtual void after_run(const CommandResult&) {}

  const Scene scene_;
  const std::string model_ = (scene_.whole() / "model.safetensors").string();
};

class EvalFaults : public ScoreFaults {
 protected:
  // The files of --out are whole or not there.
  void after_run(const CommandResult& command) override {
    for (const char* name : {"confusion.csv", "predictions.csv"}) {
      const std::filesystem::path file = report_ / name;
      if (!std::filesystem::exists(file)) {
        EXPECT_NE(command.code, 0) << name;
      } else {
        EXPECT_TRUE(same_bytes(file, scene_.root() / "right" / name)) << name;
      }
    }
    if (std::filesystem::exists(report_) && GetParam().fault.kind != "unlink") {
      EXPECT_EQ(temporary_names(report_), "");
    }
    std::filesystem::remove_all(report_);
  }

  const std::filesystem::path report_ = scene_.root() / "report";
};

TEST_P(EvalFaults, GiveTheRightResultOrTheReason) {
  const std::vector<std::string> arguments = {
      "--model", model_, "--data", scene_.data().string(), "--json", "--threads", "1"};
  std::vector<std::string> right = arguments;
  right.insert(right.end(), {"--out", (scene_.root() / "right").string()});
  ASSERT_EQ(run_command("cnn-eval", right).code, 0);
  std::vector<std::string> here = arguments;
  here.insert(here.end(), {"--out", report_.string()});
  sweep("cnn-eval", here);
}

class PredictFaults : public ScoreFaults {
 protected:
  // A picture that cannot be read costs its own answer; without the model there is none.
  void expect_part(const std::string& out, const nlohmann::json& right) override {
    if (out.empty()) return;
    const nlohmann::json answers = nlohmann::json::parse(out);
    EXPECT_LT(answers.size(), right.size());
    for (const nlohmann::json& answer : answers) {
      EXPECT_NE(std::find(right.begin(), right.end(), answer), right.end()) << answer;
    }
  }
};

TEST_P(PredictFaults, GiveTheRightResultOrTheReason) {
  const std::vector<std::string> pictures = scene_.pictures();
  sweep("cnn-predict", {"--model", model_, "--json", pictures[0], pictures[1]});
}

const Sweep kReadEio{"ReadEio", {"read", EIO}};
const Sweep kReadShort{"ReadShort", {"read", 0}};

INSTANTIATE_TEST_SUITE_P(Sampled, EvalFaults,
                         testing::Values(Sweep{"ReadEio", {"read", EIO}, 7},
                                         Sweep{"WriteEnospc", {"write", ENOSPC}}),
                         sweep_name);
INSTANTIATE_TEST_SUITE_P(Sampled, PredictFaults,
                         testing::Values(Sweep{"ReadEio", {"read", EIO}, 5}), sweep_name);

INSTANTIATE_TEST_SUITE_P(
    Complete, EvalFaults,
    testing::Values(kReadEio, kReadShort, Sweep{"ReadEintr", {"read", EINTR}},
                    Sweep{"OpenEmfile", {"open", EMFILE}}, Sweep{"OpenEintr", {"open", EINTR}},
                    Sweep{"StatEio", {"stat", EIO}}, Sweep{"CloseEio", {"close", EIO}},
                    Sweep{"WriteEnospc", {"write", ENOSPC}}, Sweep{"WriteShort", {"write", 0}},
                    Sweep{"SyncEio", {"sync", EIO}}, Sweep{"RenameEio", {"rename", EIO}},
                    Sweep{"MkdirEnospc", {"mkdir", ENOSPC}}),
    sweep_name);
INSTANTIATE_TEST_SUITE_P(Complete, PredictFaults,
                         testing::Values(kReadEio, kReadShort, Sweep{"ReadEintr", {"read", EINTR}},
                                         Sweep{"OpenEmfile", {"open", EMFILE}},
                                         Sweep{"StatEio", {"stat", EIO}},
                                         Sweep{"CloseEio", {"close", EIO}}),
                         sweep_name);

}  // namespace
}  // namespace cnn
