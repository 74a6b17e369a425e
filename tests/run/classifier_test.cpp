#include "cnn/classifier.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/random.hpp"
#include "data/prepare_image.hpp"
#include "run/model_runner.hpp"
#include "run/training_data.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// A model for 28x28 images of the digits, which has seen nothing.
fs::path save_digits_model(const fs::path& directory) {
  RunConfig config = parse_config("classifier", R"(
data: {dir: )" CNN_DIGITS_DIR R"(, scale: 0.004}
network: [conv: {count: 2, kernel: 5}, pool: {type: max, kernel: 4}, relu, fc: {count: 10}]
)");
  const TrainingData data = load_training_data(config.data, 1);
  Network network(data.dataset.shape, config.network);
  network.initialise(3);
  const fs::path path = directory / "model.safetensors";
  save_model(path, make_model_info(config, network, data), network);
  return path;
}

std::vector<fs::path> sample_pictures() {
  return list_directory(fs::path(CNN_SOURCE_DIR) / "data" / "samples");
}

class ClassifierTest : public testing::Test {
 protected:
  const TempDir temp_;
  const fs::path model_ = save_digits_model(temp_.path());
};

TEST_F(ClassifierTest, AnswersAsTheNetworkDoesOnThePreparedPicture) {
  Classifier classifier(model_);
  ASSERT_EQ(classifier.classes().size(), 10u);
  ASSERT_EQ(classifier.input(), (Shape{1, 28, 28}));
  Workers workers(1);
  ModelRunner runner(model_, workers);
  std::size_t answered = 0;
  for (const fs::path& file : sample_pictures()) {
    const Image picture = read_image(file);
    const Classification found = classifier.classify(picture);
    const PreparedImage expected = prepare_image(picture, runner.model.info.input,
                                                 runner.model.info.images, Invert::automatic);
    EXPECT_EQ(found.image.pixels, expected.pixels) << file;
    if (expected.is_blank()) {
      EXPECT_TRUE(found.ranking.empty() && found.probabilities.empty()) << file;
      continue;
    }
    ++answered;
    std::vector<double> probabilities(10);
    runner.inference.run(
        1, [&](std::size_t) { return std::span(expected.pixels); },
        [&](std::size_t, CView outputs) {
          class_probabilities(Loss::softmax_cross_entropy, outputs, probabilities);
          EXPECT_EQ(found.ranking.front(), arg_max(outputs)) << file;
        });
    EXPECT_EQ(found.probabilities, probabilities) << file;
  }
  EXPECT_GT(answered, 15u);
}

TEST_F(ClassifierTest, AnswersDoNotDependOnNeighboursOrThreads) {
  std::vector<Image> pictures;
  for (const fs::path& file : sample_pictures()) pictures.push_back(read_image(file));
  Classifier one(model_);
  Classifier three(model_, {.threads = 3});
  const std::vector<Classification> together = three.classify(pictures);
  ASSERT_EQ(together.size(), pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const Classification alone = one.classify(pictures[i]);
    EXPECT_EQ(alone.probabilities, together[i].probabilities) << i;
    EXPECT_EQ(alone.ranking, together[i].ranking) << i;
  }
}

TEST_F(ClassifierTest, SurvivesAThousandBrokenPictures) {
  Classifier classifier(model_);
  const fs::path broken = temp_.path() / "broken";
  const Random random(5, Purpose::noise, 0);
  std::uint64_t draws = 0;
  const auto draw = [&](std::size_t bound) {
    return static_cast<std::size_t>(random.below(draws++, static_cast<std::uint32_t>(bound)));
  };
  std::size_t refused = 0;
  std::size_t tried = 0;
  while (tried < 1000) {
    for (const fs::path& file : sample_pictures()) {
      std::string bytes = read_file(file, 1 << 20);
      if (tried++ % 3 == 0) bytes.resize(draw(bytes.size()) + 1);
      for (std::size_t flips = draw(8) + 1; flips > 0 && !bytes.empty(); --flips) {
        bytes[draw(std::min<std::size_t>(bytes.size(), 300))] = static_cast<char>(draw(256));
      }
      write_file(broken, bytes);
      try {
        const Classification found = classifier.classify(read_image(broken));
        EXPECT_TRUE(found.image.is_blank() || found.ranking.size() == 10);
      } catch (const FileError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300u);
}

TEST_F(ClassifierTest, TakesPicturesOfAnyKindAndRefusesWhatIsNone) {
  Classifier classifier(model_);
  for (const Shape shape :
       {Shape{1, 1, 1}, Shape{3, 1, 200}, Shape{1, 28, 28}, Shape{3, 97, 3}, Shape{1, 500, 400}}) {
    const Image picture{shape, std::vector<std::uint8_t>(shape.size(), 200)};
    EXPECT_NO_THROW(classifier.classify(picture)) << to_string(shape);
  }
  const std::vector<std::uint8_t> pixels(784);
  for (const Image& wrong : {Image{{1, 28, 27}, pixels}, Image{{2, 14, 28}, pixels},
                             Image{{1, 0, 28}, {}}, Image{{1, -28, -28}, pixels}, Image{}}) {
    EXPECT_THROW(classifier.classify(wrong), ShapeError) << to_string(wrong.shape);
  }
  EXPECT_TRUE(classifier.classify(std::span<const Image>()).empty());
}

TEST_F(ClassifierTest, ScoresADataSetAndRefusesAnother) {
  Classifier classifier(model_);
  const Dataset digits = read_dataset(CNN_DIGITS_DIR, DataPart::test);
  const Evaluation result = classifier.score(digits);
  EXPECT_EQ(result.predictions.size(), digits.count());
  EXPECT_THROW(classifier.score(tiny_images()), FileError);
}

TEST_F(ClassifierTest, SaysWhatIsWrongWithAModel) {
  EXPECT_THROW(Classifier(temp_.path() / "missing"), FileError);
  EXPECT_THROW(Classifier(fs::path(CNN_SOURCE_DIR) / "README.md"), FileError);
  EXPECT_THROW(Classifier(model_, {.threads = -1}), ArgumentError);
}

TEST_F(ClassifierTest, CanBeMoved) {
  Classifier first(model_);
  const Image picture = read_image(sample_pictures().front());
  const std::vector<double> expected = first.classify(picture).probabilities;
  Classifier second(std::move(first));
  EXPECT_EQ(second.classify(picture).probabilities, expected);
}

}  // namespace
}  // namespace cnn
