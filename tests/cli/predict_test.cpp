// cnn-predict as users run it: what it says of pictures of every kind, and of files that are none.

#include <algorithm>
#include <optional>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/dataset.hpp"
#include "cnn/image.hpp"

#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/samples.hpp"

namespace cnn {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

Image sheet(int height, int width, std::uint8_t paper, int channels = 1) {
  const Shape shape{channels, height, width};
  return {shape, std::vector<std::uint8_t>(shape.size(), paper)};
}

void fill(Image& image, const Box& box, std::uint8_t level) {
  for (int y = box.top; y < box.top + box.height; ++y) {
    for (int x = box.left; x < box.left + box.width; ++x) {
      image.pixels[static_cast<std::size_t>(y * image.shape.width + x)] = level;
    }
  }
}

// A 7 without slant that fills the box.
void draw_seven(Image& image, const Box& box, std::uint8_t ink) {
  const int pen = std::max(2, box.width / 5);
  fill(image, {box.left, box.top, box.width, pen}, ink);
  fill(image, {box.left + box.width - pen, box.top, pen, box.height}, ink);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// What is in "box" lies in the picture of that size.
void expect_inside(const json& box, int height, int width) {
  ASSERT_EQ(box.size(), 4U) << box;
  const int left = box[0], top = box[1], box_width = box[2], box_height = box[3];
  EXPECT_GE(left, 0);
  EXPECT_GE(top, 0);
  EXPECT_GE(box_width, 1);
  EXPECT_GE(box_height, 1);
  EXPECT_LE(left + box_width, width);
  EXPECT_LE(top + box_height, height);
}

// `box` to `tolerance` pixels at each edge.
void expect_box(const json& box, const Box& right, int tolerance) {
  ASSERT_EQ(box.size(), 4U) << box;
  EXPECT_NEAR(box[0].get<int>(), right.left, tolerance) << box;
  EXPECT_NEAR(box[1].get<int>(), right.top, tolerance) << box;
  EXPECT_NEAR(box[2].get<int>(), right.width, 2 * tolerance) << box;
  EXPECT_NEAR(box[3].get<int>(), right.height, 2 * tolerance) << box;
}

// One model for all tests that do not ask for right answers: it knows what the digits look like.
class Predict : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    temp_ = new TempDir;
    ASSERT_EQ(train(*temp_ / "run", {"--set", "training.steps=1"}).code, 0);
  }
  static void TearDownTestSuite() { delete temp_; }

  static std::string file(const std::string& name) { return (*temp_ / name).string(); }
  static std::string model() { return file("run/model.safetensors"); }

  static std::string write(const std::string& name, const Image& image) {
    write_png(file(name), image);
    return file(name);
  }
  // A 7 of 60x100 on white paper of 200x150, `left` pixels from the left.
  static std::string seven(const std::string& name, int left) {
    Image image = sheet(150, 200, 255);
    draw_seven(image, {left, 20, 60, 100}, 0);
    return write(name, image);
  }

  static CommandResult run(std::vector<std::string> arguments, const std::string& of = model()) {
    arguments.insert(arguments.begin(), {"--quiet", "--model", of});
    return run_command("cnn-predict", arguments);
  }
  // The array of --json; every file is one that can be read.
  static json read(std::vector<std::string> arguments, const std::string& of = model()) {
    arguments.push_back("--json");
    const CommandResult result = run(arguments, of);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    return json::parse(result.out);
  }

  static TempDir* temp_;
};
TempDir* Predict::temp_ = nullptr;

TEST_F(Predict, NamesWhatIsWrong) {
  const CommandResult missing = run({"none.png"});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("none.png"));
  const CommandResult other = run({digits_config()});
  EXPECT_EQ(other.code, 3);
  EXPECT_THAT(other.err, HasSubstr("not a PNG"));
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({"--top", "0", "x.png"}).code, 2);
  const CommandResult prepare = run({"--prepare", "yes", "x.png"});
  EXPECT_EQ(prepare.code, 2);
  EXPECT_THAT(prepare.err, HasSubstr("--prepare"));
  const CommandResult show = run({"--show", "--json", "x.png"});
  EXPECT_EQ(show.code, 2);
  EXPECT_THAT(show.err, HasSubstr("--json"));
}

