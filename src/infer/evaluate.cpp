#include "infer/evaluate.hpp"

#include <cstdint>

namespace cnn {

Evaluation evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                    const Selection& selection) {
  const std::atomic<bool> never{false};
  return *evaluate(inference, loss, dataset, selection, never);
}

std::optional<Evaluation> evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                                   const Selection& selection, const std::atomic<bool>& stop) {
  require_images(dataset, selection, inference.network().input());
  require_labels(dataset, selection, inference.network().output().size());
  Evaluation result;
  result.predictions.resize(selection.size());
  std::vector<double> losses(selection.size());
  const bool complete = inference.run(
      selection.size(), [&](std::size_t i) { return dataset.image(selection[i]); },
      [&](std::size_t i, CView outputs) {
        const std::uint16_t label = dataset.labels[selection[i]];
        compute_loss(loss, outputs, {&label, 1}, 0, {&losses[i], 1}, {});
        std::vector<double> probabilities(outputs.size());
        class_probabilities(loss, outputs, probabilities);
        const std::size_t best = arg_max(outputs);
        result.predictions[i] = {label, best, probabilities[best], rank_of(label, outputs)};
      },
      stop);
  if (!complete) return std::nullopt;
  // Summed in order, whoever computed them: the same bits for any number of workers.
  for (std::size_t i = 0; i < selection.size(); ++i) {
    result.loss += losses[i];
    if (result.predictions[i].predicted == result.predictions[i].label) ++result.correct;
  }
  if (!selection.empty()) result.loss /= static_cast<double>(selection.size());
  return result;
}

}  // namespace cnn
