// cnn-eval: scores a model, or several that vote, on the whole test set, or on another part of its
// data.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/comparison.hpp"
#include "apps/console.hpp"
#include "apps/output_kind.hpp"
#include "apps/ranks.hpp"
#include "apps/reading_progress.hpp"
#include "apps/report.hpp"
#include "base/collective.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "data/class_names.hpp"
#include "infer/vote.hpp"
#include "kernels/blas.hpp"
#include "run/memory_need.hpp"
#include "run/model_runner.hpp"
#include "run/scored_part.hpp"
#include "run/training_data.hpp"

namespace cnn::app {
namespace {

// Of the data of `info`, pictures as `voter` prepares them, with the classes of `info`.
PartData load_part(const EvalOptions& o, const ModelInfo& info, const ModelInfo& voter,
                   DataPart part, int threads) {
  Console console(o.quiet ? Verbosity::quiet : Verbosity::normal, !o.quiet);
  ReadOptions options;
  options.threads = threads;
  options.on_progress = reading_progress(console);
  options.preparation = preparation_of(voter);
  PartData data = load_part(info.config.data, part, info.config.training.seed, options);
  console.status("");
  adopt_classes(data.dataset, info.classes);
  require_fit(data.dataset, info);
  return data;
}

void require_part(const EvalOptions& o, const ModelInfo& info, DataPart part) {
  if (!o.data.empty() || part != DataPart::validation || info.config.data.has_validation()) return;
  throw ConfigError("error: the run of " + path_text(o.models.front()) +
                    " held out no validation set (data.validation is 0); score --split test or "
                    "train");
}

using Voters = std::vector<std::unique_ptr<ModelRunner>>;

void require_agreement(const ModelRunner& first, const ModelRunner& other) {
  const ModelInfo& a = first.model.info;
  const ModelInfo& b = other.model.info;
  if (a.input == b.input && a.classes.size() == b.classes.size()) {
    if (match_classes(a.classes, b.classes)) return;
    throw file_error(other.path, "tells other classes apart than " + path_text(first.path) + ": " +
                                     class_difference(b.classes, a.classes) +
                                     "; only models for the same go together");
  }
  const auto text = [](const ModelInfo& info) {
    return "images of " + to_string(info.input) + " and " + std::to_string(info.classes.size()) +
           " classes";
  };
  throw file_error(other.path, "is for " + text(b) + ", " + path_text(first.path) + " for " +
                                   text(a) + "; only models for the same go together");
}

void require_same_preparation(const Voters& voters) {
  const PictureOptions& first = voters.front()->model.info.config.data.source.pictures();
  for (const auto& voter : voters) {
    const PictureOptions& other = voter->model.info.config.data.source.pictures();
    if (other.size == first.size && other.fit == first.fit && other.colour == first.colour)
      continue;
    throw file_error(voter->path,
                     "prepares pictures in another way than " + path_text(voters.front()->path) +
                         " (data.size, fit or colour); only models for the same go together");
  }
}

Voters load_voters(const EvalOptions& o, Workers& workers) {
  Voters voters;
  for (const std::string& path : o.models) {
    voters.push_back(std::make_unique<ModelRunner>(path, workers));
    require_agreement(*voters.front(), *voters.back());
  }
  return voters;
}

// What scoring takes once the models are loaded: passes, images, results and their texts.
std::size_t scoring_bytes(const EvalOptions& o, const Voters& voters, const ModelInfo& info,
                          DataPart part, int workers) {
  constexpr std::size_t kPerImage = 200;
  constexpr std::size_t kPerClass = 2000;
  constexpr std::size_t kPerCell = 64;
  constexpr std::size_t kCopiesOfNames = 8;
  const SourceConfig& source = info.config.data.source;
  const bool held_out = part == DataPart::test         ? info.config.data.test > 0
                        : part == DataPart::validation ? info.config.data.holds_validation_out()
                                                       : false;
  const std::unique_ptr<DataSource> images =
      source.open(held_out && !source.has(part) ? DataPart::train : part);
  const DatasetHeader header{info.input, images->count(), images->is_mapped()};
  const std::size_t classes = voters.front()->model.info.classes.size();
  std::size_t bytes = dataset_bytes(header) + images->reading_bytes(workers) +
                      header.count * kPerImage + classes * kPerClass;
  for (const std::string& name : voters.front()->model.info.classes) {
    bytes += kCopiesOfNames * name.size();
  }
  if (classes <= kMostDense) bytes += classes * classes * kPerCell;
  if (voters.size() > 1 || o.tta != "none") {
    // Copies are not mapped.
    bytes += dataset_bytes({header.shape, header.count, false}) +
             header.count * classes * sizeof(double);
  }
  // As another model prepares them.
  if (voters.size() > 1 && source.keeps_pictures()) bytes += dataset_bytes(header);
  for (const auto& voter : voters) bytes += inference_bytes(voter->model.network, workers);
  return bytes;
}

bool is_vote(const EvalOptions& o) {
  return o.models.size() > 1 || o.tta != "none";
}

// The models and the images, which every rank reads.
struct Scoring {
  explicit Scoring(const EvalOptions& o);

  ModelInfo& info() const { return voters.front()->model.info; }
  // The images as this model prepares them: those of the first one where that is the same,
  // otherwise read into `own`.
  const PartData& part_for(const EvalOptions& o, const ModelRunner& voter,
                           std::optional<PartData>& own) const;

