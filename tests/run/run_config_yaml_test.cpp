// to_yaml: what it prints, and that parse_config of it gives the same configuration.

#include <gtest/gtest.h>

#include "config/yaml_tree.hpp"
#include "nn/registry.hpp"
#include "support/config_text.hpp"
#include "support/random_run.hpp"

namespace cnn {
namespace {

// What a layer reads back as: its options as to_yaml prints them.
std::string network_lines(const RunConfig& config) {
  const std::string yaml = to_yaml(config, ConfigText::portable);
  const std::size_t begin = yaml.find("network:\n");
  return yaml.substr(begin, yaml.find("loss:") - begin);
}

void expect_round_trip(const RunConfig& config) {
  const std::string yaml = to_yaml(config, ConfigText::complete);
  const RunConfig again = parse_config("again.yaml", yaml);
  EXPECT_EQ(to_yaml(again, ConfigText::complete), yaml);
  EXPECT_EQ(again.name, config.name);
  EXPECT_EQ(again.data.source.dir(), config.data.source.dir());
  EXPECT_EQ(again.data.normalize, config.data.normalize);
  EXPECT_EQ(again.data.scale, config.data.scale);
  EXPECT_EQ(again.data.mean, config.data.mean);
  EXPECT_EQ(again.data.classes, config.data.classes);
  EXPECT_EQ(again.data.validation, config.data.validation);
  EXPECT_EQ(again.data.augment, config.data.augment);
  ASSERT_EQ(again.network.size(), config.network.size());
  for (std::size_t i = 0; i < config.network.size(); ++i) {
    EXPECT_EQ(again.network[i].name, config.network[i].name);
    EXPECT_EQ(again.network[i].from, config.network[i].from);
    EXPECT_EQ(again.network[i].alpha, config.network[i].alpha);
    EXPECT_EQ(again.network[i].lambda, config.network[i].lambda);
    EXPECT_EQ(again.network[i].init, config.network[i].init);
  }
  EXPECT_EQ(again.loss, config.loss);
  EXPECT_EQ(again.training.epochs, config.training.epochs);
  EXPECT_EQ(again.training.steps, config.training.steps);
  EXPECT_EQ(again.training.solver, config.training.solver);
  EXPECT_EQ(again.training.loss_options.label_smoothing,
            config.training.loss_options.label_smoothing);
  EXPECT_EQ(again.training.class_weights.balanced, config.training.class_weights.balanced);
  EXPECT_EQ(again.training.class_weights.given, config.training.class_weights.given);
  EXPECT_EQ(again.training.schedule, config.training.schedule);
  EXPECT_EQ(again.training.patience, config.training.patience);
  EXPECT_EQ(again.training.seed, config.training.seed);
  EXPECT_EQ(again.training.threads, config.training.threads);
  EXPECT_EQ(again.output.dir, config.output.dir);
  EXPECT_EQ(again.output.checkpoint_every, config.output.checkpoint_every);
  EXPECT_EQ(again.output.keep, config.output.keep);
}

TEST(ToYaml, RoundTripsEveryLayer) {
  std::string layers = "  - tanh: {name: \"10\"}\n  - tanh: {name: \"null\", from: input}\n";
  for (const LayerEntry& entry : layer_entries()) {
    std::string options(entry.example);
    options.insert(
        options.size() - 1,
        (options == "{}" ? "" : ", ") +
            std::string(entry.example_inputs > 1 ? "from: [\"10\", \"null\"]" : "from: input"));
    if (entry.has_weights())
      options.insert(1,
                     "alpha: 0.1, lambda: 1e-9, init: {type: constant, value: 0.3}, bias: false, ");
    layers += "  - " + std::string(entry.type) + ": " + options + "\n";
  }
  layers += "  - pool: {type: max, global: true, from: input}\n";
  const RunConfig config = with_layers(layers);
  expect_round_trip(config);
  const std::string lines = network_lines(config);
  EXPECT_NE(
      lines.find("- conv: {name: conv1, count: 4, kernel: [3, 2], stride: [1, 2], pad: 1, "
                 "groups: 1, dilation: 1, bias: false, "
                 "init: {type: constant, value: 0.3}, alpha: 0.1, lambda: 1e-09, from: input}"),
      std::string::npos)
      << lines;
  EXPECT_NE(lines.find("- add: {name: add1, from: [\"10\", \"null\"]}"), std::string::npos)
      << lines;
}

TEST(ToYaml, RoundTripsEverySchedule) {
  for (const char* schedule :
       {"constant", "{policy: step, gamma: 0.1, every: 3}",
        "{policy: step, gamma: 0.1, every: 1 epoch}", "{policy: exp, gamma: 0.99999}",
        "{policy: inv, gamma: 0, power: 0.1}", "{policy: poly, power: 1}", "cosine",
        "{policy: onecycle, start: 0, final: 1, peak_at: 0.1}",
        "{policy: constant, warmup: 2 epochs}"}) {
    expect_round_trip(with_schedule(schedule));
  }
  expect_round_trip(parse("data: {dir: d, validation: 9}\n" + std::string(kNetwork) +
                          "training: {patience: 4, schedule: {policy: plateau, factor: 0.3}}\n"));
  expect_round_trip(
      with_training("steps: 7, seed: 9223372036854775807, threads: 3, alpha: 0.1, shuffle: false"));
  for (const char* solver :
       {"solver: nesterov, momentum: 0.8", "solver: adam, beta1: 0, beta2: 0.99, epsilon: 1e-30",
        "solver: adamw", "clip: 0.5, ema: 0.999, label_smoothing: 0.1", "class_weights: balanced",
        "class_weights: {1: 0.3, \"a: b\": 2, \"null\": 0, \"λ\": 1}"}) {
    expect_round_trip(with_training(solver));
  }
  for (const char* every : {"never", "1 epoch", "7 steps", "2 seconds"}) {
    expect_round_trip(with_output("checkpoint_every: " + std::string(every)));
  }
}

TEST(ToYaml, RoundTripsEveryKindOfData) {
  expect_round_trip(with_data("dir: d, normalize: auto"));
  expect_round_trip(with_data("dir: \"a: b #c\", scale: -0.1, mean: 1e-300, validation: 3"));
  expect_round_trip(with_data("train: {images: i, labels: l}"));
  expect_round_trip(with_data("train: {images: i, labels: l}, test: {images: \"λ\", labels: l}"));
}

TEST(ToYaml, RoundTripsAugmentation) {
  for (const char* augment :
       {"", "shift: 3", "rotate: 12.5, scale: 0.1, shear: 0.2", "elastic: {alpha: 34}",
        "elastic: {sigma: 5.5, alpha: 8}, flip: 0.5, noise: 3", "erase: {size: 6}",
        "erase: {size: 6, probability: 1}, shift: 1", "thickness: 0.75",
        "brightness: 0.25, contrast: 0.5", "crop: {area: [0.5, 1]}",
        "crop: {area: [0.25, 0.75], aspect: [0.5, 2]}, fill: edge",
        "flip: {horizontal: 0.5, vertical: 0.25}, turn: true", "saturation: 0.25, hue: 0.1",
        "shift: 2, until: 0.9"}) {
    expect_round_trip(with_data("dir: d, augment: {" + std::string(augment) + "}"));
  }
  const AugmentOptions options =
      with_data("dir: d, augment: {rotate: 5, elastic: {sigma: 3, alpha: 9}, erase: {size: 6}}")
          .data.augment;
  EXPECT_EQ(options, (AugmentOptions{.rotate = 5,
                                     .elastic = {.sigma = 3, .alpha = 9},
                                     .erase = {.size = 6, .probability = 0.5}}));
  EXPECT_EQ(with_data("dir: d, augment: {flip: 0.5}").data.augment,
            with_data("dir: d, augment: {flip: {horizontal: 0.5}}").data.augment);
  EXPECT_FALSE(with_data("dir: d, augment: {}").data.augment.is_on());
  const std::string yaml =
      to_yaml(with_data("dir: d, augment: {elastic: {alpha: 9}}"), ConfigText::portable);
  EXPECT_NE(
      yaml.find(
          "  augment: {shift: 0, rotate: 0, scale: 0, shear: 0, elastic: {sigma: 4, "
          "alpha: 9}, turn: false, fill: background, thickness: 0, brightness: 0, contrast: 0, "
          "saturation: 0, hue: 0, noise: 0, until: 1}\n"),
      std::string::npos)
      << yaml;
}

TEST(ToYaml, RoundTripsOddClassNames) {
  RunConfig config = parse(std::string(kData) + kNetwork);
  config.data.classes = {"1",   "1.0",   "0x1",    "true", "no",     "null", "~",
                         "a b", "a: b",  "#a",     "it's", "\"q\"",  "\\",   "λ 日本",
                         "😀",   " lead", "trail ", "[x]",  "{x: y}", "*x",   "&x",
                         "!x",  "- x",   "...",    "|"};
  expect_round_trip(config);
  const std::string yaml = to_yaml(config, ConfigText::portable);
  EXPECT_NE(yaml.find("classes: [\"1\", \"1.0\", \"0x1\", \"true\""), std::string::npos) << yaml;
}

TEST(ToYaml, SpellsOutEveryDefault) {
  EXPECT_EQ(to_yaml(parse("name: x\ndata: {dir: /d}\nnetwork: [pool: {type: avg, kernel: [3, "
                          "2]}]\noutput: {dir: /o}\n"),
                    ConfigText::complete),
            "name: x\n"
            "data:\n"
            "  dir: /d\n"
            "  scale: 0.00390625\n"
            "  mean: 0\n"
            "  validation: 0\n"
            "network:\n"
            "  - pool: {name: pool1, type: avg, global: false, kernel: [3, 2], stride: [3, "
            "2], pad: 0, round: floor}\n"
            "loss: softmax_cross_entropy\n"
            "training:\n"
            "  epochs: 10\n"
            "  batch: 64\n"
            "  alpha: 0.01\n"
            "  lambda: 0\n"
            "  solver: sgd\n"
            "  momentum: 0\n"
            "  clip: 0\n"
            "  ema: 0\n"
            "  label_smoothing: 0\n"
            "  schedule: {policy: constant, warmup: 0 steps}\n"
            "  shuffle: true\n"
            "  seed: 1\n"
            "  threads: auto\n"
            "output:\n"
            "  dir: /o\n"
            "  checkpoint_every: 1 epoch\n"
            "  keep: 3\n"
            "  report: false\n");
}

// Every flipped bit, every byte that YAML knows in every place: an error or a configuration that
// prints as it reads.
TEST(ToYaml, PrintsWhateverChangedTextIsAccepted) {
  const std::string text = std::string(kData) +
                           "network:\n  - conv: {name: a, count: 4, kernel: [3, 1]}\n"
                           "  - relu: {from: a}\n  - fc: {count: 10}\ntraining: {alpha: 1e-2}\n";
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      changed.push_back(text);
      changed.back()[i] = static_cast<char>(text[i] ^ (1 << bit));
    }
    for (const char c : {'\0', '\t', '\n', '\r', '"', '\'', '#', '&', '*', ',', '-',   ':',
                         '?',  '!',  '[',  ']',  '{', '}',  '|', '>', '%', '~', '\xFF'}) {
      changed.push_back(text);
      changed.back()[i] = c;
    }
  }
  std::size_t accepted = 0;
  for (const std::string& other : changed) {
    std::string yaml;
    try {
      yaml = to_yaml(parse(other), ConfigText::complete);
    } catch (const ConfigError&) {
      continue;
    }
    ++accepted;
    ASSERT_EQ(to_yaml(parse(yaml), ConfigText::complete), yaml) << other;
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_LT(accepted, changed.size() / 2);
}

TEST(ToYaml, OfRandomRunsIsReadAgain) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    const RunConfig config = load_config_text("run.yaml", draw_run(seed, 20).config, {}).config;
    SCOPED_TRACE(seed);
    expect_round_trip(config);
  }
}

