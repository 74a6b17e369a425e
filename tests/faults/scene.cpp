#include "faults/scene.hpp"

#include <stdexcept>

#include "cnn/image.hpp"

#include "base/file.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_files.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// 40 images to train on: five steps an epoch.
constexpr const char* kConfig = R"(name: tiny
data: {dir: data, scale: 0.004, validation: 10}
network:
  - conv: {name: conv1, count: 2, kernel: 3}
  - pool: {type: max, kernel: 2}
  - dropout: {rate: 0.2}
  - fc: {name: fc1, count: 4}
training: {steps: 10, batch: 8, alpha: 0.1, momentum: 0.9, threads: 1}
output: {dir: run, checkpoint_every: 2 steps, keep: 3}
)";

void train(const std::vector<std::string>& arguments) {
  const CommandResult result = run_command("cnn-train", arguments);
  if (result.code != 0) throw std::runtime_error("cnn-train: " + result.err);
}

}  // namespace

Scene::Scene() {
  constexpr std::size_t kClasses = 4;
  fs::create_directory(data());
  // Of both parts one file plain and one compressed.
  const Dataset train_set = make_dataset({1, 8, 8}, 50, kClasses, 7);
  const Dataset test_set = make_dataset({1, 8, 8}, 20, kClasses, 8);
  write_idx(data() / "train-images-idx3-ubyte.gz", {50, 8, 8}, train_set.pixels, Packing::gzip);
  write_labels(data() / "train-labels-idx1-ubyte", train_set.labels);
  write_idx(data() / "t10k-images-idx3-ubyte", {20, 8, 8}, test_set.pixels);
  write_labels(data() / "t10k-labels-idx1-ubyte.gz", test_set.labels, Packing::gzip);
  write_file(temp_ / "tiny.yaml", kConfig);
  const auto pixels = test_set.image(0);
  write_png(pictures()[0], {{1, 8, 8}, {pixels.begin(), pixels.end()}});
  write_bytes(pictures()[1], gray_jpeg());
  train(train_arguments(whole()));
  std::vector<std::string> stopped = train_arguments(temp_ / "stopped");
  stopped.insert(stopped.end(), {"--set", "training.steps=" + std::to_string(kStopped)});
  train(stopped);
}

std::vector<std::string> Scene::pictures() const {
  return {(temp_ / "first.png").string(), (temp_ / "second.jpg").string()};
}

std::vector<std::string> Scene::train_arguments(const fs::path& directory) const {
  return {"--config", (temp_ / "tiny.yaml").string(), "--out", directory.string(), "--quiet"};
}

std::vector<std::string> Scene::resume_arguments() const {
  std::vector<std::string> arguments = train_arguments(run());
  arguments.push_back("--resume");
  return arguments;
}

void Scene::reset_run() const {
  fs::remove_all(run());
  fs::copy(temp_ / "stopped", run(), fs::copy_options::recursive);
}

}  // namespace cnn
