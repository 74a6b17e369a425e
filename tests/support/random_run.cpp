#include "support/random_run.hpp"

#include <algorithm>
#include <initializer_list>

#include "base/file.hpp"
#include "config/option_printer.hpp"
#include "optim/solver_options.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

bool chance(Draw& draw, int one_in) {
  return draw.integer(1, one_in) == 1;
}

std::string one_of(Draw& draw, std::initializer_list<const char*> words) {
  return *(words.begin() + draw.integer(0, static_cast<int>(words.size()) - 1));
}

const std::string& one_of(Draw& draw, const std::vector<std::string>& texts) {
  return texts[static_cast<std::size_t>(draw.integer(0, static_cast<int>(texts.size()) - 1))];
}

std::string pair_text(Size2 size) {
  return "[" + std::to_string(size.height) + ", " + std::to_string(size.width) + "]";
}

// Draws layer after layer, each on the shape of the one before.
class NetworkText {
 public:
  NetworkText(Draw& draw, const Shape& input) : draw_(draw), shape_(input) {}

  std::string draw_network(int classes) {
    const int blocks = draw_.integer(1, 4);
    for (int i = 0; i < blocks; ++i) add_block();
    if (chance(draw_, 2)) {
      add("fc", "count: " + std::to_string(draw_.integer(3, 12)) + weights());
      if (chance(draw_, 2)) add_batch_norm();
      add_activation();
      shape_ = {1, 1, 1};
    }
    add("fc", "count: " + std::to_string(classes) + weights());
    return text_;
  }

 private:
  std::string add(const std::string& type, const std::string& options,
                  const std::string& from = "") {
    const std::string name = type + std::to_string(++layers_);
    text_ += "  - " + type + ": {name: " + name + (options.empty() ? "" : ", " + options) +
             (from.empty() ? "" : ", from: " + from) + "}\n";
    last_ = name;
    return name;
  }

  // Options of a layer with weights, each of them now and then.
  std::string weights() {
    std::string options;
    if (chance(draw_, 4)) options += ", bias: false";
    if (chance(draw_, 4)) options += one_of(draw_, {", alpha: 0.0005", ", alpha: 0"});
    if (chance(draw_, 4)) options += one_of(draw_, {", lambda: 0", ", lambda: 0.01"});
    if (chance(draw_, 3)) {
      options += one_of(draw_, {", init: he", ", init: {type: gaussian, deviation: 0.2}",
                                ", init: {type: constant, value: 0.05}"});
    }
    return options;
  }

  void add_block() {
    switch (draw_.integer(0, 4)) {
      case 0:
        add_convolution();
        if (chance(draw_, 2)) add_batch_norm();
        add_activation();
        break;
      case 1:
        add_pooling();
        break;
      case 2:
        add_residual();
        break;
      case 3:
        add_joined();
        break;
      default:
        add_convolution();
        add("dropout", "rate: " + one_of(draw_, {"0.1", "0.25", "0.5"}));
    }
  }

  void add_batch_norm() {
    add("batch_norm", one_of(draw_, {"", "momentum: 0.5", "momentum: 0.01, epsilon: 0.001",
                                     "alpha: 0", "alpha: 0.0005"}));
  }

  void add_activation() { add(one_of(draw_, {"relu", "sigmoid", "tanh", "leaky_relu"}), ""); }

  Size2 draw_kernel() {
    return {draw_.integer(1, std::min(4, shape_.height)),
            draw_.integer(1, std::min(4, shape_.width))};
  }

  void slide(const naive::Slide& slide) {
    const Size2 output = naive::positions(slide);
    shape_.height = output.height;
    shape_.width = output.width;
  }

  void add_convolution() {
    const int count = draw_.integer(1, 6);
    naive::Slide window{shape_, draw_kernel(), draw_.size2(1, 2), draw_.size2(0, 2)};
    std::string options =
        "count: " + std::to_string(count) + ", kernel: " + pair_text(window.kernel) +
        ", stride: " + pair_text(window.stride) + ", pad: " + pair_text(window.pad);
    if (chance(draw_, 3)) {
      window.dilation = draw_.dilation(window);
      options += ", dilation: " + pair_text(window.dilation);
    }
    if (chance(draw_, 3)) {
      options += ", groups: " + std::to_string(draw_.groups(shape_.channels, count));
    }
    add("conv", options + weights());
    slide(window);
    shape_.channels = count;
  }

