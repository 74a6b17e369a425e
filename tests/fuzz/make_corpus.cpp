// Writes the seeds: make_corpus DIRECTORY. Small files of every kind that the library reads, most
// of them sound; the same bytes at every run. Where a format changes, run it again (README.md).

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "cnn/image.hpp"

#include "base/file.hpp"
#include "formats/safetensors.hpp"
#include "run/model.hpp"
#include "run/training_data.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_files.hpp"

namespace {

using namespace cnn;
namespace fs = std::filesystem;

constexpr std::size_t kLargestSeed = std::size_t{1} << 16;

// One target's folder.
class Seeds {
 public:
  explicit Seeds(const fs::path& directory) : directory_(directory) {
    fs::create_directories(directory);
  }

  fs::path path(const std::string& name) const { return directory_ / name; }
  void add(const std::string& name, std::string_view bytes) const {
    write_bytes(path(name), bytes);
  }

 private:
  fs::path directory_;
};

std::string counted(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(i * 37);
  return bytes;
}

std::string idx_file(const std::vector<std::uint32_t>& dims) {
  std::size_t count = 1;
  for (const std::uint32_t extent : dims) count *= extent;
  return idx_header(dims) + counted(count);
}

void idx_seeds(const Seeds& seeds) {
  const auto pair = [](const std::string& labels, const std::string& images) {
    return std::string{static_cast<char>(labels.size()), static_cast<char>(labels.size() >> 8)} +
           labels + images;
  };
  seeds.add("one", pair(idx_file({1}), idx_file({1, 1, 1})));
  seeds.add("grey", pair(idx_file({3}), idx_file({3, 2, 2})));
  seeds.add("colour", pair(idx_file({2}), idx_file({2, 3, 4, 5})));
  seeds.add("digits", pair(idx_file({2}), idx_file({2, 28, 28})));
  seeds.add("more-labels", pair(idx_file({4}), idx_file({3, 2, 2})));
  seeds.add("swapped", pair(idx_file({3, 2, 2}), idx_file({3})));
  seeds.add("rank-2", pair(idx_file({2}), idx_file({2, 4})));
  seeds.add("too-long", pair(idx_file({1}) + "x", idx_file({1, 2, 2})));
  seeds.add("promises", pair(idx_header({1U << 31}), idx_header({1U << 31, 32768, 32768})));
  std::string floats = idx_file({1, 2, 2});
  floats[2] = '\x0D';
  seeds.add("floats", pair(idx_file({1}), floats));
}

void idx_gz_seeds(const Seeds& seeds) {
  const std::string images = idx_file({3, 2, 2});
  seeds.add("images", gzip(images));
  seeds.add("labels", gzip(idx_file({20})));
  seeds.add("colour", gzip(idx_file({2, 3, 4, 5})));
  seeds.add("zeros", gzip(idx_header({40, 16, 16}) + std::string(40 * 16 * 16, '\0')));
  seeds.add("members", gzip(images.substr(0, 9)) + gzip("") + gzip(images.substr(9)));
  seeds.add("too-long", gzip(images + "x"));
  seeds.add("bytes-after", gzip(images) + "xyz");
  seeds.add("truncated", gzip(images).substr(0, 30));
  seeds.add("promises", gzip(idx_header({1U << 30, 16, 1})));
  seeds.add("empty", gzip(""));
}

constexpr const char* kData = "data: {dir: d}\n";
constexpr const char* kNetwork = "network:\n  - fc: {count: 10}\n";

void config_seeds(const Seeds& seeds, const fs::path& configs) {
  for (const fs::directory_entry& entry : fs::directory_iterator(configs)) {
    if (entry.path().extension() != ".yaml") continue;
    seeds.add(entry.path().filename().string(), read_file(entry.path(), kLargestSeed));
  }
  const auto add = [&](const std::string& name, const std::string& text) { seeds.add(name, text); };
  add("shortest.yaml", std::string(kData) + kNetwork);
  add("overrides.yaml", std::string(kData) + kNetwork + std::string(1, '\0') +
                            "training.alpha=0.05" + '\0' + "network.fc1.count=32" + '\0' +
                            "output.dir=runs/x" + '\0' +
                            "training.schedule={policy: exp, gamma: 0.9}");
  add("files.yaml",
      std::string("data:\n  train: {images: a, labels: b}\n  test: {images: c, labels: "
                  "d}\n  normalize: auto\n  classes: [zero, \"1\", 'two']\n") +
          kNetwork);
  add("graph.yaml",
      std::string(kData) +
          "network:\n"
          "  - conv: {name: a, count: 4, kernel: [3, 1], pad: [1, 0], bias: false}\n"
          "  - sigmoid: {name: s, from: a}\n"
          "  - add: {name: sum, from: [a, s]}\n"
          "  - concat: {from: [sum, input, a]}\n"
          "  - dropout: {rate: 0.5}\n"
          "  - pool: {type: avg, kernel: 3, stride: 2, pad: 1}\n"
          "  - fc: {count: 10, alpha: 0, lambda: 0.1, init: gaussian, deviation: 0.1}\n");
  int number = 0;
  for (const char* schedule :
       {"constant", "{policy: step, gamma: 0.1, every: 2 epochs}",
        "{policy: exp, gamma: 0.999, warmup: 100}", "{policy: inv, gamma: 0.0001, power: 0.75}",
        "{policy: poly, power: 2}", "{policy: cosine, final: 0.01, warmup: 1 epoch}",
        "{policy: onecycle, peak_at: 0.3, start: 0.04, final: 0}"}) {
    add("schedule-" + std::to_string(++number) + ".yaml",
        std::string(kData) + kNetwork + "loss: euclidean\ntraining: {steps: 100, schedule: " +
            schedule + "}\noutput: {dir: o, checkpoint_every: 30 seconds, keep: 0}\n");
  }
  add("yaml.yaml", "# comment\n---\n\"data\": {'dir': \"d\\u00e9\"}\n" + std::string(kNetwork) +
                       "name: >-\n  folded\n  text\n...\n");
  add("aliases.yaml", "data: &a {dir: *a}\nnetwork: !tag [? b : c, <<: *a]\n");
  add("nested.yaml", std::string(40, '[') + std::string(40, '{'));
}

// Names of what follows depend on nothing but this text.
RunConfig small_config(const std::string& network) {
  return parse_config("small.yaml",
                      "name: small\ndata: {dir: /data, scale: 0.5}\nnetwork:\n" + network +
                          "training: {epochs: 2, momentum: 0.9}\noutput: {dir: /runs/small}\n");
}

struct SmallRun {
  SmallRun(const Shape& input, const std::string& layers)
      : config(small_config(layers)),
        data{make_dataset(input, 8, 4), {everything(8), {}}},
        network(input, config.network) {
    network.initialise(1);
    info = make_model_info(config, network, data);
  }