TEST_F(Predict, AnUnreadableFileCostsItsLineAndNotTheOthers) {
  const std::vector<std::string> good = {seven("a.png", 10), seven("b.png", 80),
                                         write("c.png", sheet(40, 50, 200))};
  write_file(file("cut.png"), slurp(good[0]).substr(0, 60));
  write_file(file("empty.png"), "");
  for (const std::string& bad :
       {file("cut.png"), file("empty.png"), file("none.png"), digits_config(), file("run")}) {
    SCOPED_TRACE(bad);
    for (const char* form : {"--json", "--show"}) {
      std::vector<std::string> arguments = good;
      arguments.push_back(form);
      const CommandResult right = run(arguments);
      ASSERT_EQ(right.code, 0) << right.err;
      for (int place = 0; place <= 3; ++place) {
        std::vector<std::string> mixed = arguments;
        mixed.insert(mixed.begin() + place, bad);
        const CommandResult result = run(mixed);
        EXPECT_EQ(result.code, 3);
        EXPECT_EQ(result.out, right.out) << "at " << place;
        EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
        EXPECT_TRUE(result.err.starts_with(bad + ": error: ")) << result.err;
      }
    }
  }
}

TEST_F(Predict, ThreeUnreadableFilesAreThreeLinesAndNoAnswer) {
  const std::vector<std::string> bad = {file("none.png"), file("run"), file("neither.png")};
  std::vector<std::string> arguments = bad;
  const CommandResult text = run(arguments);
  EXPECT_EQ(text.code, 3);
  EXPECT_EQ(text.out, "");
  const std::vector<std::string> lines = lines_of(text.err);
  ASSERT_EQ(lines.size(), bad.size()) << text.err;
  for (std::size_t i = 0; i < bad.size(); ++i) EXPECT_THAT(lines[i], HasSubstr(bad[i]));
  arguments.push_back("--json");
  const CommandResult as_json = run(arguments);
  EXPECT_EQ(as_json.code, 3);
  EXPECT_EQ(json::parse(as_json.out), json::array());
  EXPECT_EQ(as_json.err, text.err);
}

TEST_F(Predict, ABlankSheetHasNoClass) {
  struct Sheet {
    int height, width;
    std::uint8_t paper;
  };
  for (const auto& [height, width, paper] :
       {Sheet{28, 28, 255}, Sheet{28, 28, 0}, Sheet{1, 1, 255}, Sheet{3, 200, 90},
        Sheet{150, 100, 128}, Sheet{2000, 1500, 250}}) {
    SCOPED_TRACE(testing::Message() << width << "x" << height << " of " << int{paper});
    const std::string path = write("blank.png", sheet(height, width, paper));
    for (const char* invert : {"auto", "yes", "no"}) {
      const json entry = read({"--invert", invert, path})[0];
      EXPECT_EQ(entry["blank"], true);
      EXPECT_TRUE(entry["class"].is_null());
      EXPECT_TRUE(entry["probability"].is_null());
      EXPECT_EQ(entry["top"], json::array());
      EXPECT_EQ(entry["marks"], 0);
      EXPECT_TRUE(entry["box"].is_null());
    }
    const CommandResult text = run({path});
    EXPECT_EQ(text.code, 0) << text.err;
    const std::vector<std::string> lines = lines_of(text.out);
    ASSERT_EQ(lines.size(), 2U) << text.out;
    EXPECT_THAT(lines[0], HasSubstr("nothing is drawn on it"));
    EXPECT_EQ(lines[1], "  nothing to read");
  }
}

TEST_F(Predict, ABlankSheetAmongOthersLeavesThemTheirAnswers) {
  const std::string path = seven("a.png", 10), blank = write("blank.png", sheet(60, 60, 255));
  const json alone = read({path})[0];
  const json all = read({path, blank, path});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], alone);
  EXPECT_EQ(all[1]["blank"], true);
  EXPECT_EQ(all[2], alone);
  EXPECT_EQ(alone["blank"], false);
}

TEST_F(Predict, OfTwoDigitsTheLargerIsReadAndItsBoxGiven) {
  for (const bool light_on_dark : {false, true}) {
    const std::uint8_t paper = light_on_dark ? 0 : 255, ink = light_on_dark ? 255 : 0;
    for (const auto& [large, small] : {std::pair{30, 170}, std::pair{150, 40}}) {
      Image image = sheet(160, 260, paper);
      const Box box{large, 30, 60, 100};
      draw_seven(image, box, ink);
      draw_seven(image, {small, 50, 40, 60}, ink);
      const std::string path = write("two.png", image);
      const json entry = read({path})[0];
      EXPECT_EQ(entry["blank"], false);
      EXPECT_EQ(entry["marks"], 2);
      expect_box(entry["box"], box, 1);
      EXPECT_EQ(entry["inverted"], !light_on_dark);
      EXPECT_THAT(run({path}).out, HasSubstr("of 2 separate marks that of "));
    }
  }
}

