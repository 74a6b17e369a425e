#include "apps/command_line.hpp"

#include <cstdio>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>

#include "cnn/version.hpp"

#include "apps/app.hpp"
#include "apps/completion.hpp"
#include "apps/option_list.hpp"
#include "base/text.hpp"
#include "data/selection.hpp"
#include "run/config_schema.hpp"

namespace cnn::app {
namespace {

// What an option prints instead of doing anything, as --version does: others need not be there.
[[noreturn]] void print_instead(std::string text) {
  if (text.ends_with('\n')) text.pop_back();  // CLI11 adds one
  throw CLI::CallForVersion(text, 0);
}

void add_printing_flag(CLI::App& app, const std::string& name, const std::string& description,
                       const std::function<std::string()>& text) {
  app.add_flag_callback(
      name, [text] { print_instead(text()); }, description);
}

// An unset shell variable must not pass for an option that was not given.
std::string not_empty(const std::string& text) {
  return text.empty() ? "must not be empty" : "";
}

// CLI11 reads 010 as octal; here a number is decimal, as in the YAML file.
std::string decimal(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const bool padded = text.size() > 1 && text.front() == '0';
  return digits && !padded ? "" : "must be a decimal number, got '" + text + "'";
}

// What completion needs to know of the command.
CommandShape shape_of(const CLI::App& app) {
  CommandShape shape;
  shape.name = app.get_name();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) {
      shape.takes_files = true;
      continue;
    }
    CommandOption& entry = shape.options.emplace_back();
    entry.name = "--" + option->get_lnames().front();
    entry.description = option->get_description();
    if (option->get_items_expected_max() == 0) continue;  // a flag
    entry.value = option->get_type_name().substr(0, option->get_type_name().find(':'));
    entry.repeats = option->get_items_expected_max() > 1;
    // IsMember describes itself as {a,b,c}.
    const std::size_t open = option->get_type_name().find('{');
    if (open == std::string::npos) continue;
    std::stringstream words(option->get_type_name().substr(open + 1));
    for (std::string word; std::getline(words, word, ',');) {
      entry.words.push_back(word.substr(0, word.find('}')));
    }
  }
  return shape;
}