  RunConfig config;
  TrainingData data;
  Network network;
  ModelInfo info;
};

void model_seeds(const Seeds& seeds) {
  const std::array<std::string, 3> networks = {
      "  - fc: {count: 4}\n",
      "  - conv: {count: 2, kernel: 3}\n  - pool: {type: max, kernel: 2}\n  - relu\n"
      "  - fc: {count: 4}\n",
      "  - conv: {name: a, count: 2, kernel: 3, pad: 1}\n  - tanh: {name: b}\n"
      "  - add: {from: [a, b]}\n  - concat: {from: [add1, a]}\n  - dropout: {rate: 0.2}\n"
      "  - pool: {type: avg, kernel: 2}\n  - fc: {count: 4, bias: false}\n"};
  const std::array<Shape, 3> inputs = {Shape{1, 2, 2}, Shape{1, 6, 6}, Shape{3, 4, 4}};
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const SmallRun run(inputs[i], networks[i]);
    const std::string number = std::to_string(i + 1);
    save_model(seeds.path("model-" + number), run.info, run.network);
    const Solver solver(run.network, {});
    save_checkpoint(seeds.path("checkpoint-" + number), run.info, run.network, solver,
                    {3, 0, 1.5, 1, 6, 1, 2, {}}, fingerprint(run.data.dataset));
  }
  const auto foreign = [](const std::string& header, std::size_t data) {
    return std::string{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0} + header +
           std::string(data, '\1');
  };
  seeds.add("nothing", foreign("{}", 0));
  seeds.add("foreign", foreign(R"({"__metadata__":{"format":"pt"},"w":{"shape":[2,1],)"
                               R"("dtype":"F32","data_offsets":[0,8]}} )",
                               8));
  seeds.add("unordered", foreign(R"({"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]},)"
                                 R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                                 8));
  seeds.add("types", foreign(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},)"
                             R"("c":{"dtype":"F64","shape":[1],"data_offsets":[6,14]},)"
                             R"("d":{"dtype":"I64","shape":[],"data_offsets":[14,22]}})",
                             22));
  seeds.add("hole", foreign(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8));
}

