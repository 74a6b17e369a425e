// What the scripts of this folder compare runtimes with: probe FOLDER writes models as ONNX, each
// in three forms, with pixels and what the library makes of them: the files of configs/, the
// contract example of every layer, and 200 networks drawn at random.
//
// For each NAME: NAME.onnx (uint8, any batch, logits), NAME-float.onnx (float, one image per call,
// logits), NAME-raw.onnx, NAME.pixels (n·C·H·W bytes), NAME.probabilities and NAME.logits (n·K
// floats). cases.json is the list: [{"name", "images", "shape", "classes"}, …].

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cnn/error.hpp"

#include "data/preprocessing.hpp"
#include "formats/onnx/writer.hpp"
#include "infer/inference.hpp"
#include "nn/loss.hpp"
#include "nn/registry.hpp"
#include "run/onnx_export.hpp"
#include "support/draw.hpp"
#include "support/random_run.hpp"

namespace {

using namespace cnn;
namespace fs = std::filesystem;

constexpr std::size_t kImages = 3;

template <typename T>
void write_numbers(const fs::path& path, const std::vector<T>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
}

// Weights and statistics as training would leave them.
void draw_values(Network& network, Draw& draw) {
  network.initialise(1);
  for (const Parameter& p : network.parameters()) {
    if (p.kind == ParameterKind::weight) continue;
    draw.reals(network.value(p), 0.5);
    const bool is_mean = p.name.ends_with(".running_mean");
    if (p.kind == ParameterKind::bias || is_mean) continue;
    for (Real& value : network.value(p)) value += 1;
  }
}

// `normalize` gives each channel numbers of its own.
Preprocessing draw_preprocessing(const RunConfig& config, int channels, Draw& draw) {
  Preprocessing result;
  for (int c = 0; c < channels; ++c) {
    const bool own = config.data.normalize;
    result.mean.push_back(own ? draw.real(20, 150) : config.data.mean);
    result.scale.push_back(own ? 1 / draw.real(30, 90) : config.data.scale);
  }
  return result;
}

class Probe {
 public:
  explicit Probe(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& name, const RunConfig& config, const Shape& input) {
    Draw draw(static_cast<std::uint32_t>(count_));
    Preprocessing preprocessing = draw_preprocessing(config, input.channels, draw);
    Network network(input, config.network);
    Model model{{config, input, {}, std::move(preprocessing), {}}, std::move(network), ""};
    draw_values(model.network, draw);
    const std::size_t classes = model.network.output().size();
    model.info.classes = class_names(config.data.classes, classes);
    for (const bool raw : {false, true}) {
      write(model, name + (raw ? "-raw" : ""), {.raw = raw, .logits = !raw});
    }
    write(model, name + "-float", {.bytes = false, .logits = true, .batch = 1});

    std::vector<std::uint8_t> pixels(kImages * input.size());
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(draw.integer(0, 255));
    std::vector<float> logits(kImages * classes);
    std::vector<float> probabilities;
    Workers workers(1);
    const PixelTable table(model.info.preprocessing, input);
    Inference(model.network, table, workers)
        .run(
            kImages,
            [&](std::size_t i) {
              return std::span(pixels).subspan(i * input.size(), input.size());
            },
            [&](std::size_t i, CView outputs) {
              std::copy(outputs.begin(), outputs.end(), &logits[i * classes]);
            });
    std::vector<double> shares(classes);
    for (std::size_t i = 0; i < kImages; ++i) {
      class_probabilities(config.loss, CView(logits).subspan(i * classes, classes), shares);
      probabilities.insert(probabilities.end(), shares.begin(), shares.end());
    }
    write_numbers(folder_ / (name + ".pixels"), pixels);
    write_numbers(folder_ / (name + ".logits"), logits);
    write_numbers(folder_ / (name + ".probabilities"), probabilities);
    list_ += std::string(count_++ == 0 ? "" : ",\n ") + "{\"name\": \"" + name +
             "\", \"images\": " + std::to_string(kImages) +
             ", \"shape\": " + to_string(Dims{input.channels, input.height, input.width}) +
             ", \"classes\": " + std::to_string(classes) + "}";
  }

  void finish() const { std::ofstream(folder_ / "cases.json") << "[" << list_ << "]\n"; }

 private:
  void write(const Model& model, const std::string& name, const OnnxOptions& options) const {
    onnx::write_model(folder_ / (name + ".onnx"), export_onnx(model, options).graph);
  }

  fs::path folder_;
  std::string list_;
  std::size_t count_ = 0;
};

void add_configs(Probe& probe) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(CNN_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    probe.add("config-" + file.stem().string(), load_config(file, {}).config, {1, 28, 28});
  }
}

// The example between layers that nothing is folded into, on maps and on vectors. The second input
// of a layer of two is a map in either.
void add_examples(Probe& probe) {
  for (const LayerEntry& entry : layer_entries()) {
    const bool is_joint = entry.example_inputs > 1;
    const std::string type(entry.type);
    std::string options = is_joint ? "{from: [a, b]" : "{name: x";
    if (entry.example != "{}") options += ", " + std::string(entry.example.substr(1));
    if (options.back() != '}') options += "}";
    const auto add = [&](const char* kind, const std::string& first, const std::string& second,
                         const Shape& input) {
      const std::string text = "data: {dir: d, normalize: auto}\nnetwork:\n" + first +
                               "  - tanh: {name: a}\n" + (is_joint ? second : "") + "  - " + type +
                               ": " + options + "\n  - sigmoid\n  - fc: {count: 5}\n";
      probe.add("example-" + type + "-" + kind, parse_config("example", text), input);
    };
    add("maps", "  - conv: {count: 3, kernel: 3}\n", "  - conv: {name: b, count: 3, kernel: 1}\n",
        {3, 11, 10});
    // Windows of several pixels do not fit on a vector.
    if (type == "conv" || type == "pool") continue;
    add("vectors", "  - fc: {count: 7}\n", "  - pool: {name: b, type: avg, global: true}\n",
        {1, 6, 5});
  }
}

void add_random(Probe& probe) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    const RandomRun run = draw_run(seed, 10);
    probe.add("random-" + std::to_string(seed), parse_config("random", run.config),
              run.train.shape);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw Error("usage: probe FOLDER");
    Probe probe(argv[1]);
    add_configs(probe);
    add_examples(probe);
    add_random(probe);
    probe.finish();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
