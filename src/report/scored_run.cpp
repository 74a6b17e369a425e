#include "report/scored_run.hpp"

#include "base/text.hpp"
#include "formats/tensor_file.hpp"
#include "nn/loss.hpp"
#include "run/scored_part.hpp"

namespace cnn::report {
namespace {

std::string arithmetic_of(const std::filesystem::path& model) {
  const TensorFile file = read_tensors(model);
  const auto found = file.metadata.find("arithmetic");
  return found == file.metadata.end() ? std::string() : shown(found->second, found->second.size());
}

}  // namespace

ScoredRun::ScoredRun(const std::filesystem::path& model, Workers& workers)
    : runner_(model, workers), arithmetic_(arithmetic_of(model)) {}

void ScoredRun::score(const ScoreOptions& options, KeptPart& kept) {
  DataConfig data = info().config.data;
  part_ = choose_part(options.split, options.data, std::nullopt, data);
  data_ = kept.read(info(), data, part_, options.threads);
  with_model(runner_.path, [&] {
    evaluation_ = evaluate(runner_.inference, info().config.loss, dataset(), selection());
  });
}

std::string ScoredRun::image_name(std::uint32_t index) const {
  const Dataset& data = dataset();
  if (data.file_names.empty()) return "no. " + std::to_string(index);
  const std::filesystem::path file = data.file_names[index];
  return (file.parent_path().filename() / file.filename()).string();
}

std::vector<std::vector<double>> ScoredRun::probabilities(const std::vector<std::size_t>& places) {
  std::vector<std::vector<double>> result(places.size(),
                                          std::vector<double>(info().classes.size()));
  with_model(runner_.path, [&] {
    runner_.inference.run(
        places.size(), [&](std::size_t i) { return dataset().image(selection()[places[i]]); },
        [&](std::size_t i, CView outputs) {
          class_probabilities(info().config.loss, outputs, result[i]);
        });
  });
  return result;
}

}  // namespace cnn::report