void image_seeds(const Seeds& seeds) {
  const std::array<std::uint8_t, 5> colours = {0, 2, 3, 4, 6};
  const std::array<std::size_t, 7> samples = {1, 0, 3, 1, 2, 0, 4};
  const std::array<std::uint8_t, 5> depths = {1, 2, 4, 8, 16};
  for (const std::uint8_t colour : colours) {
    for (const std::uint8_t depth : depths) {
      const bool small = depth < 8;
      if ((small && colour != 0 && colour != 3) || (depth == 16 && colour == 3)) continue;
      const std::size_t row = (5 * samples[colour] * depth + 7) / 8;
      std::string rows;
      // One row for each filter.
      for (char filter = 0; filter < 5; ++filter) rows += filter + counted(row);
      std::vector<PngChunk> before;
      if (colour == 3) before = {{"PLTE", counted(768)}, {"tRNS", counted(3)}};
      seeds.add("png-" + std::to_string(colour) + "-" + std::to_string(depth),
                png_file({5, 5, depth, colour, 0}, rows, before));
    }
  }
  // Adam7: 3x3 pixels come in passes of 1, 1, 2, 2 and 3 pixels.
  seeds.add("png-interlaced",
            png_file({3, 3, 8, 0, 1}, std::string("\0\1\0\2\0\3\4\0\5\0\6\0\7\10\11", 15)));
  seeds.add("bmp-24", bmp_file(3, 2, 24, "", counted(24)));
  seeds.add("bmp-32", bmp_file(2, -2, 32, "", counted(16)));
  seeds.add("bmp-16", bmp_file(3, 2, 16, "", counted(16)));
  seeds.add("bmp-8", bmp_file(3, 2, 8, counted(1024), counted(8)));
  seeds.add("bmp-4", bmp_file(3, 2, 4, counted(64), counted(8)));
  seeds.add("bmp-1", bmp_file(3, 2, 1, counted(8), counted(8)));
  seeds.add("pgm", "P5 3 2 255\n" + counted(6));
  seeds.add("pgm-comment", "P5\n# made by hand\n3 2\n7\n" + std::string("\0\1\2\3\4\7", 6));
  seeds.add("ppm-16", "P6 1 2 65535\n" + counted(12));
  seeds.add("pbm", "P1 2 2\n0 1 1 0\n");
  seeds.add("pgm-text", "P2 2 2 15\n0 1\n# two more\n15 7\n");
  seeds.add("ppm-text", "P3 1 1 65535 1 2 65535");
  seeds.add("pbm-bits", "P4 9 2\n" + counted(4));
  std::string runs = bmp_file(3, 2, 8, counted(1024), std::string("\3\1\0\0\0\3\1\2\3\0\0\1", 12));
  runs[30] = 1;
  seeds.add("bmp-runs-8", runs);
  runs = bmp_file(3, 2, 4, counted(64), std::string("\3\x12\0\2\0\0\0\3\x12\x30\0\1", 12));
  runs[30] = 2;
  seeds.add("bmp-runs-4", runs);
  std::string masked =
      bmp_file(2, 1, 16, std::string("\0\xf8\0\0\xe0\7\0\0\x1f\0\0\0", 12), counted(4));
  masked[30] = 3;
  seeds.add("bmp-masks", masked);
  seeds.add("png-turned", png_file({2, 2, 8, 0, 0}, std::string("\0\1\2\0\3\4", 6),
                                   {{"eXIf", with_orientation("\xff\xd8", 6).substr(12)}}));
  seeds.add("webp-lossy", lossy_webp());
  seeds.add("webp-lossless", lossless_webp());
  seeds.add("webp-animated", animated_webp());
  seeds.add("webp-turned", turned_webp());
  const std::string picture = gif_picture(0, 0, 3, 2, std::string("\0\1\2\3\2\1", 6));
  seeds.add("gif", gif_file(3, 2, picture));
  seeds.add("gif-interlaced",
            gif_file(1, 5, gif_picture(0, 0, 1, 5, std::string("\0\1\2\3\1", 5), true)));
  seeds.add("gif-transparent",
            gif_file(4, 4, std::string("!\xf9\4\1\0\0\1\0", 8) + picture + picture));
  seeds.add("jpeg-cmyk", cmyk_jpeg());
  seeds.add("jpeg-scans", progressive_scans(9, 9, 1, 66));
  seeds.add("jpeg-grey", gray_jpeg());
  seeds.add("jpeg-progressive", progressive_jpeg());
  seeds.add("jpeg-restart", restart_jpeg());
  seeds.add("jpeg-turned", with_orientation(gray_jpeg(), 6));
  seeds.add("jpeg-turned-big-endian", with_orientation(restart_jpeg(), 5, false));
  // A digit on paper, large enough to be cut out and centred.
  Image drawn{{1, 40, 30}, std::vector<std::uint8_t>(40 * 30, 240)};
  for (std::size_t y = 8; y < 30; ++y) {
    for (std::size_t x = 12; x < 16; ++x) drawn.pixels[y * 30 + x] = 20;
  }
  write_png(seeds.path("png-drawn"), drawn);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus DIRECTORY\n");
    return 2;
  }
  const fs::path root = argv[1];
  idx_seeds(Seeds(root / "idx"));
  idx_gz_seeds(Seeds(root / "idx_gz"));
  config_seeds(Seeds(root / "config"), fs::path(CNN_SOURCE_DIR) / "configs");
  model_seeds(Seeds(root / "model"));
  image_seeds(Seeds(root / "image"));
  return 0;
}