void add_completion_option(CLI::App& app) {
  app.add_option_function<std::string>(
         "--completion",
         [&app](const std::string& shell) {
           print_instead(completion_script(shell, shape_of(app)));
         },
         "Print the script that completes this command in that shell, and stop")
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

template <typename Options>
CLI::Option* add_config_options(CLI::App& app, Options& o) {
  CLI::Option* config = app.add_option("--config", o.config,
                                       "The YAML file that describes data, network and training")
                            ->required()
                            ->type_name("FILE")
                            ->check(not_empty);
  app.add_option("--set", o.overrides,
                 "Override a key of the file, as in training.alpha=0.05 or network.conv1.count=32; "
                 "may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  return config;
}

// Nothing but where the file goes is for --init, and --config is what it makes.
void add_init_option(CLI::App& app, TrainOptions& o, CLI::Option* config) {
  CLI::Option* init =
      app.add_option("--init", o.init,
                     "Write a configuration that suits the pictures in DIR (or a table, FILE.csv), "
                     "into NAME.yaml here or where --out says, and stop")
          ->type_name("DIR")
          ->check(not_empty);
  config->required(false);
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
    const bool alone = name == "help" || name == "version" || name == "completion" ||
                       name == "print-schema" || name == "init" || name == "out";
    if (!alone) init->excludes(app.get_option("--" + name));
  }
  app.parse_complete_callback([init, config] {
    if (init->count() == 0 && config->count() == 0) {
      throw CLI::RequiredError(config->get_name());
    }
  });
}

CLI::Option* add_tta_option(CLI::App& app, std::string& tta, const std::string& what) {
  return app
      .add_option("--tta", tta,
                  what +
                      ": with shifts, by the mean of the probabilities of each image and its 8 "
                      "copies shifted by one pixel, diagonally, too; with flip, of each image and "
                      "its mirror image")
      ->check(CLI::IsMember({"none", "shifts", "flip"}))
      ->capture_default_str();
}

void add_options(CLI::App& app, TrainOptions& o) {
  CLI::Option* config = add_config_options(app, o);
  app.add_option("--data", o.data, "Directory of the data set, instead of data.dir")
      ->type_name("DIR")
      ->check(not_empty);
  app.add_option("--out", o.out, "Run directory, instead of output.dir")
      ->type_name("DIR")
      ->check(not_empty);
  CLI::Option* overwrite =
      app.add_flag("--overwrite", o.overwrite, "Replace the run that the run directory holds");
  CLI::Option* resume =
      app.add_option("--resume", o.resume,
                     "Continue from CHECKPOINT, or from the newest valid one of the run directory")
          ->type_name("[CHECKPOINT]")
          ->expected(0, 1)
          ->excludes(overwrite);
  app.add_option("--weights", o.weights, "Start from the weights of this model")
      ->type_name("FILE")
      ->check(not_empty)
      ->excludes(resume);
  CLI::Option* weights = find_option(app, "--weights");
  app.add_option("--reset", o.reset,
                 "With --weights: start these layers anew, whatever the file has for them")
      ->type_name("LAYER,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(not_empty)
      ->needs(weights);
  app.add_option(
         "--rename", o.rename,
         "With --weights: tensors whose names begin with FROM begin with TO instead; may be "
         "repeated, and holds in that order")
      ->type_name("FROM=TO")
      ->allow_extra_args(false)
      ->check(not_empty)
      ->needs(weights);
  app.add_option("--threads", o.threads,
                 "Worker threads, instead of training.threads; results do not depend on it")
      ->type_name("N");
  CLI::Option* seed =
      app.add_option("--seed", o.seed, "Seed, instead of training.seed")->type_name("N");
  CLI::Option* dry_run =
      app.add_flag("--dry-run", o.dry_run,
                   "Check everything, run one step, print the layer table, write nothing");
  CLI::Option* print_config =
      app.add_flag("--print-config", o.print_config, "Print the resolved configuration and stop");
  add_printing_flag(app, "--print-schema",
                    "Print the JSON Schema of configurations, for editors, and stop",
                    config_schema);
  app.add_flag("--check-gradients", o.check_gradients,
               "Compare backpropagation with central differences, layer by layer and through the "
               "whole network, on a few images; print the table, write nothing. Exit code 1 if a "
               "layer is off")
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(resume)
      ->excludes(overwrite);
  app.add_flag(
         "--find-alpha", o.find_alpha,
         "Train for 100 steps in which alpha grows from 1e-6 to 10, then for 80 steps with some "
         "alphas each; print their losses and the best as a --set line, write nothing")
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(resume)
      ->excludes(overwrite)
      ->excludes(find_option(app, "--check-gradients"));
  app.add_option("--seeds", o.seeds,
                 "Train from each of these seeds, as in 1-5 or 1,3,7, into the run directory's "
                 "seed-N; print the mean and deviation of their accuracies")
      ->type_name("LIST")
      ->check(not_empty)
      ->excludes(seed)
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(find_option(app, "--check-gradients"))
      ->excludes(find_option(app, "--find-alpha"));
  CLI::Option* tta =
      add_tta_option(app, o.tta, "How --seeds scores, too")->needs(find_option(app, "--seeds"));
  app.add_option("--sweep", o.sweep,
                 "Train with each of these values of a key, as in training.alpha=0.01,0.03; if "
                 "repeated, with each combination, into the run directory's run-N. The best is "
                 "that of the highest validation accuracy; sweep.csv lists all")
      ->type_name("KEY=V,V,...")
      ->allow_extra_args(false)
      ->check(not_empty)
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(tta)
      ->excludes(find_option(app, "--check-gradients"))
      ->excludes(find_option(app, "--find-alpha"));
  app.add_option("--random", o.random,
                 "With --sweep: N combinations drawn by the seed, also from ranges as in 16..64 "
                 "or log:1e-4..1e-1")
      ->type_name("N")
      ->check(decimal)
      ->check(CLI::Range(1, 1000))
      ->needs(find_option(app, "--sweep"));
  app.add_option("--folds", o.folds,
                 "Cross-validation: divide the training set into K parts and train K times, each "
                 "time with another one held out, into the run directory's fold-N; print the mean "
                 "and deviation of their accuracies. With --sweep, each combination is judged so")
      ->type_name("K")
      ->check(decimal)
      ->check(CLI::Range(std::int64_t{2}, kMostFolds))
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(tta)
      ->excludes(find_option(app, "--check-gradients"))
      ->excludes(find_option(app, "--find-alpha"));
  app.add_option("--preview", o.preview,
                 "Write a picture of training images and what data.augment makes of them in the "
                 "first epochs, and stop")
      ->type_name("FILE.png")
      ->check(not_empty)
      ->excludes(find_option(app, "--check-gradients"))
      ->excludes(find_option(app, "--find-alpha"))
      ->excludes(find_option(app, "--seeds"))
      ->excludes(find_option(app, "--sweep"))
      ->excludes(find_option(app, "--folds"))
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(resume)
      ->excludes(overwrite);
  app.add_flag("--report", o.report,
               "Write report.html into the run directory after each epoch, and with pictures and "
               "scores at the end; as output.report")
      ->excludes(dry_run)
      ->excludes(print_config);
  CLI::Option* quiet = app.add_flag("--quiet", o.quiet, "Only warnings and errors");
  app.add_flag("--verbose", o.verbose, "Checkpoints and other details, too")->excludes(quiet);
  app.add_flag("--no-progress", o.no_progress, "No progress bar");
  group(app, "Starting and going on",
        {"--overwrite", "--resume", "--weights", "--reset", "--rename"});
  add_init_option(app, o, config);
  group(app, "Looking without training",
        {"--init", "--dry-run", "--print-config", "--print-schema", "--check-gradients",
         "--find-alpha", "--preview"});
  group(app, "Several runs", {"--seeds", "--tta", "--sweep", "--random", "--folds"});
  group(app, "What is said", {"--quiet", "--verbose", "--no-progress"});
}

void add_options(CLI::App& app, EvalOptions& o) {
  app.add_option("--model", o.models,
                 "The model to score; if repeated, the models vote by the mean of their "
                 "probabilities")
      ->required()
      ->type_name("FILE")
      ->check(not_empty)
      ->allow_extra_args(false);
  CLI::Option* compare = app.add_flag(
      "--compare", o.compare,
      "Compare two models: on which images they differ, and whether one is better (McNemar's p)");
  app.add_option("--data", o.data,
                 "Directory of the data set, instead of the one the first model was trained on")
      ->type_name("DIR")
      ->check(not_empty);
  app.add_option(
         "--split", o.split,
         "Part of the data to score: test, validation or train; without it, test, or all of "
         "--data if that has one part")
      ->check(CLI::IsMember({"test", "validation", "train"}));
  add_tta_option(app, o.tta, "Test-time augmentation");
  app.add_flag("--json", o.json, "Print JSON instead of text");
  app.add_flag("--quiet", o.quiet, "Do not say how much memory is taken");
  app.add_option("--out", o.out, "Also write confusion.csv and predictions.csv there")
      ->type_name("DIR")
      ->check(not_empty)
      ->excludes(compare);
  app.add_option("--threads", o.threads, "Worker threads; 0 means all processors")
      ->check(decimal)
      ->check(CLI::Range(0, 256))
      ->type_name("N");
}

void add_options(CLI::App& app, PredictOptions& o, std::string& invert, std::string& prepare) {
  app.add_option("--model", o.model, "The model to use")
      ->required()
      ->type_name("FILE")
      ->check(not_empty);
  app.add_option("PATH", o.images,
                 "Picture files (PNG, JPEG, WebP, GIF, BMP or PNM), folders of them, @FILE (a list "
                 "of both, one per line) or - (the same on stdin)")
      ->required()
      ->type_name("");
  app.add_option("--top", o.top, "How many classes to list")
      ->check(decimal)
      ->check(CLI::Range(1, 256))
      ->type_name("K")
      ->capture_default_str();
  app.add_option("--invert", invert,
                 "Swap dark and light: auto does if the picture is dark on light and the training "
                 "set light on dark, or the other way round")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->capture_default_str();
  app.add_option(
         "--prepare", prepare,
         "auto redraws what is drawn as the training set's images are; no uses a picture of "
         "the network's size as it stands")
      ->check(CLI::IsMember({"auto", "no"}))
      ->capture_default_str();
  CLI::Option* all = app.add_flag("--all", o.all, "List all classes, with a column each in CSV");
  all->excludes(find_option(app, "--top"));
  CLI::Option* json = app.add_flag("--json", o.json, "Print JSON instead of text");
  CLI::Option* jsonl = app.add_flag("--jsonl", o.jsonl, "Print a line of JSON per picture");
  CLI::Option* csv = app.add_flag("--csv", o.csv, "Print CSV: file, class, probability");
  json->excludes(jsonl)->excludes(csv);
  jsonl->excludes(csv);
  CLI::Option* layer =
      app.add_option("--layer", o.layer, "With --npy: the layer whose outputs are written")
          ->type_name("NAME")
          ->check(not_empty);
  CLI::Option* npy =
      app.add_option("--npy", o.npy,
                     "Also write what a layer makes of the pictures as an array of numpy, and "
                     "their names into FILE.txt")
          ->type_name("FILE.npy")
          ->check(not_empty);
  layer->needs(npy);
  npy->needs(layer);
  app.add_flag("--quiet", o.quiet, "Do not say how much memory is taken");
  app.add_flag("--show", o.show, "Draw each picture, and beside it what the network sees")
      ->excludes(json)
      ->excludes(jsonl)
      ->excludes(csv);
}

void add_options(CLI::App& app, BenchOptions& o) {
  add_config_options(app, o);
  app.add_option("--threads", o.threads, "Worker threads, instead of training.threads")
      ->type_name("N");
  app.add_option("--batch", o.batch,
                 "Images in a batch, of training and of inference, instead of training.batch")
      ->type_name("N");
  app.add_option("--seconds", o.seconds, "What each part of the measurement may take")
      ->check(CLI::Range(0.01, 3600.0))
      ->type_name("S")
      ->capture_default_str();
  app.add_option("--simulate-threads", o.simulate_threads,
                 "Also estimate training on these numbers of threads, such as 1-64 or 1,2,4")
      ->type_name("A-B")
      ->check(not_empty);
  CLI::Option* ranks =
      app.add_option("--ranks", o.ranks,
                     "Also estimate training on these numbers of machines that share each batch")
          ->type_name("A-B")
          ->check(not_empty);
  CLI::Option* link =
      app.add_option("--link", o.link, "What joins them, such as 10Gbit,100us: rate and latency")
          ->type_name("RATE,LATENCY")
          ->check(not_empty);
  ranks->needs(link);
  link->needs(ranks);
  app.add_flag("--json", o.json, "Print JSON instead of text");
}

void add_options(CLI::App& app, DataOptions& o) {
  CLI::Option* config =
      app.add_option("--config", o.config, "The YAML file whose section data says what to look at")
          ->type_name("FILE")
          ->check(not_empty);
  app.add_option("DIR", o.dir, "The directory of the data set, or its CSV table")
      ->type_name("")
      ->check(not_empty)
      ->excludes(config);
  app.add_flag("--json", o.json, "Print JSON instead of text");
  app.add_option("--sheet", o.sheet, "Also draw a sheet with some pictures of each class")
      ->type_name("FILE.png")
      ->check(not_empty);
  app.add_option("--pack", o.pack,
                 "Also write the set as IDX files, which are read without decoding and may be "
                 "larger than memory")
      ->type_name("DIR")
      ->check(not_empty);
  app.add_option("--size", o.size, "Side of the images made of pictures, as data.size")
      ->check(decimal)
      ->check(CLI::Range(1, 16384))
      ->type_name("N");
  app.add_option("--fit", o.fit, "How they are brought to it, as data.fit")
      ->check(CLI::IsMember({"crop", "pad", "stretch"}));
  app.add_option("--colour", o.colour, "Their colours, as data.colour")
      ->check(CLI::IsMember({"gray", "rgb"}));
  app.add_flag("--quiet", o.quiet, "Do not say how much memory is taken");
}

void add_options(CLI::App& app, ExportOptions& o) {
  app.add_option("--model", o.model, "The model to export")
      ->required()
      ->type_name("FILE")
      ->check(not_empty);
  app.add_option("--out", o.out, "The file to write, instead of the model's name with .onnx")
      ->type_name("FILE.onnx")
      ->check(not_empty);
  CLI::Option* input =
      app.add_option("--input", o.input,
                     "Type of the pixels, which are 0 ... 255 in either: uint8, or float for "
                     "runtimes that know no bytes")
          ->check(CLI::IsMember({"uint8", "float"}))
          ->capture_default_str();
  CLI::Option* logits =
      app.add_flag("--logits", o.logits, "Give the network's outputs, too, before probabilities");
  app.add_flag("--raw", o.raw,
               "The network alone: no preprocessing (input x) and no probabilities (output logits)")
      ->excludes(input)
      ->excludes(logits);
  app.add_option("--batch", o.batch, "Images per call; any number unless given")
      ->check(decimal)
      ->check(CLI::Range(1, 65536))
      ->type_name("N");
}

void add_options(CLI::App& app, ImportOptions& o) {
  app.add_option("FILE", o.model, "The ONNX model")->required()->type_name("")->check(not_empty);
  app.add_option("--out", o.out,
                 "The configuration to write, instead of the model's name with .yaml; the weights "
                 "stand beside it")
      ->type_name("FILE.yaml")
      ->check(not_empty);
  app.add_option("--check", o.check,
                 "Feed input_0.pb of that directory and compare with output_0.pb; without --out "
                 "nothing is written. Exit code 1: they differ by more than 1e-4")
      ->type_name("DIR")
      ->check(not_empty);
}

void add_options(CLI::App& app, ReportOptions& o) {
  app.add_option("RUN", o.runs, "Run directories, or that of --seeds or --sweep")
      ->required()
      ->type_name("")
      ->check(not_empty);
  app.add_option("--model", o.model, "The model to score, instead of the run's model.safetensors")
      ->type_name("FILE")
      ->check(not_empty);
  app.add_option("--data", o.data,
                 "Directory of the data set, instead of the one the model was trained on")
      ->type_name("DIR")
      ->check(not_empty);
  app.add_option("--split", o.split,
                 "Part of the data to score: test, validation or train; without it, test where "
                 "there is one, else validation")
      ->check(CLI::IsMember({"test", "validation", "train"}));
  app.add_option("--image", o.images,
                 "Picture to follow through the network and back, besides two of the set")
      ->type_name("FILE")
      ->check(not_empty);
  app.add_option(
         "--out", o.out,
         "The page to write, instead of report.html in the run directory; several runs need it")
      ->type_name("FILE.html")
      ->check(not_empty);
  app.add_option("--threads", o.threads, "Worker threads; 0 means all processors")
      ->check(decimal)
      ->check(CLI::Range(0, 256))
      ->type_name("N");
}

// Parses with help and version set up the project's way, then runs the body. `examples` are
// command lines.
int parse_and_run(CLI::App& app, const std::vector<std::string>& examples, int argc, char** argv,
                  const std::function<int()>& body) {
  app.formatter(std::make_shared<OptionList>());
  app.set_version_flag("--version", version(), "Print the version and stop");
  app.set_help_flag("-h,--help", "Print this list and stop");
  add_completion_option(app);
  group(app, kHelpGroup, {"--help", "--version", "--completion"});
  app.footer("Examples:\n  " + join(examples, "\n  ") +
             "\n\nExit codes:\n  0 done, 2 usage or configuration, 3 data, image or model file,\n"
             "  4 training diverged, 130/143 stopped by SIGINT/SIGTERM after a checkpoint");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string name = app.get_name(), mistake = error.what();
    write_lines(stderr, name + ": error: " + shown(mistake, mistake.size()) + "; see " + name +
                            " --help\n");
    return kUsage;
  }
  return body();
}

}  // namespace