  void add_pooling() {
    const std::string type = "type: " + one_of(draw_, {"max", "avg"});
    if (chance(draw_, 6)) {
      add("pool", type + ", global: true");
      shape_.height = shape_.width = 1;
      return;
    }
    const bool ceil = chance(draw_, 3);
    const Size2 kernel = draw_kernel(), stride = draw_.size2(1, 3);
    const Size2 pad = {draw_.integer(0, std::min(1, kernel.height - 1)),
                       draw_.integer(0, std::min(1, kernel.width - 1))};
    add("pool", type + ", kernel: " + pair_text(kernel) + ", stride: " + pair_text(stride) +
                    ", pad: " + pair_text(pad) + (ceil ? ", round: ceil" : ""));
    slide({shape_, kernel, stride, pad, ceil});
  }

  // A convolution that keeps height and width; the layer's name.
  std::string add_same(int count, const std::string& from) {
    const int half = draw_.integer(0, 2);
    return add("conv",
               "count: " + std::to_string(count) + ", kernel: " + std::to_string(2 * half + 1) +
                   ", pad: " + std::to_string(half) + weights(),
               from);
  }

  // The tensor that the next layer reads, and one or two convolutions of it, added.
  void add_residual() {
    const std::string start = last_;
    std::string inputs = start + ", " + add_same(shape_.channels, start);
    if (chance(draw_, 2)) inputs += ", " + add_same(shape_.channels, start);
    add("add", "", "[" + inputs + "]");
  }

  // The same with different numbers of channels, one after the other; now and then a tensor twice.
  void add_joined() {
    const std::string start = last_;
    const int first = draw_.integer(1, 3), second = draw_.integer(1, 3);
    const std::string a = add_same(first, start);
    const std::string b = add_same(second, chance(draw_, 2) ? start : a);
    const bool twice = chance(draw_, 2);
    add("concat", "", "[" + a + ", " + start + ", " + b + (twice ? ", " + a : "") + "]");
    shape_.channels += first + second + (twice ? first : 0);
  }

  Draw& draw_;
  Shape shape_;
  std::string last_ = "input";
  int layers_ = 0;
  std::string text_;
};

std::string draw_schedule(Draw& draw, bool validated) {
  if (validated && chance(draw, 4)) return "{policy: plateau, factor: 0.5, patience: 1}";
  std::string text = one_of(
      draw, {"policy: constant", "policy: step, gamma: 0.5, every: 7",
             "policy: step, gamma: 0.3, every: 1 epoch", "policy: exp, gamma: 0.98",
             "policy: inv, gamma: 0.01, power: 0.75", "policy: poly, power: 2",
             "policy: cosine, final: 0.1", "policy: cosine", "policy: onecycle, peak_at: 0.4"});
  if (chance(draw, 2)) text += one_of(draw, {", warmup: 5", ", warmup: 1 epoch"});
  return "{" + text + "}";
}

struct Length {
  int batch;
  int images;  // of the training set, without validation
  std::string text;
};

std::string draw_augment(Draw& draw) {
  std::string text;
  for (const char* option :
       {"shift: 2", "rotate: 15", "scale: 0.2", "shear: 0.3", "elastic: {sigma: 1.5, alpha: 6}",
        "flip: 0.5", "noise: 8", "erase: {size: 3, probability: 0.3}", "until: 0.6",
        "thickness: 1.5", "brightness: 0.3", "contrast: 0.4", "crop: {area: [0.4, 1]}",
        "fill: edge"}) {
    if (chance(draw, 3)) text += (text.empty() ? "" : ", ") + std::string(option);
  }
  return text;
}

Length draw_length(Draw& draw, int steps) {
  const int epochs = draw.integer(2, 5);
  const int batches = std::max(1, steps / epochs);
  // Now and then larger than a group.
  const int batch = draw.integer(3, chance(draw, 3) ? 70 : 20);
  const int images = (batches - 1) * batch + draw.integer(1, batch);
  const bool in_steps = chance(draw, 3);
  return {batch, images,
          in_steps ? "steps: " + std::to_string(steps) : "epochs: " + std::to_string(epochs)};
}

// The lines of the rule and of its example.
std::string solver_text(const SolverRule& rule) {
  SolverOptions options{.rule = &rule};
  ExampleOptions example(rule.example);
  rule.options(example, options);
  OptionPrinter printer;
  rule.options(printer, options);
  std::string text = "solver: " + std::string(rule.name) + "\n" + printer.block("  ");
  text.pop_back();
  return text;
}