  Workers workers;
  Voters voters;
  DataPart which;
  PartData part;
};

Scoring::Scoring(const EvalOptions& o)
    : workers(o.threads > 0 ? o.threads : Workers::available()),
      voters(load_voters(o, workers)),
      which(choose_part(o.split, o.data, DataPart::test, info().config.data)) {
  if (info().config.data.source.keeps_pictures()) require_same_preparation(voters);
  require_part(o, info(), which);
  announce_memory(scoring_bytes(o, voters, info(), which, workers.count()), o.quiet);
  part = load_part(o, info(), info(), which, workers.count());
}

const PartData& Scoring::part_for(const EvalOptions& o, const ModelRunner& voter,
                                  std::optional<PartData>& own) const {
  const bool is_same =
      !info().config.data.source.keeps_pictures() || voter.model.info.images == info().images;
  if (is_same) return part;
  return own.emplace(load_part(o, info(), voter.model.info, which, workers.count()));
}

Evaluation score(const EvalOptions& o, const Scoring& scoring, Collective& ranks) {
  const Voters& voters = scoring.voters;
  const PartData& part = scoring.part;
  if (!is_vote(o)) {
    ModelRunner& only = *voters.front();
    Evaluation evaluation;
    with_model(only.path, [&] {
      evaluation = *evaluate(only.inference, only.model.info.config.loss, part.dataset,
                             part.selection, Inference::kNever, ranks);
    });
    return evaluation;
  }
  Vote vote(part.selection.size(), voters.front()->model.info.classes);
  const auto shifts = copies_called(o.tta);
  for (const auto& runner : voters) {
    const ModelInfo& info = runner->model.info;
    std::optional<PartData> own;
    const PartData& images = scoring.part_for(o, *runner, own);
    with_model(runner->path, [&] {
      vote.add({runner->inference, info.config.loss, info.classes}, images.dataset,
               images.selection, shifts);
    });
  }
  return vote.evaluation(part.dataset, part.selection);
}

std::string title(const EvalOptions& o, const PartData& part, DataPart which) {
  std::string text =
      std::string(part_name(which)) + " set " + display_path(part.dataset.origin.images);
  if (o.models.size() > 1 && !o.compare)
    text += ", mean of " + std::to_string(o.models.size()) + " models";
  if (o.tta == "shifts") text += ", mean of 9 shifts";
  if (o.tta == "flip") text += ", mean of mirror images";
  return text;
}

// What one of the models makes of the images, by the first one's classes.
Evaluation score_alone(const EvalOptions& o, const Scoring& scoring, std::size_t which) {
  ModelRunner& runner = *scoring.voters[which];
  std::optional<PartData> own;
  const PartData& part = scoring.part_for(o, runner, own);
  const ModelInfo& info = runner.model.info;
  Vote vote(part.selection.size(), scoring.info().classes);
  with_model(runner.path, [&] {
    vote.add({runner.inference, info.config.loss, info.classes}, part.dataset, part.selection,
             copies_called(o.tta));
  });
  return vote.evaluation(part.dataset, part.selection);
}

int compare(const EvalOptions& o, const Scoring& scoring) {
  const PartData& part = scoring.part;
  const Evaluation first = score_alone(o, scoring, 0);
  const Evaluation second = score_alone(o, scoring, 1);
  const Comparison comparison{title(o, part, scoring.which),
                              {path_text(o.models[0]), path_text(o.models[1])},
                              first,
                              second,
                              part.selection,
                              scoring.info().classes};
  write_lines(stdout, o.json ? comparison_json(comparison) : comparison_text(comparison));
  return kDone;
}

// Throws ConfigError, on all ranks, if one of them would score something else than rank 0.
void require_same_scoring(const Scoring& scoring, Collective& ranks) {
  if (ranks.is_alone()) return;
  const std::vector<std::string> all =
      ranks.texts(arithmetic() + ", " + fingerprint(scoring.part.dataset) + ", weights of " +
                  weights_fingerprint(scoring.voters.front()->model.network));
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    ranks.together([&] {
      throw ConfigError("error: rank " + std::to_string(rank) + " would score " + all[rank] +
                        "; rank 0 has " + all[0]);
    });
  }
}

int evaluate_models(const EvalOptions& o, Collective& ranks) {
  // Votes are not shared out.
  if (is_vote(o) && !ranks.is_first()) return kDone;
  Collective& sharing = is_vote(o) ? alone() : ranks;
  std::optional<Scoring> scoring;
  sharing.together([&] {
    if (o.compare && o.models.size() != 2) {
      throw ConfigError("error: --compare takes two models: --model A --model B --compare");
    }
    require_output_kind("--out", o.out, OutputKind::directory);
    if (!o.out.empty()) {
      const std::filesystem::path out = o.out;
      require_output_kind("--out", out / "confusion.csv", OutputKind::confusion);
      require_output_kind("--out", out / "predictions.csv", OutputKind::predictions);
    }
    scoring.emplace(o);
  });
  require_same_scoring(*scoring, sharing);
  const PartData& part = scoring->part;
  const DataPart which = scoring->which;
  const ModelInfo& info = scoring->info();
  if (const std::string text = left_out_text(part.dataset); !text.empty()) {
    write_lines(stderr, "warning: " + text + "\n");
  }

  if (o.compare) return compare(o, *scoring);

  const auto start = std::chrono::steady_clock::now();
  const Evaluation evaluation = score(o, *scoring, sharing);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  const EvaluationReport report{title(o, part, which),   evaluation,
                                part.selection,          info.classes,
                                part.dataset.file_names, seconds.count()};
  if (!o.out.empty() && ranks.is_first()) write_report_files(report, o.out);
  write_lines(stdout, o.json ? report_json(report) : report_text(report));
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  using cnn::app::RankedCommand;
  cnn::app::EvalOptions options;
  return RankedCommand::run([&](RankedCommand& command) {
    return cnn::app::run(argc, argv, options, [&] {
      return command.watch(
          [&](cnn::Collective& ranks) { return cnn::app::evaluate_models(options, ranks); });
    });
  });
}
