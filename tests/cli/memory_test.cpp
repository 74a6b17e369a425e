// How much memory the commands take as whole processes, and that they say so before.

#include <regex>

#include <gtest/gtest.h>

#include "cnn/image.hpp"

#include "formats/tensor_file.hpp"
#include "run/model.hpp"
#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/sanitizers.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

long peak_megabytes(const CommandResult& result) {
  return result.peak_kilobytes * 1024 / 1'000'000;
}

// What it said it would take, or -1.
long announced_megabytes(const CommandResult& result) {
  std::smatch found;
  return std::regex_search(result.err, found, std::regex("memory: at most ([0-9]+) MB"))
             ? std::stol(found[1])
             : -1;
}

void expect_no_more_than_announced(const CommandResult& result) {
  ASSERT_EQ(result.code, 0) << result.err;
  const long announced = announced_megabytes(result), used = peak_megabytes(result);
  EXPECT_LE(used, announced + announced / 10) << result.err;
  EXPECT_LT(announced, 3 * used + 40) << result.err;  // threads that find no work touch little
}

// A model file for images of that shape, with weights of 0.
std::string write_model(const std::filesystem::path& path, const std::string& network,
                        const std::string& dir, Shape input, std::size_t classes) {
  const RunConfig config =
      parse_config("c", "data: {dir: " + dir + "}\nnetwork: [" + network + "]\n");
  ModelInfo info;
  info.config = config;
  info.input = input;
  info.classes = class_names({}, classes);
  info.preprocessing.mean = {0};
  info.preprocessing.scale = {1};
  save_model(path, info, Network(input, config.network));
  return path.string();
}

class Memory : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers take memory of their own";
  }
  // A data set of both parts; its directory.
  std::string data(const std::string& name, Shape shape, std::size_t train, std::size_t test) {
    std::filesystem::create_directory(temp_ / name);
    write_dataset(temp_ / name, DataPart::train, make_dataset(shape, train, 10));
    write_dataset(temp_ / name, DataPart::test, make_dataset(shape, test, 10));
    return (temp_ / name).string();
  }
  std::string file(const std::string& name) const { return (temp_ / name).string(); }

  TempDir temp_;
};

// Images as many and as large as MNIST's.
TEST_F(Memory, TrainingLenetOnMnistTakesLessThan150Megabytes) {
  const CommandResult result = run_command(
      "cnn-train", {"--config", std::string(CNN_SOURCE_DIR) + "/configs/lenet.yaml", "--data",
                    data("data", {1, 28, 28}, 60000, 10000), "--out", file("run"), "--threads", "2",
                    "--set", "training.steps=20", "--set", "data.validation=5000"});
  expect_no_more_than_announced(result);
  EXPECT_THAT(result.err + result.out, HasSubstr("55000 train, 5000 validation"));
  EXPECT_LT(peak_megabytes(result), 150);
  // The images alone are 47 MB: less would mean that something else was measured.
  EXPECT_GT(peak_megabytes(result), 47);
}