std::string draw_solver(Draw& draw) {
  std::vector<std::string> solvers = {"momentum: 0",
                                      "momentum: 0.5",
                                      "solver: sgd\n  momentum: 0.9",
                                      "solver: nesterov\n  momentum: 0.9",
                                      "solver: adam",
                                      "solver: adam\n  beta1: 0.5\n  beta2: 0.99\n  epsilon: 0.001",
                                      "solver: adamw"};
  // Rules that come later join at the end: what a seed stands for remains until then.
  constexpr std::size_t kNamed = 4;
  for (const SolverRule& rule : solver_rules().subspan(kNamed)) {
    solvers.push_back(solver_text(rule));
  }
  return one_of(draw, solvers);
}

std::string draw_training(Draw& draw, const Length& length, bool validated) {
  // Squares of sums of hundreds of inputs diverge at the learning rates that suit the other loss.
  const bool squares = chance(draw, 3);
  std::string text = squares ? "loss: euclidean\n" : "loss: softmax_cross_entropy\n";
  text += "training:\n  " + length.text + "\n  batch: " + std::to_string(length.batch);
  text += "\n  alpha: ";
  text += squares ? one_of(draw, {"0.001", "0.0003"}) : one_of(draw, {"0.05", "0.02", "0.01"});
  text += "\n  lambda: " + one_of(draw, {"0", "0.0005"});
  text += "\n  " + draw_solver(draw);
  if (chance(draw, 3)) text += "\n  clip: " + one_of(draw, {"0.01", "1"});
  if (chance(draw, 2)) text += "\n  ema: " + one_of(draw, {"0.5", "0.99"});
  if (!squares && chance(draw, 3)) text += "\n  label_smoothing: 0.1";
  if (chance(draw, 3)) text += "\n  class_weights: " + one_of(draw, {"balanced", "{0: 2, 1: 0.5}"});
  if (validated && chance(draw, 3)) text += "\n  patience: " + one_of(draw, {"1", "2"});
  text += "\n  schedule: " + draw_schedule(draw, validated);
  text += "\n  shuffle: " + one_of(draw, {"true", "true", "false"});
  text += "\n  seed: " + std::to_string(draw.integer(0, 1000000)) + "\n";
  return text;
}

}  // namespace

RandomRun draw_run(std::uint32_t seed, int steps) {
  Draw draw(seed);
  const Shape shape{draw.integer(1, 2), draw.integer(5, 12), draw.integer(5, 12)};
  const int classes = draw.integer(2, 6);
  const Length length = draw_length(draw, steps);
  // At least one image of each class is held out where any is.
  const int validation = chance(draw, 3) ? 0 : draw.integer(classes, 60);

  RandomRun run;
  run.train = make_dataset(shape, static_cast<std::size_t>(length.images + validation),
                           static_cast<std::size_t>(classes), seed);
  run.test = make_dataset(shape, static_cast<std::size_t>(draw.integer(1, 100)),
                          static_cast<std::size_t>(classes), seed + 1);
  // One draw a statement: the order of operands is the compiler's choice.
  run.config = "name: random\ndata:\n  dir: data\n  validation: " + std::to_string(validation);
  run.config +=
      "\n  " + one_of(draw, {"normalize: auto", "scale: 0.00390625", "scale: 0.01\n  mean: 90"});
  // From a stream of its own: what else a seed stands for remains.
  Draw of_augment(seed + 1000000);
  if (chance(of_augment, 2)) run.config += "\n  augment: {" + draw_augment(of_augment) + "}";
  run.config += "\nnetwork:\n" + NetworkText(draw, shape).draw_network(classes);
  run.config += draw_training(draw, length, validation > 0);
  run.config += "output: {dir: run, checkpoint_every: ";
  run.config += one_of(draw, {"1 epoch", "3 steps", "7 steps", "never"});
  run.config += ", keep: " + std::to_string(draw.integer(1, 4)) + "}\n";
  return run;
}

std::filesystem::path write_run(const RandomRun& run, const std::filesystem::path& directory) {
  const std::filesystem::path data = directory / "data";
  std::filesystem::create_directories(data);
  write_dataset(data, DataPart::train, run.train, Packing::gzip);
  write_dataset(data, DataPart::test, run.test);
  const std::filesystem::path config = directory / "run.yaml";
  write_file(config, run.config);
  return config;
}

}  // namespace cnn
