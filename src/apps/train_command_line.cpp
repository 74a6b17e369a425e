#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/command_parts.hpp"
#include "apps/option_list.hpp"
#include "data/selection.hpp"
#include "run/config_schema.hpp"

namespace cnn::app {
namespace {

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
      ->type_name("N")
      ->check(not_empty);
  CLI::Option* seed = app.add_option("--seed", o.seed, "Seed, instead of training.seed")
                          ->type_name("N")
                          ->check(not_empty);
  CLI::Option* dry_run =
      app.add_flag("--dry-run", o.dry_run,
                   "Check everything, run one step, print the layer table, write nothing");
  CLI::Option* print_config =
      app.add_flag("--print-config", o.print_config, "Print the resolved configuration and stop")
          ->excludes(dry_run)
          ->excludes(resume)
          ->excludes(overwrite)
          ->excludes(weights);
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
      ->excludes(weights)
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(resume)
      ->excludes(overwrite);
  app.add_flag("--report", o.report,
               "Write report.html into the run directory after each epoch, and with pictures and "
               "scores at the end; as output.report")
      ->excludes(dry_run)
      ->excludes(print_config)
      ->excludes(find_option(app, "--check-gradients"))
      ->excludes(find_option(app, "--find-alpha"))
      ->excludes(find_option(app, "--preview"));
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

}  // namespace cnn::app