int run(int argc, char** argv, TrainOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app("Trains the convolutional neural network that a YAML file describes.",
                 "cnn-train");
    add_options(app, options);
    return parse_and_run(app,
                         {"cnn-train --init my-pictures",
                          "cnn-train --config my-pictures.yaml --set training.epochs=5"},
                         argc, argv, [&] {
                           options.resuming = app.count("--resume") > 0;
                           return body();
                         });
  };
  return guarded(std::cref(parse));
}

int run(int argc, char** argv, EvalOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app("Scores a model on a whole test set.", "cnn-eval");
    add_options(app, options);
    return parse_and_run(app,
                         {"cnn-eval --model runs/lenet/model.safetensors --out runs/lenet/test",
                          "cnn-eval --model a.safetensors --model b.safetensors --json"},
                         argc, argv, body);
  };
  return guarded(std::cref(parse));
}

int run(int argc, char** argv, PredictOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app("Classifies image files.", "cnn-predict");
    std::string invert = "auto";
    std::string prepare = "auto";
    add_options(app, options, invert, prepare);
    return parse_and_run(app,
                         {"cnn-predict --model runs/lenet/model.safetensors --show digit.png",
                          "cnn-predict --model runs/lenet/model.safetensors --csv pictures/"},
                         argc, argv, [&] {
                           options.invert = invert == "yes"  ? Invert::yes
                                            : invert == "no" ? Invert::no
                                                             : Invert::automatic;
                           options.prepare = prepare == "no" ? Prepare::no : Prepare::automatic;
                           return body();
                         });
  };
  return guarded(std::cref(parse));
}