TEST_F(Memory, IsAnnouncedBeforeItIsTaken) {
  const std::string small = data("small", {1, 20, 20}, 400, 4000);
  const std::string images = data("images", {3, 40, 40}, 100, 60);
  struct Case {
    std::string data, network, training;
  };
  const std::vector<Case> cases = {
      {small, "{fc: {count: 700}}, relu, {fc: {count: 700}}, relu, {fc: {count: 10}}",
       "batch: 128, momentum: 0.9"},
      {small, "{conv: {count: 8, kernel: 5}}, batch_norm, relu, {fc: {count: 10}}",
       "batch: 300, solver: adam, ema: 0.9"},
      {images,
       "{conv: {count: 16, kernel: 3, pad: 1}}, relu, {conv: {count: 16, kernel: 3}}, relu, "
       "{pool: {type: avg, global: true}}, {fc: {count: 10}}",
       "batch: 96"}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string run = file("run" + std::to_string(i)), model = run + "/model.safetensors";
    write_file(file("c.yaml"), "data: {dir: " + cases[i].data + ", validation: 50}\nnetwork: [" +
                                   cases[i].network + "]\ntraining: {steps: 3, alpha: 0.001, " +
                                   cases[i].training + "}\noutput: {dir: " + run + "}\n");
    for (const std::string threads : {"1", "2", "3", "4"}) {
      SCOPED_TRACE(testing::Message() << cases[i].network << " on " << threads << " threads");
      expect_no_more_than_announced(run_command(
          "cnn-train", {"--config", file("c.yaml"), "--overwrite", "--threads", threads}));
      expect_no_more_than_announced(
          run_command("cnn-eval", {"--model", model, "--threads", threads}));
    }
    SCOPED_TRACE(cases[i].network);
    expect_no_more_than_announced(run_command(
        "cnn-train", {"--config", file("c.yaml"), "--resume", "--set", "training.steps=5"}));
    expect_no_more_than_announced(
        run_command("cnn-eval", {"--model", model, "--model", model, "--tta", "shifts", "--json",
                                 "--out", file("scores"), "--threads", "2"}));
  }
}

TEST_F(Memory, OfPicturesIsAnnouncedBeforeTheyAreDecoded) {
  const std::string model =
      write_model(temp_ / "m.safetensors", "{fc: {count: 10}}", file("none"), {1, 28, 28}, 10);
  write_png(file("gray.png"), {{1, 3000, 2000}, std::vector<std::uint8_t>(6'000'000, 255)});
  write_png(file("colour.png"), {{3, 2000, 2000}, std::vector<std::uint8_t>(12'000'000, 7)});
  write_file(file("colour.ppm"), "P6 2000 2000 255\n" + std::string(12'000'000, 'x'));
  for (const char* name : {"gray.png", "colour.png", "colour.ppm"}) {
    SCOPED_TRACE(name);
    const CommandResult result = run_command("cnn-predict", {"--model", model, file(name)});
    expect_no_more_than_announced(result);
    EXPECT_GT(peak_megabytes(result), 18);
  }
  const CommandResult quiet =
      run_command("cnn-predict", {"--model", model, "--quiet", file("gray.png")});
  EXPECT_EQ(quiet.code, 0);
  EXPECT_EQ(quiet.err, "");
}

// Once, whatever the command is asked to do.
TEST_F(Memory, OfASurveyASheetAndAPackIsAnnouncedOnce) {
  const auto photographs = [&](const std::string& name, int height) {
    for (const std::string kind : {"/a", "/b"}) {
      std::filesystem::create_directories(file(name + kind));
      for (int i = 0; i < 12; ++i) {
        write_png(file(name + kind + "/" + std::to_string(i) + ".png"),
                  {{3, height, 1000},
                   std::vector<std::uint8_t>(static_cast<std::size_t>(height) * 3000, 7)});
      }
    }
    return file(name);
  };
  for (const std::string& set :
       {data("arrays", {3, 40, 40}, 3000, 600), photographs("one", 1200)}) {
    SCOPED_TRACE(set);
    const CommandResult result =
        run_command("cnn-data", {set, "--sheet", file("sheet.png"), "--pack", file("packed")});
    expect_no_more_than_announced(result);
    EXPECT_EQ(result.err.find("memory:"), result.err.rfind("memory:"));
    std::filesystem::remove_all(file("packed"));
  }
}

