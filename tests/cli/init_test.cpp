// cnn-train --init: from pictures to predictions in three commands, in every format.

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "cnn/image.hpp"

#include "run/run_config.hpp"
#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_sets.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Init : public testing::Test {
 protected:
  CommandResult init(const fs::path& data, const fs::path& out) const {
    return run_command("cnn-train", {"--init", data.string(), "--out", out.string()});
  }
  CommandResult train(const fs::path& config, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"--config", config.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command("cnn-train", arguments);
  }

  TempDir temp_;
};

TEST_F(Init, ThreeCommandsLeadFromPicturesToPredictions) {
  const fs::path shapes = fs::path(CNN_SOURCE_DIR) / "data/shapes";
  const fs::path config = temp_ / "shapes.yaml";
  const CommandResult written = init(shapes, config);
  ASSERT_EQ(written.code, 0) << written.err;
  EXPECT_THAT(written.out, HasSubstr("800 images to train on, 10 classes; the network sees 1x"));
  const std::string text = slurp(config);
  EXPECT_TRUE(text.starts_with("# yaml-language-server: $schema="));
  EXPECT_THAT(text, HasSubstr("\n  validation: 80 "));
  EXPECT_THAT(text, HasSubstr("\n  colour: gray "));
  EXPECT_THAT(text, HasSubstr("\n    flip: 0.5 "));
  EXPECT_THAT(text, HasSubstr("take it out where left and right differ"));
  EXPECT_THAT(text, Not(HasSubstr("# test:")));
  const CommandResult trained = train(config, {"--set", "training.steps=2"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const CommandResult predicted =
      run_command("cnn-predict", {"--model", (temp_ / "runs/shapes/model.safetensors").string(),
                                  "--csv", "--quiet", (shapes / "test/star").string()});
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  EXPECT_EQ(std::ranges::count(predicted.out, '\n'), 1 + 20);
}

TEST_F(Init, NeverReplacesAFile) {
  write_pets("folder", temp_ / "pets", make_pets(3), make_pets(1));
  write_bytes(temp_ / "pets.yaml", "mine");
  const CommandResult refused = init(temp_ / "pets", temp_ / "pets.yaml");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("is there already"));
  EXPECT_EQ(slurp(temp_ / "pets.yaml"), "mine");
}

TEST_F(Init, DoesNotPutRunsAmongTheClasses) {
  write_pets("folder", temp_ / "pets", make_pets(3), make_pets(1));
  const fs::path classes = temp_ / "pets/train";
  const CommandResult refused = init(classes, classes / "pets.yaml");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("among the folders of classes"));
  EXPECT_EQ(init(classes, temp_ / "pets/pets.yaml").code, 0);
}

TEST_F(Init, EveryFormatTrainsAtOnce) {
  const Dataset pets = make_pets(10), test = make_pets(1);
  for (const char* format : {"folder", "idx", "csv", "cifar"}) {
    write_pets(format, temp_ / format, pets, test);
    const fs::path data = temp_ / format / (format == std::string("csv") ? "all.csv" : "");
    const fs::path config = temp_ / (std::string(format) + ".yaml");
    const CommandResult written = init(data, config);
    ASSERT_EQ(written.code, 0) << written.err;
    const CommandResult trained = train(config, {"--set", "training.steps=1"});
    EXPECT_EQ(trained.code, 0) << slurp(config) << trained.err;
  }
  EXPECT_THAT(slurp(temp_ / "csv.yaml"), HasSubstr("\n  table: csv/all.csv "));
  EXPECT_THAT(slurp(temp_ / "csv.yaml"), HasSubstr("\nname: all "));
}

TEST_F(Init, DrawingsAreNotFlipped) {
  const CommandResult written = init(CNN_DIGITS_DIR, temp_ / "digits.yaml");
  ASSERT_EQ(written.code, 0) << written.err;
  const RunConfig config = load_config(temp_ / "digits.yaml", {}).config;
  EXPECT_FALSE(config.data.augment.flip.horizontal > 0);
  EXPECT_EQ(config.data.validation, 600);
  EXPECT_EQ(train(temp_ / "digits.yaml", {"--set", "training.steps=1"}).code, 0);
}

