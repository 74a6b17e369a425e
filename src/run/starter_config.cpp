#include "run/starter_config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/option_printer.hpp"

namespace cnn {
namespace {

int shorter_side(const Shape& shape) {
  return std::min(shape.height, shape.width);
}

// Strokes on a background, as digits are: what is learnt is their form.
bool is_drawing(const StarterFacts& facts) {
  constexpr int kLargest = 40;
  return facts.shape.channels == 1 && !facts.colours_tell_nothing &&
         std::max(facts.shape.height, facts.shape.width) <= kLargest;
}

// A side that few pictures are smaller than. Small steps cost accuracy, large ones time.
int chosen_side(const PartSurvey& part, std::size_t images) {
  std::vector<int> sides;
  for (const ImageLook& look : part.images) {
    if (look.fault.empty()) sides.push_back(shorter_side(look.shape));
  }
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  std::nth_element(sides.begin(), middle, sides.end());
  constexpr std::size_t kMany = 5000;
  for (const int side : {images > kMany ? 64 : 96, 64, 48}) {
    if (*middle >= side) return side;
  }
  constexpr int kSmallest = 32;
  return kSmallest;
}

// The value that a mean square of `degrees` normal numbers stays below in nine of ten cases, by
// Wilson and Hilferty.
double usual_most(double degrees) {
  constexpr double kNineOfTen = 1.28;
  const double spread = 2 / (9 * degrees);
  return std::pow(1 - spread + kNineOfTen * std::sqrt(spread), 3);
}

// Whether the tints of the classes differ by no more than chance has it: of each the variance
// between classes, per that within them. Then few pictures in colour are learnt by heart.
bool have_colours_by_chance(const PartSurvey& part, std::size_t classes) {
  constexpr std::size_t kFewPerClass = 30;  // too few to tell
  const std::vector<std::size_t> counts = part.per_class(classes);
  if (std::ranges::min(counts) < kFewPerClass) return false;
  const std::vector<std::uint32_t> images = part.usable();
  const auto n = static_cast<double>(images.size()), k = static_cast<double>(classes);
  for (std::size_t tint = 0; tint < ImageLook{}.tints.size(); ++tint) {
    double sum = 0, squares = 0, between = 0;
    std::vector<double> of_class(classes);
    for (const std::uint32_t i : images) {
      const double value = part.images[i].tints.at(tint);
      sum += value;
      squares += value * value;
      of_class[part.images[i].label] += value;
    }
    for (std::size_t c = 0; c < classes; ++c) {
      between += of_class[c] * of_class[c] / static_cast<double>(counts[c]);
    }
    const double within = (squares - between) / (n - k);
    between = (between - sum * sum / n) / (k - 1);
    if (between > usual_most(k - 1) * within) return false;
  }
  return true;
}

// Text of the file, line by line: what is said stands behind what it is said of.
class Lines {
 public:
  void add(const std::string& line, const std::string& comment = "") {
    text_ += line;
    constexpr std::size_t kColumn = 44;
    if (!comment.empty()) {
      text_ += std::string(line.size() < kColumn ? kColumn - line.size() : 2, ' ') + "# " + comment;
    }
    text_ += "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

void add_data(Lines& lines, const StarterFacts& facts) {
  lines.add("data:");
  lines.add("  " + facts.place, "relative to this file");
  if (facts.keeps_pictures) {
    const std::string size = facts.shape.height == facts.shape.width
                                 ? std::to_string(facts.shape.height)
                                 : "[" + std::to_string(facts.shape.height) + ", " +
                                       std::to_string(facts.shape.width) + "]";
    if (facts.has_one_size) {
      lines.add("  # size: " + size, "all pictures have it");
    } else {
      lines.add("  size: " + size, "of the network's images; larger ones take longer");
      lines.add("  fit: crop", "or pad, if what matters stands at the edges");
    }
    if (facts.colours_tell_nothing) {
      lines.add("  colour: gray",
                "the classes have the same colours; rgb, if they do tell something");
    } else if (facts.shape.channels == 1) {
      lines.add("  colour: gray");
    } else {
      lines.add("  colour: rgb", "gray, where colours do not tell the classes apart");
    }
  }
  if (facts.broken > 0) {
    lines.add("  broken: skip",
              counted(facts.broken, "file") + " cannot be used: cnn-data names them");
  }
  lines.add("  normalize: auto", "mean 0, deviation 1 over the training set");
  const std::size_t tenth = facts.images / 10;
  if (facts.has_validation) {
    lines.add("  # validation: the data have such a part");
  } else if (tenth == 0) {
    lines.add("  # validation: a tenth, as soon as there are enough images to hold some out");
  } else {
    lines.add("  validation: " + std::to_string(tenth),
              "images held out, which choose best.safetensors");
  }
  if (!facts.has_test && tenth > 0) {
    lines.add("  # test: " + std::to_string(tenth), "hold some out for cnn-eval, too");
  }
  if (facts.leaked > 0) {
    lines.add("  # " + counted(facts.leaked, "picture") +
              " of other parts stand in the training part, too: cnn-data names them");
  }
}

void add_augmentation(Lines& lines, const StarterFacts& facts) {
  lines.add("  augment:", "cnn-train --preview FILE.png shows it");
  const int side = shorter_side(facts.shape);
  if (is_drawing(facts)) {
    lines.add("    shift: " + std::to_string(std::max(1, side / 14)));
    lines.add("    rotate: 10", "degrees; 0 where the slant tells classes apart");
    lines.add("    scale: 0.1");
    return;
  }
  lines.add("    flip: 0.5",
            "take it out where left and right differ: letters, digits, arrows to one side");
  constexpr int kPhotograph = 48;
  if (side < kPhotograph) {
    lines.add("    shift: " + std::to_string(std::max(1, side / 8)));
    return;
  }
  lines.add("    crop: {area: [0.5, 1]}", "a part of the picture, scaled to the whole");
  lines.add("    brightness: 0.2");
  lines.add("    contrast: 0.2");
}

// How often the image is halved until 4 to 7 rows or columns are left.
int halvings(int side) {
  int count = 0;
  while (side >= 8) {
    side /= 2;
    ++count;
  }
  return count;
}

void add_convolution(Lines& lines, const std::string& name, int count, const std::string& more,
                     const std::string& comment = "") {
  lines.add("  - conv: {name: " + name + ", count: " + std::to_string(count) +
                ", kernel: 3, pad: 1" + more + ", init: he, bias: false}",
            comment);
}

// Two convolutions whose result is added to what they were given.
void add_residual(Lines& lines, int stage, int count, const std::string& input) {
  const std::string name = "res" + std::to_string(stage);
  add_convolution(lines, name + "a", count, "");
  lines.add("  - batch_norm");
  lines.add("  - relu");
  add_convolution(lines, name + "b", count, "");
  lines.add("  - batch_norm: {name: " + name + "}");
  lines.add("  - add: {from: [" + name + ", " + input + "]}");
  lines.add("  - relu");
}

void add_network(Lines& lines, const StarterFacts& facts) {
  lines.add("network:", "its input, " + to_string(facts.shape) + ", comes from the data");
  const bool drawing = is_drawing(facts);
  int side = shorter_side(facts.shape);
  constexpr int kLarge = 48;
  const bool strides = side >= kLarge;
  add_convolution(lines, "conv1", drawing ? 16 : 32, strides ? ", stride: 2" : "",
                  strides ? "half the rows and columns" : "batch_norm has a bias");
  lines.add("  - batch_norm");
  lines.add("  - relu");
  if (strides) side = (side + 1) / 2;
  const int stages = halvings(side);
  constexpr std::array<int, 4> kDrawing = {32, 64, 64, 64}, kPicture = {64, 128, 128, 128};
  for (int stage = 1; stage <= stages; ++stage) {
    const auto place = std::min<std::size_t>(static_cast<std::size_t>(stage - 1), 3);
    const int count = (drawing ? kDrawing : kPicture).at(place);
    const std::string output = "stage" + std::to_string(stage);
    add_convolution(lines, "conv" + std::to_string(stage + 1), count, "");
    lines.add("  - pool: {type: max, kernel: 2}");
    lines.add("  - batch_norm");
    lines.add("  - relu: {name: " + output + "}");
    if (!drawing && (stage == 1 || stage == stages)) add_residual(lines, stage, count, output);
  }
  if (drawing) {
    lines.add("  - fc: {name: fc1, count: 128, init: he, bias: false}");
    lines.add("  - batch_norm");
    lines.add("  - relu");
  } else {
    lines.add("  - pool: {type: avg, global: true}", "one value per channel");
  }
  lines.add("  - dropout: {rate: 0.2}");
  lines.add("  - fc: {name: classes, count: " + std::to_string(facts.classes) + "}",
            "one value per class");
}

void add_training(Lines& lines, const StarterFacts& facts) {
  constexpr std::size_t kFew = 4000, kSeen = 120'000;
  const std::size_t batch = facts.images < kFew ? 32 : 128;
  const std::size_t epochs =
      std::clamp<std::size_t>(kSeen / std::max<std::size_t>(facts.images, 1), 10, 60);
  const double steps =
      std::max(10.0, std::ceil(static_cast<double>(facts.images) / static_cast<double>(batch)));
  lines.add("training:");
  lines.add("  epochs: " + std::to_string(epochs), "more of them: longer, and better");
  lines.add("  batch: " + std::to_string(batch), "images per step");
  lines.add("  solver: nesterov");
  lines.add(std::string("  alpha: ") + (batch == 32 ? "0.03" : "0.1"),
            "learning rate, at the peak of the schedule");
  lines.add("  lambda: 0.0005", "weight decay");
  lines.add("  momentum: 0.9");
  lines.add("  ema: " + rounded_text(std::min(0.999, 1 - 1 / steps)),
            "the model is an average over the last epoch or so");
  lines.add("  label_smoothing: 0.1");
  constexpr double kUneven = 3;
  if (facts.imbalance > kUneven) {
    lines.add("  # class_weights: balanced", "the largest class has " +
                                                 rounded_text(facts.imbalance) +
                                                 " times as many images as the smallest");
  }
  lines.add("  schedule: {policy: onecycle, peak_at: 0.2, start: 0.1, final: 0.001}");
}

}  // namespace

StarterFacts starter_facts(const DataConfig& config, const DataSurvey& survey) {
  const PartSurvey& part = survey.main();
  StarterFacts facts;
  facts.classes = survey.classes.size();
  facts.images = part.usable().size();
  if (facts.classes < 2) {
    throw file_error(config.source.open(part.part)->describe(),
                     "holds one class only; there is nothing to tell apart");
  }
  const auto sizes = part.sizes();
  facts.keeps_pictures = config.source.keeps_pictures();
  facts.shape = image_shape(settled(config, survey), survey);
  constexpr int kLargest = 128;
  const PartSurvey* const validation = survey.find(DataPart::validation);
  facts.has_one_size = sizes.size() == 1 &&
                       (validation == nullptr || validation->sizes() == sizes) &&
                       std::max(facts.shape.height, facts.shape.width) <= kLargest;
  if (facts.keeps_pictures && !facts.has_one_size) {
    facts.shape.height = facts.shape.width = chosen_side(part, facts.images);
  }
  if (facts.keeps_pictures && facts.shape.channels == 3 &&
      have_colours_by_chance(part, facts.classes)) {
    facts.colours_tell_nothing = true;
    facts.shape.channels = 1;
  }
  facts.has_validation = survey.find(DataPart::validation) != nullptr;
  facts.has_test = survey.find(DataPart::test) != nullptr;
  for (const PartSurvey& each : survey.parts) {
    if (each.part != DataPart::test) facts.broken += each.images.size() - each.usable().size();
  }
  facts.leaked = find_duplicates(survey).leaked;
  const std::vector<std::size_t> counts = part.per_class(facts.classes);
  const auto [fewest, most] = std::ranges::minmax(counts);
  facts.imbalance =
      static_cast<double>(most) / static_cast<double>(std::max<std::size_t>(fewest, 1));
  return facts;
}

std::string starter_config(const StarterFacts& facts) {
  Lines lines;
  lines.add("# " + counted(facts.images, "image") + " of " + std::to_string(facts.classes) +
            " classes to train on. cnn-train --help says what to do with it.");
  lines.add("name: " + yaml_text(facts.name), "of the run");
  add_data(lines, facts);
  add_augmentation(lines, facts);
  add_network(lines, facts);
  lines.add("loss: softmax_cross_entropy");
  add_training(lines, facts);
  lines.add("output: {dir: runs/" + facts.name + "}", "relative to this file");
  return lines.text();
}

}  // namespace cnn