// A few hundred bytes from anybody.
TEST_F(Memory, OfAModelFileIsBounded) {
  const std::string model =
      write_model(temp_ / "m.safetensors", "{pool: {type: avg, global: true}}, {fc: {count: 2}}",
                  file("none"), {1, 10000, 10000}, 2);
  write_png(file("p.png"), {{1, 4, 4}, std::vector<std::uint8_t>(16)});
  const CommandResult refused = run_command("cnn-predict", {"--model", model, file("p.png")});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr(model + ": error: its network for images of 1x10000x10000"));
  EXPECT_LT(peak_megabytes(refused), 50);
  const auto predict_with = [&](const std::string& variable) {
    RunningCommand running("cnn-predict", {"--model", model, file("p.png")}, temp_.path(), {},
                           {variable});
    return running.wait();
  };
  const CommandResult small = predict_with("CNN_MEMORY=100");
  EXPECT_EQ(small.code, 3);
  EXPECT_THAT(small.err, HasSubstr("100.0 MB"));
  const CommandResult wrong = predict_with("CNN_MEMORY=much");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("CNN_MEMORY: error: is 'much'"));
}

// Each class of each picture: a value of JSON, and a line of it.
TEST_F(Memory, OfWhatIsListedIsAnnounced) {
  const RunConfig config = parse_config("c", "data: {dir: none}\nnetwork: [{fc: {count: 300}}]\n");
  ModelInfo info;
  info.config = config;
  info.input = {1, 4, 4};
  for (int i = 0; i < 300; ++i) {
    info.classes.push_back(std::to_string(i) + std::string(i == 7 ? 20'000 : 200, 'n'));
  }
  info.preprocessing.mean = {0};
  info.preprocessing.scale = {1};
  const std::string model = file("m.safetensors"), picture = file("p.png");
  save_model(model, info, Network(info.input, config.network));
  write_png(picture, {{1, 4, 4}, {0, 0, 0, 0, 0, 255, 255, 0, 0, 9, 255, 0, 0, 0, 0, 0}});
  for (const char* form : {"--quiet", "--json"}) {
    SCOPED_TRACE(form);
    std::vector<std::string> arguments = {"--model", model, "--top", "256", form};
    arguments.insert(arguments.end(), 200, picture);
    const CommandResult result = run_command("cnn-predict", arguments);
    ASSERT_EQ(result.code, 0) << result.err;
    // A very long name does not make every line as long.
    EXPECT_LT(result.out.size(), 40'000'000U);
    if (announced_megabytes(result) >= 0) expect_no_more_than_announced(result);
  }
}

// Tensors that the network does not have are read all the same.
TEST_F(Memory, OfWeightsIsThatOfTheirFile) {
  const std::string dir = data("data", {1, 8, 8}, 100, 10);
  const std::string network = "{fc: {count: 10}}";
  const std::string model = write_model(temp_ / "m.safetensors", network, dir, {1, 8, 8}, 10);
  TensorFile tensors = read_tensors(model);
  const std::vector<float> large(25'000'000);
  std::vector<NamedTensor> all = {{"other", {25'000'000}, large}};
  for (const TensorFile::Entry& entry : tensors.tensors) {
    all.push_back({entry.name, entry.dims, entry.data});
  }
  write_tensors(file("large.safetensors"), all, {});
  write_file(file("c.yaml"), "data: {dir: " + dir + "}\nnetwork: [" + network +
                                 "]\ntraining: {steps: 2}\noutput: {dir: " + file("run") + "}\n");
  const CommandResult result = run_command(
      "cnn-train", {"--config", file("c.yaml"), "--weights", file("large.safetensors")});
  expect_no_more_than_announced(result);
  EXPECT_GT(peak_megabytes(result), 100);
}

// All cells of the confusion matrix would be 8.6 GB.
TEST_F(Memory, OfManyClassesIsThatOfTheImagesScored) {
  const std::string model = write_model(temp_ / "m.safetensors", "{fc: {count: 32768}}",
                                        data("tiny", {1, 1, 1}, 20, 20), {1, 1, 1}, 32768);
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {}, {"--json"}, {"--tta", "shifts"}, {"--out", file("scores")}}) {
    std::vector<std::string> arguments = {"--model", model, "--threads", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandResult result = run_command("cnn-eval", arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_LE(peak_megabytes(result), announced_megabytes(result));
    EXPECT_LT(announced_megabytes(result), 150);
  }
}

}  // namespace
}  // namespace cnn
