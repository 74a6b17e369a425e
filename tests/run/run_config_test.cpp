#include "run/run_config.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "nn/registry.hpp"
#include "support/config_text.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

std::string training_message(const std::string& training) {
  return message_of(error_of([&] { with_training(training); }));
}

TEST(RunConfig, ReadsTheDesignsExample) {
  const RunConfig config = parse(R"(
name: lenet
data:
  dir: /data/mnist
  scale: 0.00390625
  classes: ["0", "1", 2, 3, 4, 5, 6, 7, 8, nine]
  validation: 5000
network:
  - conv: {name: conv1, count: 20, kernel: 5, stride: 1, pad: 0}
  - pool: {type: max, kernel: 2, stride: 2}
  - conv: {name: conv2, count: 50, kernel: 5, alpha: 0, lambda: 0.1, init: he}
  - pool: {type: max, kernel: 2}
  - fc:   {name: fc1, count: 500}
  - relu
  - fc:   {name: fc2, count: 10, from: [relu1]}
loss: euclidean
training:
  epochs: 12
  batch: 32
  alpha: 0.02
  lambda: 0.0005
  momentum: 0.9
  schedule: {policy: inv, gamma: 0.0001, power: 0.75, warmup: 2 epochs}
  shuffle: false
  seed: 9223372036854775807
  threads: 4
output: {dir: /runs/x, checkpoint_every: 30 seconds, keep: 7}
)");
  EXPECT_EQ(config.name, "lenet");
  EXPECT_EQ(config.data.source.dir(), "/data/mnist");
  EXPECT_EQ(config.data.scale, 0.00390625);
  EXPECT_EQ(config.data.classes.size(), 10U);
  EXPECT_EQ(config.data.classes[2], "2");
  EXPECT_EQ(config.data.validation, 5000);
  ASSERT_EQ(config.network.size(), 7U);
  EXPECT_EQ(config.network[0].type, "conv");
  EXPECT_EQ(config.network[0].name, "conv1");
  EXPECT_EQ(config.network[0].alpha, std::nullopt);
  EXPECT_EQ(config.network[2].alpha, 0.0);
  EXPECT_EQ(config.network[2].lambda, 0.1);
  EXPECT_EQ(config.network[2].init.type, Init::Type::he);
  EXPECT_EQ(config.network[3].name, "pool2");
  EXPECT_EQ(config.network[5].name, "relu1");
  EXPECT_EQ(config.network[6].from, std::vector<std::string>{"relu1"});
  EXPECT_EQ(config.loss, Loss::euclidean);
  EXPECT_EQ(config.training.epochs, 12);
  EXPECT_EQ(config.training.batch, 32);
  EXPECT_EQ(config.training.solver.alpha, 0.02);
  EXPECT_EQ(config.training.solver.lambda, 0.0005);
  EXPECT_EQ(config.training.solver.momentum, 0.9);
  EXPECT_EQ(config.training.schedule.policy, Schedule::Policy::inv);
  EXPECT_EQ(config.training.schedule.gamma, 0.0001);
  EXPECT_EQ(config.training.schedule.power, 0.75);
  EXPECT_EQ(config.training.schedule.warmup, (Interval{Interval::Unit::epochs, 2}));
  EXPECT_FALSE(config.training.shuffle);
  EXPECT_EQ(config.training.seed, 9223372036854775807U);
  EXPECT_EQ(config.training.threads, 4);
  EXPECT_EQ(config.output.dir, "/runs/x");
  EXPECT_EQ(config.output.checkpoint_every, (Interval{Interval::Unit::seconds, 30}));
  EXPECT_EQ(config.output.keep, 7);
}

TEST(RunConfig, HasTheDocumentedDefaults) {
  const RunConfig config = parse(std::string(kData) + kNetwork);
  EXPECT_EQ(config.name, "a");
  EXPECT_EQ(config.data.scale, 1.0 / 256);
  EXPECT_EQ(config.data.mean, 0.0);
  EXPECT_FALSE(config.data.normalize);
  EXPECT_EQ(config.data.validation, 0);
  EXPECT_EQ(config.loss, Loss::softmax_cross_entropy);
  EXPECT_EQ(config.training.epochs, 10);
  EXPECT_EQ(config.training.steps, 0);
  EXPECT_EQ(config.training.batch, 64);
  EXPECT_EQ(config.training.solver.alpha, 0.01);
  EXPECT_EQ(config.training.solver.momentum, 0.0);
  EXPECT_EQ(config.training.schedule.policy, Schedule::Policy::constant);
  EXPECT_TRUE(config.training.shuffle);
  EXPECT_EQ(config.training.seed, 1U);
  EXPECT_EQ(config.training.threads, 0);
  EXPECT_EQ(config.output.dir, fs::current_path() / "runs" / "a");
  EXPECT_EQ(config.output.checkpoint_every, (Interval{Interval::Unit::epochs, 1}));
  EXPECT_EQ(config.output.keep, 3);
  EXPECT_EQ(config.network[0].init, Init{});
}

