// The configurations on real MNIST. Skipped unless MNIST_DIR is set.

#include <cstdlib>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/cli.hpp"
#include "support/samples.hpp"

namespace cnn {
namespace {

using nlohmann::json;

class Mnist : public testing::Test {
 protected:
  void SetUp() override {
    const char* directory = std::getenv("MNIST_DIR");
    if (directory == nullptr) GTEST_SKIP() << "MNIST_DIR is not set";
    directory_ = directory;
  }

  // Test accuracy after training a configuration of the repository.
  double accuracy_of(const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "--config", std::string(CNN_SOURCE_DIR) + "/configs/" + name,
        "--data",   directory_,
        "--out",    (temp_ / "run").string(),
        "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandResult trained = run_command("cnn-train", arguments);
    EXPECT_EQ(trained.code, 0) << trained.err;
    EXPECT_EQ(trained.err, "") << "a warning about a healthy run";
    const CommandResult scored = run_command(
        "cnn-eval", {"--model", (temp_ / "run" / "model.safetensors").string(), "--json"});
    EXPECT_EQ(scored.code, 0) << scored.err;
    const json report = json::parse(scored.out);
    EXPECT_EQ(report["images"], 10000);
    return report["accuracy"];
  }

  // What the model that accuracy_of trained last reads wrongly of data/samples.
  std::string misread() const {
    std::vector<std::string> arguments = {"--model", (temp_ / "run" / "model.safetensors").string(),
                                          "--json"};
    for (const std::string& picture : sample_pictures()) arguments.push_back(picture);
    const CommandResult result = run_command("cnn-predict", arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return misread_samples(json::parse(result.out));
  }

  std::string directory_;
  TempDir temp_;
};

// Caffe, dlib and PyTorch reach 97.9 to 98.3 % with these settings after one epoch; a wrong
// gradient learns, too, but less.
TEST_F(Mnist, LenetPassesNinetySevenAndAHalfAfterOneEpoch) {
  EXPECT_GT(accuracy_of("lenet.yaml", {"--set", "training.epochs=1"}), 0.975);
}

// DeepLearnToolbox asserts an error below 12 % after one epoch of this network.
TEST_F(Mnist, TheLecturesNetworkPassesItsPublishedBound) {
  EXPECT_GT(accuracy_of("lecture.yaml", {"--set", "training.epochs=1"}), 0.88);
}

// UFLDL asks for more than 97 % after its three epochs. Five seeds gave 97.01 to 97.26 %; the bound
// leaves room for another BLAS kernel's roundings. Without momentum it is 90.1 %, with kernels that
// do not learn 88.0 %.
TEST_F(Mnist, UfldlsExercisePassesNinetySixAndAHalf) {
  EXPECT_GT(accuracy_of("ufldl.yaml", {}), 0.965);
}

// Five seeds gave 99.09 to 99.23 %.
TEST_F(Mnist, FastPassesNinetyEightPointEightAndReadsTheSamples) {
  EXPECT_GT(accuracy_of("mnist-fast.yaml", {}), 0.988);
  EXPECT_EQ(misread(), "");
}

TEST_F(Mnist, Lenet5PassesNinetySixAfterOneEpoch) {
  EXPECT_GT(accuracy_of("lenet5.yaml", {"--set", "training.epochs=1"}), 0.96);
}

}  // namespace
}  // namespace cnn