TEST_F(Predict, TheBoxIsOfTheDigitInThePictureAsItWas) {
  for (const int left : {10, 70, 130}) {
    const json entry = read({seven("a.png", left)})[0];
    EXPECT_EQ(entry["marks"], 1);
    expect_box(entry["box"], {left, 20, 60, 100}, 1);
    EXPECT_EQ(entry["resized_from"], json::array({150, 200}));
  }
  // A picture that is used as it is has one, too.
  const Dataset dataset = read_dataset(CNN_DIGITS_DIR, DataPart::test);
  const auto pixels = dataset.image(0);
  const json entry = read({write("own.png", {dataset.shape, {pixels.begin(), pixels.end()}})})[0];
  EXPECT_EQ(entry["marks"], 1);
  expect_inside(entry["box"], 28, 28);
}

// A network of colour, or of pictures that are no centred drawings, looks for none.
TEST_F(Predict, MarksAndBoxAreNullForOtherSets) {
  for (const int channels : {1, 3}) {
    const std::filesystem::path folder = file("set-" + std::to_string(channels));
    std::filesystem::create_directory(folder);
    for (const DataPart part : {DataPart::train, DataPart::test}) {
      write_dataset(folder, part, make_dataset({channels, 8, 8}, 24, 4));
    }
    write_file(folder / "set.yaml",
               "name: set\ndata: {dir: .}\nnetwork: [fc: {name: fc1, count: 4}]\n"
               "training: {steps: 2, batch: 8}\noutput: {dir: run}\n");
    ASSERT_EQ(
        run_command("cnn-train", {"--config", (folder / "set.yaml").string(), "--quiet"}).code, 0);
    const std::string of = (folder / "run" / "model.safetensors").string();
    for (const Image& image : {sheet(8, 8, 255), sheet(60, 50, 0), sheet(60, 50, 9, 3)}) {
      const json entry = read({write("other.png", image)}, of)[0];
      EXPECT_TRUE(entry["marks"].is_null());
      EXPECT_TRUE(entry["box"].is_null());
      EXPECT_EQ(entry["blank"], false);
      EXPECT_EQ(entry["top"].size(), 3U);
      EXPECT_EQ(entry["class"], entry["top"][0]["class"]);
    }
  }
}

TEST_F(Predict, PrepareNoLeavesAPictureOfTheNetworksSizeAsItStands) {
  Image image = sheet(28, 28, 230);
  draw_seven(image, {1, 2, 9, 14}, 40);
  const std::string path = write("corner.png", image);
  EXPECT_THAT(run({path}).out, HasSubstr("inverted (dark on light), digit centred in 28x28"));
  EXPECT_THAT(run({"--prepare", "no", path}).out, HasSubstr("corner.png: used as it is"));
  const json entry = read({"--prepare", "no", path})[0];
  EXPECT_EQ(entry["inverted"], false);
  EXPECT_EQ(entry["blank"], false);
  EXPECT_TRUE(entry["marks"].is_null());
  EXPECT_TRUE(entry["box"].is_null());
  EXPECT_TRUE(entry["resized_from"].is_null());
  EXPECT_EQ(read({"--prepare", "no", "--invert", "yes", path})[0]["inverted"], true);
  // Nothing is looked for, so that nothing can be missed.
  EXPECT_EQ(read({"--prepare", "no", write("blank.png", sheet(28, 28, 255))})[0]["blank"], false);
  // One of another size cannot stay as it is.
  const std::string large = seven("a.png", 10);
  EXPECT_EQ(read({"--prepare", "no", large}), read({large}));
}

