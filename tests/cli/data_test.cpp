// cnn-data: what it says of a set, what it draws and packs, and what it refuses.

#include <algorithm>
#include <csignal>
#include <fstream>
#include <span>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/image.hpp"

#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_sets.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// A picture of its own, in gray or colour.
Image picture(int height, int width, int channels, int n) {
  Image image{{channels, height, width}, {}};
  for (std::size_t i = 0; i < image.shape.size(); ++i) {
    image.pixels.push_back(static_cast<std::uint8_t>((i * 31 + static_cast<std::size_t>(n) * 97) %
                                                     (200 + static_cast<std::size_t>(n))));
  }
  return image;
}

class Data : public testing::Test {
 protected:
  void add(const std::string& name, const Image& image) const {
    fs::create_directories((temp_ / name).parent_path());
    write_png(temp_ / name, image);
  }
  // Four pictures of 20x16, three of them in colour, and one of 24x16; two classes.
  void write_small() const {
    add("set/train/cat/a.png", picture(20, 16, 3, 1));
    add("set/train/cat/b.png", picture(20, 16, 3, 2));
    add("set/train/dog/a.png", picture(20, 16, 1, 3));
    add("set/train/dog/b.png", picture(24, 16, 3, 4));
    add("set/test/dog/a.png", picture(20, 16, 3, 5));
  }
  CommandResult run(const std::vector<std::string>& more, const std::string& set = "set") const {
    std::vector<std::string> arguments = {(temp_ / set).string(), "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command("cnn-data", arguments);
  }

  TempDir temp_;
};

TEST_F(Data, CountsWhatASetHolds) {
  write_small();
  const CommandResult result = run({"--json", "--size", "16"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const json data = json::parse(result.out);
  EXPECT_EQ(data["format"], "folder");
  EXPECT_EQ(data["classes"], (json{"cat", "dog"}));
  EXPECT_EQ(data["parts"].size(), 2U);
  const json train = data["parts"]["train"];
  EXPECT_EQ(train["images"], 4);
  EXPECT_EQ(train["per_class"], (json{2, 2}));
  EXPECT_EQ(train["sizes"], (json{{20, 16, 3}, {24, 16, 1}}));
  EXPECT_EQ(train["gray"], 1);
  EXPECT_EQ(train["colour"], 3);
  EXPECT_EQ(train["broken"], json::array());
  EXPECT_EQ(data["parts"]["test"]["per_class"], (json{0, 1}));
  EXPECT_EQ(data["duplicates"], (json{{"within", 0}, {"across", 0}, {"examples", json::array()}}));
  EXPECT_EQ(data["bytes"], 5 * 3 * 16 * 16);
  const std::string text = run({"--size", "16"}).out;
  EXPECT_THAT(text, HasSubstr("folder, 5 images in 2 classes\n"));
  EXPECT_THAT(text, HasSubstr("train             4        1        3        0  "
                              "16x20 (3), 16x24 (1)\n"));
  EXPECT_THAT(text, HasSubstr("\ndog             2           1\n"));
  EXPECT_THAT(text, HasSubstr("no picture is there twice"));
  EXPECT_THAT(text, HasSubstr("in memory: 3.8 kB\n"));
}

TEST_F(Data, FindsWhatIsThereTwice) {
  write_small();
  const Image single = picture(20, 16, 1, 3);
  Image gray{{3, 20, 16}, {}};
  for (int copy = 0; copy < 3; ++copy) {
    gray.pixels.insert(gray.pixels.end(), single.pixels.begin(), single.pixels.end());
  }
  add("set/train/dog/copy.png", gray);  // the same pixels in another form
  add("set/test/cat/leak.png", picture(20, 16, 3, 1));
  add("set/test/cat/leak2.png", picture(20, 16, 3, 1));
  const json data = json::parse(run({"--json", "--size", "16"}).out)["duplicates"];
  EXPECT_EQ(data["within"], 1);
  EXPECT_EQ(data["across"], 2);
  const auto path = [&](const char* name) { return (temp_ / "set" / name).string(); };
  const auto pair = [&](const char* first, const char* second) {
    return json::array({path(first), path(second)});
  };
  EXPECT_EQ(data["examples"], json::array({pair("train/dog/a.png", "train/dog/copy.png"),
                                           pair("train/cat/a.png", "test/cat/leak.png"),
                                           pair("train/cat/a.png", "test/cat/leak2.png")}));
  EXPECT_THAT(run({"--size", "16"}).out, HasSubstr("1 within a part, 2 in another part"));
}

TEST_F(Data, EndsWithWhatTrainingWouldRefuse) {
  write_small();
  const CommandResult sizes = run({});
  EXPECT_EQ(sizes.code, 3);
  EXPECT_THAT(sizes.out, HasSubstr("in memory: "));
  EXPECT_THAT(sizes.err, HasSubstr("set data.size, as in size: 16"));

  write_bytes(temp_ / "set/train/cat/c.png", "no picture");
  const CommandResult broken = run({"--json", "--size", "16"});
  EXPECT_EQ(broken.code, 3);
  EXPECT_THAT(broken.err, HasSubstr("1 of 5 files cannot be used\n  cat/c.png: "));
  const json data = json::parse(broken.out)["parts"]["train"];
  EXPECT_EQ(data["images"], 4);
  ASSERT_EQ(data["broken"].size(), 1U);
  EXPECT_EQ(data["broken"][0]["file"], (temp_ / "set/train/cat/c.png").string());
  EXPECT_THAT(data["broken"][0]["error"].get<std::string>(), Not(HasSubstr("c.png")));

  write_bytes(temp_ / "skip.yaml",
              "data: {dir: set, size: 16, broken: skip}\nnetwork: [fc: {count: 2}]\n");
  const std::vector<std::string> config = {"--config", (temp_ / "skip.yaml").string()};
  EXPECT_EQ(run_command("cnn-data", config).code, 0);

  fs::remove_all(temp_ / "set/train/cat");
  fs::create_directories(temp_ / "set/train/cat");
  EXPECT_THAT(run({"--size", "16"}).err, HasSubstr("no picture is of the class 'cat'"));
  fs::remove_all(temp_ / "set/train/cat");
  add("set/test/cow/a.png", picture(20, 16, 3, 5));
  const CommandResult test = run({"--size", "16"});  // of no matter to training
  EXPECT_EQ(test.code, 0) << test.err;
  EXPECT_THAT(test.err, HasSubstr("warning: "));
  EXPECT_THAT(test.err, HasSubstr("is of a class that the training part"));
}

TEST_F(Data, WhatIsPackedTrainsTheSameModel) {
  for (std::size_t k = 0; k < 2; ++k) {
    for (int i = 0; i < 9; ++i) {
      for (const std::string part : {"train", "val", "test"}) {
        const int n = i + 10 * static_cast<int>(k) + static_cast<int>(part.size()) * 20;
        add("set/" + part + "/" + (k == 0 ? "b" : "a") + "/" + std::to_string(i) + ".png",
            picture(18 + i, 30 - i, 3, n));
      }
    }
  }
  write_bytes(temp_ / "set/train/a/broken.jpg", "no picture");
  const std::string rest =
      "}\nnetwork: [fc: {count: 2}]\ntraining: {epochs: 3, batch: 4, alpha: 0.05}\n";
  write_bytes(temp_ / "set.yaml",
              "data: {dir: set, size: 12, fit: pad, broken: skip, classes: [b, a]" + rest);
  write_bytes(temp_ / "packed.yaml", "data: {dir: packed" + rest);
  const auto pack = [&] {
    return run_command("cnn-data", {"--config", (temp_ / "set.yaml").string(), "--pack",
                                    (temp_ / "packed").string()});
  };
  const CommandResult packed = pack();
  ASSERT_EQ(packed.code, 0) << packed.err;
  EXPECT_THAT(packed.err, HasSubstr("memory: at most "));
  EXPECT_EQ(slurp(temp_ / "packed/classes.txt"), "b\na\n");
  EXPECT_TRUE(fs::exists(temp_ / "packed/validation-images-idx4-ubyte"));
  const auto tensors = [&](const std::string& name) {
    const fs::path out = temp_ / ("run-" + name);
    const CommandResult trained = run_command(
        "cnn-train", {"--config", (temp_ / (name + ".yaml")).string(), "--out", out.string()});
    EXPECT_EQ(trained.code, 0) << trained.err;
    return read_safetensors(out / "model.safetensors").tensors;
  };
  const auto of_set = tensors("set"), of_packed = tensors("packed");
  ASSERT_EQ(of_set.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(of_set[i].data == of_packed[i].data);
  // The packed set takes the other one's place in the same configuration.
  const fs::path out = temp_ / "run-data";
  const CommandResult by_data =
      run_command("cnn-train", {"--config", (temp_ / "set.yaml").string(), "--data",
                                (temp_ / "packed").string(), "--out", out.string()});
  ASSERT_EQ(by_data.code, 0) << by_data.err;
  EXPECT_TRUE(read_safetensors(out / "model.safetensors").tensors[0].data == of_set[0].data);
  const auto score = [&](const std::string& data) {
    const CommandResult scored = run_command(
        "cnn-eval", {"--model", (temp_ / "run-set/model.safetensors").string(), "--data",
                     (temp_ / data).string(), "--out", (temp_ / "scores").string()});
    EXPECT_EQ(scored.code, 0) << scored.err;
    std::ifstream rows(temp_ / "scores/predictions.csv");
    std::string probabilities;
    for (std::string row; std::getline(rows, row);) {
      probabilities += row.substr(row.rfind(',')) + "\n";
    }
    return probabilities;
  };
  EXPECT_EQ(score("set"), score("packed"));

  // A packed set is replaced as a whole; another folder is not touched, nor a set that looks alike.
  fs::copy(temp_ / "packed", temp_ / "mine");
  fs::remove(temp_ / "mine/.cnn-packed");
  EXPECT_EQ(run_command("cnn-data", {"--config", (temp_ / "set.yaml").string(), "--pack",
                                     (temp_ / "mine").string()})
                .code,
            2);
  fs::remove_all(temp_ / "set/val");
  ASSERT_EQ(pack().code, 0);
  EXPECT_FALSE(fs::exists(temp_ / "packed/validation-images-idx4-ubyte"));
  write_bytes(temp_ / "packed/notes.txt", "mine");
  const CommandResult refused = pack();
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--pack: "));
  std::size_t hidden = 0;
  for (const fs::path& path : list_directory(temp_.path())) {
    hidden += path.filename().string().starts_with(".");
  }
  EXPECT_EQ(hidden, 0U);
  const CommandResult nowhere =
      run_command("cnn-data", {"--config", (temp_ / "packed.yaml").string(), "--pack",
                               (temp_ / "nowhere/packed").string()});
  EXPECT_EQ(nowhere.code, 3);
  EXPECT_FALSE(fs::exists(temp_ / "nowhere"));
}

TEST_F(Data, NamesOfClassesMayBeAsLongAsThoseOfFolders) {
  const std::string longest(255, 'n');
  add("set/" + longest + "/a.png", picture(20, 16, 3, 1));
  add("set/b/a.png", picture(20, 16, 3, 2));
  const CommandResult result = run({});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\n" + longest + "           1\n"));
}

// Thousands of pictures, in one file: packing them takes a while.
void write_long_table(const fs::path& set) {
  fs::create_directories(set);
  write_png(set / "a.png", picture(256, 256, 3, 1));
  std::string table = "file,label\n";
  for (int i = 0; i < 4000; ++i) table += "a.png," + std::to_string(i % 2) + "\n";
  write_bytes(set / "labels.csv", table);
}

// What packing has made there and not yet named.
std::vector<fs::path> hidden_in(const fs::path& directory) {
  std::vector<fs::path> hidden;
  for (const fs::path& path : list_directory(directory)) {
    if (path.filename().string().starts_with(".")) hidden.push_back(path);
  }
  return hidden;
}

class StoppedPacking : public Data, public testing::WithParamInterface<int> {
 protected:
  // Sends the signal when the first images are on their way.
  CommandResult stopped() const {
    write_long_table(temp_ / "set");
    fs::create_directories(temp_ / "out");
    RunningCommand running(
        "cnn-data",
        {(temp_ / "set/labels.csv").string(), "--pack", (temp_ / "out/packed").string()},
        temp_.path());
    const bool packs = running.wait_until([&] {
      for (const fs::path& path : hidden_in(temp_ / "out")) {
        if (fs::exists(path / "train-images-idx4-ubyte")) return true;
      }
      return false;
    });
    EXPECT_TRUE(packs);
    running.send(GetParam());
    return running.wait();
  }
};

TEST_P(StoppedPacking, LeavesNothing) {
  EXPECT_EQ(stopped().code, 128 + GetParam());
  EXPECT_TRUE(fs::is_empty(temp_ / "out"));
}

INSTANTIATE_TEST_SUITE_P(Signals, StoppedPacking, testing::Values(SIGINT, SIGTERM));

class KilledPacking : public StoppedPacking {};

// Only what a dead process left of the same set, which holds no lock.
TEST_P(KilledPacking, IsRemovedByTheNext) {
  EXPECT_EQ(stopped().code, 128 + SIGKILL);
  ASSERT_EQ(hidden_in(temp_ / "out").size(), 1U);
  const fs::path other = temp_ / "out/.other.1-0.tmp", file = temp_ / "out/.packed.1-0.tmp";
  fs::create_directory(other);
  write_bytes(file, "");
  write_small();
  fs::remove(temp_ / "set/labels.csv");
  ASSERT_EQ(run({"--size", "16", "--pack", (temp_ / "out/packed").string()}).code, 0);
  EXPECT_THAT(hidden_in(temp_ / "out"), testing::UnorderedElementsAre(other, file));
}

INSTANTIATE_TEST_SUITE_P(Signals, KilledPacking, testing::Values(SIGKILL));

// Before a picture is looked at: the set is not even there.
TEST_F(Data, RefusesAtOnceToPackWhereNothingCanBePacked) {
  fs::create_directory(temp_ / "real");
  fs::create_directory_symlink(temp_ / "real", temp_ / "link");
  fs::create_directory_symlink(temp_ / "nowhere", temp_ / "dangling");
  write_bytes(temp_ / "file", "mine");
  fs::create_directory(temp_ / "full");
  write_bytes(temp_ / "full/notes.txt", "mine");
  const auto pack = [&](const std::string& name) {
    return run({"--pack", (temp_ / name).string()}, "missing");
  };
  for (const char* const name : {"link", "link/", "dangling", "file", "full"}) {
    const CommandResult refused = pack(name);
    EXPECT_EQ(refused.code, 2) << name;
    EXPECT_THAT(refused.err, Not(HasSubstr("missing"))) << name;
  }
  for (const char* const name : {"nowhere/packed", "file/packed"}) {
    const CommandResult refused = pack(name);
    EXPECT_EQ(refused.code, 3) << name;
    EXPECT_THAT(refused.err, HasSubstr("/packed")) << name;
  }
  EXPECT_TRUE(fs::is_symlink(temp_ / "link"));
  write_small();
  const CommandResult among = run({"--pack", (temp_ / "set/train/packed").string()});
  EXPECT_EQ(among.code, 2);
  EXPECT_THAT(among.err, HasSubstr("among the folders of classes"));
  EXPECT_TRUE(hidden_in(temp_.path()).empty());
}

TEST_F(Data, LooksAtAndPacksEveryFormat) {
  Dataset train = make_pets(6), test = make_pets(2, 3, 7);
  std::string images;
  for (const char* format : {"folder", "idx", "csv", "cifar"}) {
    write_pets(format, temp_ / format, train, test);
    const std::string set = format == std::string("csv") ? "csv/all.csv" : format;
    const CommandResult result =
        run({"--json", "--pack", (temp_ / (std::string(format) + "-packed")).string()}, set);
    ASSERT_EQ(result.code, 0) << result.err;
    const json data = json::parse(result.out);
    EXPECT_EQ(data["format"], format);
    EXPECT_EQ(data["parts"]["train"]["images"], 18);
    EXPECT_EQ(data["parts"]["train"]["per_class"][2], 6);
    EXPECT_EQ(data["parts"]["train"]["sizes"], json::array({json::array({32, 32, 18})}));
    EXPECT_EQ(data["parts"]["train"]["colour"], 18);
    EXPECT_EQ(data["bytes"], 24 * 3 * 32 * 32);
    const std::string packed =
        slurp(temp_ / (std::string(format) + "-packed/train-images-idx4-ubyte"));
    if (images.empty()) images = packed;
    EXPECT_TRUE(packed == images) << format;
  }
  EXPECT_EQ(images.size(), 4U + 16 + 18 * 3 * 32 * 32);
  EXPECT_EQ(slurp(temp_ / "folder-packed/classes.txt"), "Cat\nant\nbee\n");
}

TEST_F(Data, DrawsASheet) {
  write_small();
  const std::string sheet = (temp_ / "sheet.png").string();
  const CommandResult result = run({"--size", "16", "--sheet", sheet});
  ASSERT_EQ(result.code, 0) << result.err;
  const Image image = read_image(sheet);
  // Ten columns and two rows of 48x48 with captions.
  EXPECT_EQ(image.shape, (Shape{3, 2 * (48 + 2 + 9) + 2, 10 * (48 + 2) + 2}));
  // The letters of "cat (2)".
  const auto caption = std::span(image.pixels).subspan(2 * 502, 7 * 502);
  EXPECT_GT(std::ranges::count(caption, 255), 40);
  EXPECT_EQ(run({"--size", "16", "--sheet", sheet}).code, 0);
  write_bytes(temp_ / "notes.txt", "mine");
  const CommandResult refused = run({"--sheet", (temp_ / "notes.txt").string()});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(slurp(temp_ / "notes.txt"), "mine");
}

TEST_F(Data, RefusesWhatIsNoSet) {
  EXPECT_EQ(run_command("cnn-data", {}).code, 2);
  EXPECT_EQ(run({}, "nowhere").code, 3);
  EXPECT_EQ(run({"--size", "0"}).code, 2);
  EXPECT_EQ(run({"--config", "a.yaml"}).code, 2);
  write_pets("cifar", temp_ / "cifar", make_pets(3), make_pets(1));
  const CommandResult arrays = run({"--size", "16"}, "cifar");
  EXPECT_EQ(arrays.code, 2);
  EXPECT_THAT(arrays.err, HasSubstr("are for picture files"));
  fs::create_directories(temp_ / "set");
  EXPECT_EQ(run({}).code, 3);
}

}  // namespace
}  // namespace cnn