int run(int argc, char** argv, DataOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app(
        "Looks at a data set before anything is trained: parts, classes, sizes, broken "
        "and duplicate pictures.",
        "cnn-data");
    add_options(app, options);
    return parse_and_run(
        app,
        {"cnn-data pictures/ --sheet pictures.png", "cnn-data --config pets.yaml --pack packed/"},
        argc, argv, body);
  };
  return guarded(std::cref(parse));
}

int run(int argc, char** argv, ExportOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app("Writes a model, its preprocessing included, as ONNX for any runtime.",
                 "cnn-export");
    add_options(app, options);
    return parse_and_run(app,
                         {"cnn-export --model runs/lenet/model.safetensors",
                          "cnn-export --model runs/lenet/model.safetensors --raw --out net.onnx"},
                         argc, argv, body);
  };
  return guarded(std::cref(parse));
}

int run(int argc, char** argv, ImportOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app("Reads someone else's network, as YAML and weights.", "cnn-import");
    add_options(app, options);
    return parse_and_run(
        app,
        {"cnn-import net.onnx --out net.yaml", "cnn-import model.onnx --check test_data_set_0"},
        argc, argv, body);
  };
  return guarded(std::cref(parse));
}

int run(int argc, char** argv, ReportOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app("Makes one HTML page of a run, or of several side by side.", "cnn-report");
    add_options(app, options);
    return parse_and_run(
        app, {"cnn-report runs/lenet", "cnn-report runs/lenet --split validation --out lenet.html"},
        argc, argv, body);
  };
  return guarded(std::cref(parse));
}

int run(int argc, char** argv, BenchOptions& options, const std::function<int()>& body) {
  const auto parse = [&] {
    CLI::App app("Times training and inference of a network, on random images.", "cnn-bench");
    add_options(app, options);
    return parse_and_run(app,
                         {"cnn-bench --config configs/lenet.yaml --threads 1",
                          "cnn-bench --config configs/lenet.yaml --simulate-threads 1-16"},
                         argc, argv, body);
  };
  return guarded(std::cref(parse));
}

}  // namespace cnn::app