TEST(RunConfig, TakesItsNameFromTheFile) {
  const std::string text = std::string(kData) + kNetwork;
  EXPECT_EQ(parse_config("dir/my net (2).yaml", text).name, "my-net--2-");
  EXPECT_EQ(parse_config("....yaml", text).name, "run");
  EXPECT_EQ(parse_config("a.b.yaml", text).name, "a.b");
}

TEST(RunConfig, TakesEmptySectionsForDefaults) {
  EXPECT_EQ(parse(std::string(kData) + kNetwork + "training:\noutput:\n").training.epochs, 10);
  EXPECT_EQ(with_layers("  - relu:\n").network[0].name, "relu1");
}

TEST(RunConfigData, NamesFilesOneByOne) {
  const DataConfig data =
      with_data("train: {images: /i, labels: /l}, test: {images: /ti, labels: /tl}").data;
  EXPECT_TRUE(data.source.dir().empty());
  EXPECT_EQ(data.source.open(DataPart::train)->describe(), "/i");
  EXPECT_EQ(data.source.open(DataPart::test)->describe(), "/ti");
}

TEST(RunConfigData, CanDoWithoutATestSet) {
  const DataConfig data = with_data("train: {images: /i, labels: /l}").data;
  EXPECT_THROW(data.source.open(DataPart::test), FileError);
}

TEST(RunConfigData, NormalizesOnRequest) {
  EXPECT_TRUE(with_data("dir: d, normalize: auto").data.normalize);
  EXPECT_EQ(message_of(error_of([] { with_data("dir: d, normalize: true"); })),
            "normalize must be auto, got 'true'");
}