// What is written is longer than what was read: each layer with its defaults, each name in quotes.
TEST(ToYaml, WhatCouldNotBeReadAgainIsRefusedAtOnce) {
  const auto refusal = [](const std::string& text) {
    try {
      load_config_text("run.yaml", text, {});
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  std::string deep = "data: {dir: /d}\nnetwork:\n";
  for (int i = 0; i < 5000; ++i) deep += "  - conv: {count: 1, kernel: 1}\n";
  EXPECT_TRUE(refusal(deep).starts_with("run.yaml: error: the configuration with every default"));
  EXPECT_NE(refusal(deep).find("more than 100000 keys and values"), std::string::npos);
  std::string named = "data:\n  dir: /d\n  classes:\n";
  for (int i = 0; i < 800; ++i) {
    named += "    - '" + std::to_string(i) + std::string(3500, '"') + "'\n";
  }
  named += "network: [{fc: {count: 800}}]\n";
  ASSERT_LT(named.size(), kLargestConfig);
  EXPECT_NE(refusal(named).find("it would be larger than"), std::string::npos);
}

TEST(ToYaml, LeavesOutOfThePortableTextWhatDoesNotDecideTheResult) {
  const RunConfig config =
      parse(std::string(kData) + kNetwork + "training: {threads: 3, seed: 5}\noutput: {dir: /o}\n");
  const std::string yaml = to_yaml(config, ConfigText::portable);
  EXPECT_EQ(yaml.find("threads"), std::string::npos);
  EXPECT_EQ(yaml.find("output"), std::string::npos);
  EXPECT_EQ(parse(yaml).training.seed, 5U);
  EXPECT_EQ(parse(yaml).training.threads, 0);
}

}  // namespace
}  // namespace cnn