TEST_F(Predict, FoldersAndListsNameFiles) {
  std::filesystem::create_directories(file("many/b"));
  for (const char* name : {"many/2.png", "many/b/1.png", "many/b/.hidden.png"}) seven(name, 30);
  write_bytes(file("many/notes.txt"), "text");
  write_bytes(file("many/a.png"), "\x89PNG\r\n\x1a\n, and no more");
  const std::string single = seven("one.png", 50);
  write_bytes(file("list.txt"), single + "\r\n\n" + file("many/b") + "\n");

  const CommandResult folder = run({"--jsonl", file("many"), "@" + file("list.txt")});
  EXPECT_EQ(folder.code, 3);
  EXPECT_THAT(folder.err, HasSubstr("note: 1 file that is no picture passed over\n"));
  EXPECT_THAT(folder.err, HasSubstr("a.png: error: "));
  std::vector<std::string> files;
  for (const std::string& line : lines_of(folder.out)) files.push_back(json::parse(line)["file"]);
  EXPECT_THAT(files, testing::ElementsAre(file("many/2.png"), file("many/b/1.png"), single,
                                          file("many/b/1.png")));
  EXPECT_EQ(run({"@" + file("none.txt")}).code, 3);
  EXPECT_EQ(run({"--json", file("many/b/none")}).out, "[]\n");
}

// A picture or an archive given as a list is one line without an end.
TEST_F(Predict, AListOfNoFilesCostsItsOwnLines) {
  const std::string single = seven("one.png", 50);
  write_bytes(file("list.txt"), std::string(5000, '/') + "\n" + single + "\n");
  const CommandResult result = run({"--jsonl", "@" + file("list.txt")});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(lines_of(result.out).size(), 1U);
  EXPECT_THAT(result.err,
              HasSubstr("a name of 5000 bytes, the longest path has 4095; is this a list"));
  EXPECT_LT(result.err.size(), 300U);
}

TEST_F(Predict, AllFormatsGiveTheSameAnswers) {
  const std::vector<std::string> files = {
      seven("a.png", 10), write("blank.png", sheet(40, 40, 255)), seven("b,c.png", 80)};
  const auto with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), files.begin(), files.end());
    const CommandResult result = run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  };
  const json all = json::parse(with({"--json", "--all"}));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["top"].size(), 10U);
  EXPECT_EQ(all[1]["top"].size(), 0U);
  const std::vector<std::string> objects = lines_of(with({"--jsonl", "--all"}));
  ASSERT_EQ(objects.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(json::parse(objects[i]), all[i]);

  const std::vector<std::string> rows = lines_of(with({"--csv", "--all"}));
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0], "file,class,probability,p_0,p_1,p_2,p_3,p_4,p_5,p_6,p_7,p_8,p_9");
  EXPECT_EQ(rows[2], file("blank.png") + ",,,,,,,,,,,,");
  EXPECT_TRUE(rows[3].starts_with('"' + file("b,c.png") + '"' + ",")) << rows[3];
  std::istringstream cells(rows[1].substr(rows[1].find(',') + 1));
  std::string cell;
  std::getline(cells, cell, ',');
  EXPECT_EQ(cell, all[0]["class"].get<std::string>());
  std::getline(cells, cell, ',');
  EXPECT_EQ(std::stod(cell), all[0]["probability"].get<double>());
  for (int k = 0; k < 10; ++k) {
    std::getline(cells, cell, ',');
    for (const json& entry : all[0]["top"]) {
      if (entry["class"] == std::to_string(k)) {
        EXPECT_EQ(std::stod(cell), entry["probability"].get<double>());
      }
    }
  }
  EXPECT_EQ(run({"--csv", "--json", files[0]}).code, 2);
  EXPECT_EQ(run({"--all", "--top", "2", files[0]}).code, 2);
}

TEST_F(Predict, ManyPicturesHaveTheAnswersOfEach) {
  std::vector<std::string> files;
  for (int i = 0; i < 150; ++i) files.push_back(seven("m" + std::to_string(i) + ".png", i % 100));
  const json many = read(files);
  ASSERT_EQ(many.size(), files.size());
  for (const std::size_t i : {0U, 63U, 64U, 149U}) {
    EXPECT_EQ(read({files[i]})[0], many[i]);
  }
}

TEST_F(Predict, TopCutsTheListAndChangesNothingElse) {
  const std::string path = seven("a.png", 10);
  const json all = read({"--top", "10", path})[0];
  ASSERT_EQ(all["top"].size(), 10U);
  for (const int top : {1, 3, 200}) {
    json entry = read({"--top", std::to_string(top), path})[0];
    const std::size_t listed = std::min<std::size_t>(static_cast<std::size_t>(top), 10);
    ASSERT_EQ(entry["top"].size(), listed);
    for (std::size_t k = 0; k < listed; ++k) EXPECT_EQ(entry["top"][k], all["top"][k]);
    entry["top"] = all["top"];
    EXPECT_EQ(entry, all);
    EXPECT_EQ(lines_of(run({"--top", std::to_string(top), path}).out).size(), 1 + listed);
  }
}