TEST_F(Init, BrokenPicturesAreLeftOutAndSizesChosen) {
  for (int i = 0; i < 8; ++i) {
    for (const std::string name : {"a", "b"}) {
      Image image{{3, 90 + i, 120}, {}};
      image.pixels.assign(image.shape.size(), static_cast<std::uint8_t>(i * 30));
      image.pixels[0] = 255;
      fs::create_directories(temp_ / "set" / name);
      write_png(temp_ / "set" / name / (std::to_string(i) + ".png"), image);
    }
  }
  write_bytes(temp_ / "set/a/notes.txt", "text");
  const CommandResult written = init(temp_ / "set", temp_ / "set.yaml");
  ASSERT_EQ(written.code, 0) << written.err;
  const std::string text = slurp(temp_ / "set.yaml");
  EXPECT_THAT(text, HasSubstr("\n  size: 64 "));
  EXPECT_THAT(text, HasSubstr("\n  broken: skip "));
  EXPECT_THAT(text, HasSubstr("\n  # test: 1 "));
  EXPECT_EQ(train(temp_ / "set.yaml", {"--set", "training.steps=1"}).code, 0);

  fs::remove_all(temp_ / "set/b");
  const CommandResult one = init(temp_ / "set", temp_ / "one.yaml");
  EXPECT_EQ(one.code, 3);
  EXPECT_THAT(one.err, HasSubstr("holds one class only"));
  EXPECT_FALSE(fs::exists(temp_ / "one.yaml"));
}

// `hue` of each picture is of its class, or drawn.
void write_coloured(const fs::path& set, int each, bool of_class) {
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < each; ++i) {
      const int hue = of_class ? k : i * 7 % 5 % 2;
      Image image{{3, 32, 32}, std::vector<std::uint8_t>(3 * 32 * 32, 90)};
      for (std::size_t p = 0; p < 32 * 32; ++p) {
        image.pixels[static_cast<std::size_t>(hue) * 32 * 32 + p] =
            static_cast<std::uint8_t>(150 + (i * 31 + k * 17) % 100);
      }
      const fs::path folder = set / (k == 0 ? "a" : "b");
      fs::create_directories(folder);
      write_png(folder / (std::to_string(i) + ".png"), image);
    }
  }
}

TEST_F(Init, SeesColoursWhereTheyTellClassesApart) {
  write_coloured(temp_ / "told", 40, true);
  write_coloured(temp_ / "drawn", 40, false);
  write_coloured(temp_ / "few", 20, false);
  const std::vector<std::array<std::string, 2>> cases = {
      {"told", "rgb"}, {"drawn", "gray"}, {"few", "rgb"}};
  for (const auto& [set, colour] : cases) {
    const fs::path file = temp_ / (set + ".yaml");
    ASSERT_EQ(init(temp_ / set, file).code, 0);
    EXPECT_THAT(slurp(file), HasSubstr("\n  colour: " + colour + " ")) << set;
  }
}

// A picture of the validation part in the test part spoils no training.
TEST_F(Init, CountsWhatTheTrainingPartHasAlone) {
  write_pets("folder", temp_ / "pets", make_pets(20), make_pets(2, 3, 7));
  fs::copy(temp_ / "pets/test", temp_ / "pets/val", fs::copy_options::recursive);
  ASSERT_EQ(init(temp_ / "pets", temp_ / "apart.yaml").code, 0);
  EXPECT_THAT(slurp(temp_ / "apart.yaml"), Not(HasSubstr("stand in the training part, too")));
  const fs::path bees = temp_ / "pets/train/bee";
  fs::copy_file(*fs::directory_iterator(bees), temp_ / "pets/val/bee/again.png");
  ASSERT_EQ(init(temp_ / "pets", temp_ / "leaked.yaml").code, 0);
  EXPECT_THAT(slurp(temp_ / "leaked.yaml"),
              HasSubstr("# 1 picture of other parts stand in the training part, too"));
}

TEST_F(Init, HoldsNothingOutOfAHandful) {
  write_folders(temp_ / "pets", make_pets(2));
  ASSERT_EQ(init(temp_ / "pets", temp_ / "pets.yaml").code, 0);
  const std::string text = slurp(temp_ / "pets.yaml");
  EXPECT_THAT(text, Not(HasSubstr("validation: 0")));
  EXPECT_THAT(text, Not(HasSubstr("test: 0")));
  EXPECT_EQ(train(temp_ / "pets.yaml", {"--set", "training.steps=1"}).code, 0);
}

TEST_F(Init, NeedsNoConfigurationAndTakesNoOther) {
  EXPECT_EQ(run_command("cnn-train", {"--init", "nowhere", "--out", "x.yaml"}).code, 3);
  EXPECT_EQ(run_command("cnn-train", {"--init", "a", "--config", "b.yaml"}).code, 2);
  EXPECT_EQ(run_command("cnn-train", {"--init", "a", "--seed", "2"}).code, 2);
  const CommandResult nothing = run_command("cnn-train", {});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("--config is required"));
}

TEST(InitOfNothing, SaysWhatItTakes) {
  const TempDir temp;
  std::filesystem::create_directories(temp / "empty");
  for (const auto& [name, message] :
       {std::pair("nowhere", "error: is not there; --init takes a folder of pictures"),
        std::pair("empty", "error: the directory is empty; --init takes a folder of pictures")}) {
    const CommandResult result = run_command("cnn-train", {"--init", (temp / name).string()});
    EXPECT_EQ(result.code, 3);
    EXPECT_THAT(result.err, testing::HasSubstr(message));
  }
}

}  // namespace
}  // namespace cnn
