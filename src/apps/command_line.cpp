#include "apps/command_line.hpp"

#include <cmath>
#include <cstdlib>

#include "apps/app.hpp"
#include "apps/command_parts.hpp"
#include "apps/option_list.hpp"

namespace cnn::app {
namespace {

// CLI::Range lets it pass.
std::string not_nan(const std::string& text) {
  return std::isnan(std::strtod(text.c_str(), nullptr)) ? "must be a number" : "";
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
      ->check(not_nan)
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

}  // namespace

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