// --show for 28x28: two rows of pixels in a line, each half 28 characters wide.
TEST_F(Predict, ShowDrawsThePictureAndWhatTheNetworkSeesBesideIt) {
  const Dataset dataset = read_dataset(CNN_DIGITS_DIR, DataPart::test);
  const auto pixels = dataset.image(0);
  Image corner = sheet(28, 28, 255);
  draw_seven(corner, {1, 2, 9, 14}, 0);
  const std::string own = write("own.png", {dataset.shape, {pixels.begin(), pixels.end()}});
  for (const std::string& path : {own, write("corner.png", corner)}) {
    const CommandResult result = run({"--show", "--top", "2", path});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, Not(HasSubstr("\033")));
    const std::vector<std::string> lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 1U + 1 + 14 + 2) << result.out;
    EXPECT_EQ(lines[1], "  the picture" + std::string(20, ' ') + "what the network sees");
    std::string before, after;
    for (std::size_t i = 2; i < 16; ++i) {
      ASSERT_EQ(lines[i].size(), 2U + 28 + 3 + 28) << lines[i];
      before += lines[i].substr(2, 28);
      after += lines[i].substr(33, 28);
    }
    EXPECT_EQ(before == after, path == own) << result.out;
    EXPECT_EQ(after[0], ' ') << "the network sees light on dark";
    EXPECT_THAT(after, HasSubstr("@"));
    EXPECT_EQ(before[0], path == own ? ' ' : '@');
  }
}

TEST_F(Predict, ShowMakesALargePictureSmall) {
  const std::vector<std::string> lines =
      lines_of(run({"--show", "--top", "1", seven("a.png", 10)}).out);
  // 200x150 becomes 37x28.
  ASSERT_EQ(lines.size(), 1U + 1 + 14 + 1);
  for (std::size_t i = 2; i < 16; ++i) EXPECT_EQ(lines[i].size(), 2U + 37 + 3 + 28) << lines[i];
  // A sheet 400 wide and 2 high becomes one row.
  const std::string flat = write("flat.png", sheet(2, 400, 255));
  EXPECT_EQ(lines_of(run({"--show", flat}).out).size(), 1U + 1 + 14 + 1);
}

// Terminals are 80 characters wide.
TEST_F(Predict, ShowOfAWidePictureFitsOnATerminal) {
  for (const int height : {60, 100, 200}) {
    Image image = sheet(height, 200, 255);
    draw_seven(image, {100, 10, 30, 45}, 0);
    const std::vector<std::string> lines =
        lines_of(run({"--show", "--top", "1", write("wide.png", image)}).out);
    ASSERT_GT(lines.size(), 2U);
    for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_LE(lines[i].size(), 80U) << lines[i];
  }
}

TEST_F(Predict, DarkInkIsToldFromLightOnEverySample) {
  const std::vector<std::string> light = {"0-light-frame.png", "3-white-on-transparency.png",
                                          "4-as-in-mnist.png", "5-white-on-black.png"};
  for (const json& prediction : read(sample_pictures())) {
    const std::string name = sample_name(prediction);
    if (name.starts_with("blank-")) continue;
    EXPECT_EQ(prediction["inverted"], std::find(light.begin(), light.end(), name) == light.end())
        << name;
  }
}

// Few steps are enough for most of them.
TEST_F(Predict, ReadsTheSamples) {
  ASSERT_EQ(train(file("samples"), {"--set", "training.steps=120"}).code, 0);
  std::vector<std::string> samples = sample_pictures();
  const json predictions = read(samples, file("samples/model.safetensors"));
  ASSERT_EQ(predictions.size(), samples.size());
  ASSERT_EQ(samples.size(), 24U);
  std::size_t right = 0;
  for (const json& prediction : predictions) {
    const std::string name = sample_name(prediction);
    SCOPED_TRACE(name);
    right += is_right(prediction) ? 1 : 0;
    EXPECT_EQ(prediction["blank"], name.starts_with("blank-"));
    if (name.starts_with("blank-")) continue;
    EXPECT_EQ(prediction["marks"], name == "4-beside-a-7.png" ? 2 : 1);
    const Shape shape = read_image(prediction["file"].get<std::string>()).shape;
    expect_inside(prediction["box"], shape.height, shape.width);
  }
  // 23 where this was written; the bound leaves room for another BLAS kernel's roundings.
  EXPECT_GE(right, 21U) << misread_samples(predictions);
}

}  // namespace
}  // namespace cnn
