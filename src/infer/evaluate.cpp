#include "infer/evaluate.hpp"

#include <cstdint>

namespace cnn {

Evaluation evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                    const Selection& selection) {
  const std::atomic<bool> never{false};
  return *evaluate(inference, loss, dataset, selection, never);
}

std::optional<Evaluation> evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                                   const Selection& selection, const std::atomic<bool>& stop,
                                   Collective& collective) {
  require_images(dataset, selection, inference.network().input());
  require_labels(dataset, selection, inference.network().output().size());
  Evaluation result;
  result.predictions.resize(selection.size());
  std::vector<double> losses(selection.size());
  const auto part_of = [&](int rank) {
    return even_part(selection.size(), rank, collective.size());
  };
  const Part own = part_of(collective.rank());
  bool complete = false;
  collective.together([&] {
    complete = inference.run(
        own.count, [&](std::size_t i) { return dataset.image(selection[own.first + i]); },
        [&](std::size_t of_own, CView outputs) {
          const std::size_t i = own.first + of_own;
          const std::uint16_t label = dataset.labels[selection[i]];
          compute_loss(loss, outputs, {&label, 1}, 0, {&losses[i], 1}, {});
          std::vector<double> probabilities(outputs.size());
          class_probabilities(loss, outputs, probabilities);
          const std::size_t best = arg_max(outputs);
          result.predictions[i] = {label, best, probabilities[best], rank_of(label, outputs)};
        },
        stop);
  });
  if (collective.any(complete ? 0 : 1) != 0) return std::nullopt;
  collective.all_gather(std::span(losses), part_of);
  collective.all_gather(std::span(result.predictions), part_of);
  // Summed in order, whoever computed them: the same bits for any number of workers.
  for (std::size_t i = 0; i < selection.size(); ++i) {
    result.loss += losses[i];
    if (result.predictions[i].predicted == result.predictions[i].label) ++result.correct;
  }
  if (!selection.empty()) result.loss /= static_cast<double>(selection.size());
  return result;
}

}  // namespace cnn