TEST(RunConfigData, TakesUpTo65536Classes) {
  std::string names = "c0";
  for (int i = 1; i < 65'536; ++i) names += ", c" + std::to_string(i);
  EXPECT_EQ(with_data("dir: d, classes: [" + names + "]").data.classes.size(), 65'536U);
  EXPECT_EQ(message_of(error_of([&] { with_data("dir: d, classes: [" + names + ", x]"); })),
            "more than 65536 classes");
  EXPECT_NE(error_of([] { with_data("dir: d, classes: []"); }), "");
}

TEST(RunConfigPaths, AreRelativeToTheFile) {
  const TempDir temp;
  fs::create_directory(temp / "configs");
  const fs::path path = temp / "configs/net.yaml";
  write_text(path, std::string("data: {dir: ../data/}\noutput: {dir: ./out//x/..}\n") + kNetwork);
  EXPECT_EQ(load_config(path, {}).config.data.source.dir(), temp / "data");
  EXPECT_EQ(load_config(path, {}).config.output.dir, temp / "configs/out");
  EXPECT_EQ(load_config(path, {"data.dir=e"}).config.data.source.dir(), temp / "configs/e");
  EXPECT_EQ(load_config(path, {"data.dir=/e"}).config.data.source.dir(), "/e");
  write_text(path, std::string(kData) + kNetwork);
  EXPECT_EQ(load_config(path, {}).config.output.dir, temp / "configs/runs/net");
  EXPECT_EQ(load_config(path, {"name=other"}).config.output.dir, temp / "configs/runs/other");
}

TEST(RunConfigFiles, ThatCannotBeReadAreFileErrors) {
  const TempDir temp;
  EXPECT_THROW(load_config(temp / "missing.yaml", {}), FileError);
  EXPECT_THROW(load_config(temp.path(), {}), FileError);
}

TEST(RunConfigFiles, ThatAreTooLargeAreNoConfigurations) {
  const TempDir temp;
  write_text(temp / "large.yaml", std::string(5 << 20, ' '));
  EXPECT_NE(
      error_of([&] { load_config(temp / "large.yaml", {}); }).find("larger than 4194304 bytes"),
      std::string::npos);
}

// Their paths come back from the resolved configuration, whose text is UTF-8 all the same.
TEST(RunConfigFiles, MayStandInDirectoriesOfAnyName) {
  const TempDir temp;
  for (const char* name : {"caf\xE9", "\xff\x1b[2J", "\xe2\x80\xae", "two\nlines", "\U0010FEFF"}) {
    fs::create_directory(temp / name);
    write_text(temp / name / "a.yaml", std::string(kData) + kNetwork);
    const RunConfig config = load_config(temp / name / "a.yaml", {}).config;
    EXPECT_EQ(config.output.dir, temp / name / "runs" / "a");
    const std::string text = to_yaml(config, ConfigText::complete);
    EXPECT_EQ(text, shown_lines(text));
    const RunConfig again = parse_config("again", text);
    EXPECT_EQ(again.output.dir, config.output.dir);
    EXPECT_EQ(again.data.source.dir(), config.data.source.dir());
    EXPECT_EQ(to_yaml(again, ConfigText::complete), text);
  }
}

TEST(RunConfigOverrides, ApplyInTheirOrder) {
  const TempDir temp;
  write_text(temp / "a.yaml",
             std::string(kData) + "network: [relu, fc: {count: 3}]\ntraining: {epochs: 5}\n");
  const auto load = [&](const std::vector<std::string>& sets) {
    return load_config(temp / "a.yaml", sets).config;
  };
  EXPECT_EQ(load({"training.epochs=6", "training.epochs=7"}).training.epochs, 7);
  EXPECT_EQ(load({"network.fc1.name=last", "network.last.alpha=0.5"}).network[1].alpha, 0.5);
  EXPECT_EQ(load({"network.relu1.name=act"}).network[0].name, "act");
}

TEST(RunConfigOverrides, DisplaceWhatTheyExclude) {
  const TempDir temp;
  write_text(temp / "a.yaml",
             "data: {dir: d, scale: 1, mean: 2}\ntraining: {epochs: 5}\n" + std::string(kNetwork));
  const auto load = [&](const std::vector<std::string>& sets) {
    return load_config(temp / "a.yaml", sets).config;
  };
  EXPECT_EQ(load({"training.steps=8"}).training.epochs, 0);
  EXPECT_EQ(load({"training.steps=8"}).training.steps, 8);
  EXPECT_EQ(load({"training.steps=8", "training.epochs=2"}).training.epochs, 2);
  EXPECT_EQ(load({"training.steps=8", "training.epochs=2"}).training.steps, 0);
  EXPECT_EQ(load({"data.validation=9", "data.fold=2 of 5"}).data.fold, (Fold{2, 5}));
  EXPECT_EQ(load({"data.validation=9", "data.fold=2 of 5"}).data.validation, 0);
  EXPECT_EQ(load({"data.fold=2 of 5", "data.validation=9"}).data.fold, Fold());
  EXPECT_TRUE(load({"data.normalize=auto"}).data.normalize);
  EXPECT_TRUE(load({"data.train={images: i, labels: l}"}).data.source.dir().empty());
}

TEST(RunConfigTraining, KeepsEpochsOrSteps) {
  EXPECT_EQ(with_training("steps: 500").training.steps, 500);
  EXPECT_EQ(with_training("steps: 500").training.epochs, 0);
  EXPECT_EQ(training_message("epochs: 1, steps: 2"), "'steps' and 'epochs' exclude one another");
}

TEST(RunConfigTraining, ChecksRanges) {
  EXPECT_EQ(training_message("epochs: 0"), "epochs must be from 1 to 1000000000, got 0");
  EXPECT_EQ(training_message("batch: 65537"), "batch must be from 1 to 65536, got 65537");
  EXPECT_EQ(training_message("alpha: -1"), "alpha must be from 0 to 1e+18, got -1");
  EXPECT_EQ(training_message("lambda: -1"), "lambda must be from 0 to 1e+18, got -1");
  EXPECT_EQ(training_message("momentum: 1"), "momentum must be at least 0 and below 1, got 1");
  EXPECT_EQ(training_message("seed: 9223372036854775808"),
            "seed must be from 0 to 9223372036854775807, got 9223372036854775808");
  EXPECT_EQ(training_message("threads: 0"), "threads must be auto or from 1 to 256, got 0");
  EXPECT_EQ(training_message("threads: all"),
            "threads must be auto or a positive integer, got 'all'");
  EXPECT_EQ(with_training("threads: auto").training.threads, 0);
}

TEST(RunConfigSolver, HasTheParametersOfItsKind) {
  EXPECT_EQ(with_training("alpha: 0.1").training.solver.rule->name, "sgd");
  const SolverOptions adam = with_training("solver: adam").training.solver;
  EXPECT_EQ(adam.rule->name, "adam");
  EXPECT_EQ(adam.beta1, 0.9);
  EXPECT_EQ(adam.beta2, 0.999);
  EXPECT_EQ(adam.epsilon, 1e-8);
  const SolverOptions options =
      with_training("solver: adamw, alpha: 0.1, lambda: 0.2, beta1: 0.3, beta2: 0.4, epsilon: 0.5")
          .training.solver;
  EXPECT_EQ(options.rule->name, "adamw");
  EXPECT_EQ(options.alpha, 0.1);
  EXPECT_EQ(options.lambda, 0.2);
  EXPECT_EQ(options.beta1, 0.3);
  EXPECT_EQ(options.beta2, 0.4);
  EXPECT_EQ(options.epsilon, 0.5);
  EXPECT_EQ(with_training("momentum: 0.7").training.solver.momentum, 0.7);
}

TEST(RunConfigSolver, RefusesTheParametersOfOthers) {
  EXPECT_EQ(training_message("solver: adam, momentum: 0.9"), "solver adam has no momentum");
  EXPECT_EQ(training_message("beta1: 0.9"), "solver sgd has no beta1");
  EXPECT_EQ(training_message("solver: nesterov, momentum: 0.9, epsilon: 0.1"),
            "solver nesterov has no epsilon");
  EXPECT_EQ(training_message("solver: nesterov"), "training needs 'momentum'");
  EXPECT_EQ(training_message("solver: nesterov, momentum: 0"),
            "momentum must be above 0 and below 1, got 0");
  EXPECT_EQ(training_message("solver: adam, beta2: 1"),
            "beta2 must be at least 0 and below 1, got 1");
  EXPECT_EQ(training_message("solver: adam, epsilon: 0"), "epsilon must be from 1e-30 to 1, got 0");
}

TEST(RunConfigSolver, SaysWhoseAKeyIs) {
  const auto hint = [](const std::string& training) {
    const std::string error = error_of([&] { with_training(training); });
    return error.substr(error.rfind("\n  ") + 3);
  };
  EXPECT_EQ(hint("solver: adam, momentum: 0.9"), "its beta1 has that part");
  EXPECT_EQ(hint("solver: adamw, momentum: 0.9"), "its beta1 has that part");
  EXPECT_EQ(hint("epsilon: 0.1"), "it is one of adam's and adamw's");
}

// One mistake, one message: whose parameter beta1 is remains open.
TEST(RunConfigSolver, ThatIsUnknownRefusesNothing) {
  const std::string error = error_of([] { with_training("solver: adan, beta1: 0.5"); });
  EXPECT_EQ(message_of(error),
            "solver must be " + join(to_strings(solver_names()), ", ", " or ") + ", got 'adan'");
  EXPECT_EQ(error.find("error:", error.find("error:") + 1), std::string::npos) << error;
}

TEST(RunConfigSolver, OfAnOverrideDisplacesTheParametersOfTheFiles) {
  const TempDir temp;
  write_text(temp / "a.yaml", std::string(kData) + kNetwork + "training: {momentum: 0.9}\n");
  const auto load = [&](const std::vector<std::string>& sets) {
    return load_config(temp / "a.yaml", sets).config.training.solver;
  };
  EXPECT_EQ(load({"training.solver=adam"}).rule->name, "adam");
  EXPECT_EQ(load({"training.solver=adam"}).momentum, 0);
  EXPECT_EQ(load({"training.solver=nesterov"}).momentum, 0.9);
  EXPECT_NE(error_of([&] { load({"training.solver=adam", "training.momentum=0.9"}); }), "");
}

TEST(RunConfigTraining, ReadsWhatMayBeDoneToGradientWeightsAndLoss) {
  const TrainingConfig training =
      with_training("clip: 2, ema: 0.99, label_smoothing: 0.1, class_weights: {3: 0.5, x: 2}")
          .training;
  EXPECT_EQ(training.solver.clip, 2);
  EXPECT_EQ(training.solver.ema, 0.99);
  EXPECT_EQ(training.loss_options.label_smoothing, 0.1);
  EXPECT_EQ(training.class_weights.given,
            (std::vector<std::pair<std::string, double>>{{"3", 0.5}, {"x", 2}}));
  EXPECT_TRUE(with_training("class_weights: balanced").training.class_weights.balanced);
  EXPECT_EQ(training_message("clip: -1"), "clip must be from 0 to 1e+18, got -1");
  EXPECT_EQ(training_message("ema: 1"), "ema must be at least 0 and below 1, got 1");
  EXPECT_EQ(training_message("label_smoothing: 1"),
            "label_smoothing must be at least 0 and below 1, got 1");
  EXPECT_EQ(training_message("class_weights: equal"),
            "class_weights must be balanced or a map as in {NAME: 2, NAME: 0.5}, got 'equal'");
  EXPECT_EQ(training_message("class_weights: {3: -1}"),
            "class_weights of '3' must be from 0 to 1e+18, got -1");
  EXPECT_EQ(training_message("class_weights: {3: a}"),
            "class_weights of '3' must be a number, got 'a'");
  EXPECT_EQ(message_of(error_of([] {
              parse(std::string(kData) + kNetwork +
                    "loss: euclidean\ntraining: {label_smoothing: 0.1}\n");
            })),
            "label_smoothing is for the loss softmax_cross_entropy");
}

TEST(RunConfigSchedule, ReadsEveryPolicy) {
  using Policy = Schedule::Policy;
  const TrainingConfig step = with_schedule("{policy: step, gamma: 0.1, every: 2 epochs}").training;
  EXPECT_EQ(step.schedule.policy, Policy::step);
  EXPECT_EQ(step.schedule.every, (Interval{Interval::Unit::epochs, 2}));
  EXPECT_EQ(with_schedule("{policy: step, gamma: 0.1, every: 500}").training.schedule.every,
            (Interval{Interval::Unit::steps, 500}));
  EXPECT_EQ(with_schedule("{policy: exp, gamma: 0.9}").training.schedule.gamma, 0.9);
  EXPECT_EQ(with_schedule("{policy: poly, power: 2}").training.schedule.power, 2.0);
  EXPECT_EQ(with_schedule("cosine").training.schedule.final, 0.0);
  EXPECT_EQ(with_schedule("{policy: cosine, final: 0.1}").training.schedule.final, 0.1);
  const Schedule onecycle = with_schedule("onecycle").training.schedule;
  EXPECT_EQ(onecycle.policy, Policy::onecycle);
  EXPECT_EQ(onecycle.peak_at, 0.3);
  EXPECT_EQ(onecycle.start, 0.04);
  EXPECT_EQ(onecycle.final, 0.0);
  EXPECT_EQ(with_schedule("{policy: onecycle, start: 0}").training.schedule.start, 0.0);
  EXPECT_EQ(with_schedule("{policy: constant, warmup: 1 step}").training.schedule.warmup,
            (Interval{Interval::Unit::steps, 1}));
}

TEST(RunConfigSchedule, WantsExactlyThePoliciesParameters) {
  const auto message = [](const std::string& schedule) {
    return message_of(error_of([&] { with_schedule(schedule); }));
  };
  EXPECT_EQ(message("step"), "schedule 'step' needs 'gamma' and 'every'");
  EXPECT_EQ(message("inv"), "schedule 'inv' needs 'gamma' and 'power'");
  EXPECT_EQ(message("poly"), "schedule 'poly' needs 'power'");
  EXPECT_EQ(message("{policy: exp, gamma: 1, power: 1}"), "unknown key 'power' in schedule 'exp'");
  EXPECT_EQ(message("{policy: constant, gamma: 1}"), "unknown key 'gamma' in schedule 'constant'");
  EXPECT_EQ(message("{policy: exp, gamma: 0}"), "gamma must be above 0, got 0");
  EXPECT_EQ(message("{policy: cosine, final: 1.5}"), "final must be from 0 to 1, got 1.5");
  EXPECT_EQ(message("{policy: onecycle, peak_at: 1}"),
            "peak_at must be above 0 and below 1, got 1");
  for (const char* every :
       {"0", "-1", "1.5", "0x5", "2 seconds", "never", "2epochs", "2  epochs", "two epochs", " "}) {
    EXPECT_TRUE(message("{policy: step, gamma: 1, every: \"" + std::string(every) + "\"}")
                    .starts_with("every must be"))
        << every;
  }
}

TEST(RunConfigValidation, IsNeededByPatienceAndPlateau) {
  const auto load = [](const std::string& training) {
    return load_config_text(
        "net.yaml",
        "data: {dir: d}\n" + std::string(kNetwork) + "training: {epochs: 3, " + training + "}\n",
        {});
  };
  EXPECT_EQ(load("patience: 4").config.training.patience, 4);
  EXPECT_EQ(load("schedule: plateau").config.training.schedule.factor, 0.1);
  const auto message = [&](const std::string& training) {
    return message_of(error_of([&] { check_validation(load(training), false); }));
  };
  EXPECT_EQ(message("patience: 4"), "patience needs a validation set");
  EXPECT_EQ(message("schedule: plateau"), "schedule plateau needs a validation set");
  EXPECT_EQ(message("schedule: {policy: plateau, patience: 7}"),
            "schedule plateau needs a validation set");
  EXPECT_NO_THROW(check_validation(load("patience: 4"), true));
  EXPECT_NO_THROW(check_validation(load("patience: 0"), false));
}

TEST(RunConfigSchedule, IsCountedInSteps) {
  const Schedule schedule =
      with_schedule("{policy: step, gamma: 0.1, every: 2 epochs, warmup: 30}").training.schedule;
  EXPECT_EQ(schedule.every.in_steps(100), 200);
  EXPECT_EQ(schedule.warmup.in_steps(100), 30);
  EXPECT_EQ(TrainingConfig{}.schedule.every.in_steps(100), 1);
}

TEST(RunConfigOutput, WantsTheUnitOfAnInterval) {
  using Unit = Interval::Unit;
  EXPECT_EQ(with_output("checkpoint_every: never").output.checkpoint_every.unit, Unit::never);
  EXPECT_EQ(with_output("checkpoint_every: 5 steps").output.checkpoint_every,
            (Interval{Unit::steps, 5}));
  EXPECT_EQ(with_output("checkpoint_every: 1 second").output.checkpoint_every,
            (Interval{Unit::seconds, 1}));
  const std::string error = error_of([] { with_output("checkpoint_every: 5"); });
  EXPECT_NE(error.find("say the unit: '5 epochs', '5 steps' or '5 seconds'"), std::string::npos);
  for (const char* every : {"0 epochs", "-1 epochs", "soon", "1 never", "1 hour"}) {
    EXPECT_NE(error_of([&] { with_output("checkpoint_every: " + std::string(every)); }), "")
        << every;
  }
}

TEST(RunConfigNetwork, ReadsTheExampleOfEveryLayer) {
  for (const LayerEntry& entry : layer_entries()) {
    const std::string inputs =
        entry.example_inputs > 1 ? "{from: [input, first]}" : std::string(entry.example);
    const RunConfig config = with_layers("  - tanh: {name: first}\n  - " + std::string(entry.type) +
                                         ": " + inputs + "\n");
    EXPECT_EQ(config.network[1].type, entry.type);
    EXPECT_NE(config.network[1].layer, nullptr);
  }
}

TEST(RunConfigNetwork, NumbersLayersByType) {
  const RunConfig config =
      with_layers("  - relu\n  - fc: {count: 1}\n  - relu: {name: mine}\n  - relu\n");
  EXPECT_EQ(config.network[0].name, "relu1");
  EXPECT_EQ(config.network[1].name, "fc1");
  EXPECT_EQ(config.network[2].name, "mine");
  EXPECT_EQ(config.network[3].name, "relu3");
}

TEST(RunConfigNetwork, ReadsInits) {
  const RunConfig config = with_layers(
      "  - fc: {count: 1, init: {type: gaussian, deviation: 0.5}}\n"
      "  - fc: {count: 1, init: {type: constant, value: -1}}\n"
      "  - fc: {count: 1, init: gaussian}\n");
  EXPECT_EQ(config.network[0].init, (Init{Init::Type::gaussian, 0.5, 0.0}));
  EXPECT_EQ(config.network[1].init, (Init{Init::Type::constant, 0.01, -1.0}));
  EXPECT_EQ(config.network[2].init, (Init{Init::Type::gaussian, 0.01, 0.0}));
}

TEST(RunConfigNetwork, ReadsInputs) {
  const RunConfig config =
      with_layers("  - relu\n  - tanh: {from: input}\n  - add: {from: [relu1, tanh1]}\n");
  EXPECT_TRUE(config.network[0].from.empty());
  EXPECT_EQ(config.network[1].from, std::vector<std::string>{"input"});
  EXPECT_EQ(config.network[2].from, (std::vector<std::string>{"relu1", "tanh1"}));
}

}  // namespace
}  // namespace cnn
