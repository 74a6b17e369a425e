#include "apps/gradient_report.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include "apps/app.hpp"
#include "apps/signals.hpp"
#include "base/text.hpp"
#include "data/epoch_order.hpp"
#include "data/preprocessing.hpp"
#include "run/loss_weights.hpp"

namespace cnn::app {
namespace {

constexpr std::size_t kMostImages = 4;

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::agrees:
      return "ok";
    case Verdict::differs:
      return "OFF";
    case Verdict::unclear:
      return "? J is too flat, or bends too sharply, to tell";
  }
  return "";
}

void print(const std::string& text) {
  write_lines(stdout, text);
}

void print_heading() {
  print(fmt::format(" {:>2}  {:<12} {:<10} {:<8} {:>10} {:>8} {:>9}\n", "#", "layer", "type",
                    "gradient", "values", "checked", "error"));
}

void print_row(const Network& network, const GradientComparison& c) {
  const LayerSpec& spec = network.nodes()[c.layer].spec;
  print(fmt::format(" {:>2}  {:<12} {:<10} {:<8} {:>10} {:>8} {:>9.1e}  {}\n", c.layer + 1,
                    spec.name, spec.type, c.gradient, c.values, c.checked, c.error,
                    verdict_text(c.verdict)));
}

}  // namespace

int report_gradients(GradientChecker& checker, const StopSwitch& stop) {
  const Network& network = checker.network();
  std::vector<GradientComparison> layers;
  std::vector<GradientComparison> parameters;
  print(
      fmt::format("backpropagation against central differences; errors up to {:g} are rounding\n"
                  "each layer by itself, on numbers drawn for it\n",
                  kGradientTolerance));
  print_heading();
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    for (const GradientComparison& c : checker.check_layer(i)) {
      print_row(network, c);
      layers.push_back(c);
    }
    if (stop.stop.load()) return 128 + stop_signal();
  }
  print(fmt::format("J of the whole network on images of the training set: {:.6f}\n",
                    checker.loss()));
  for (std::size_t i = 0; i < network.parameters().size(); ++i) {
    if (!network.parameters()[i].is_learnt() || network.parameters()[i].frozen) continue;
    parameters.push_back(checker.check_parameter(i));
    print_row(network, parameters.back());
    if (stop.stop.load()) return 128 + stop_signal();
  }
  const std::string complaint = gradient_complaint(network, layers, parameters);
  if (!complaint.empty()) {
    write_lines(stderr, complaint + "\n");
    return kGradientsWrong;
  }
  const bool all = std::all_of(parameters.begin(), parameters.end(),
                               [](const auto& c) { return c.verdict == Verdict::agrees; });
  print(all ? "all agree\n"
            : "nothing disagrees; where J cannot tell (?), the layer by itself agrees\n");
  return kDone;
}

int report_gradients(const ModelInfo& info, Network& network, const TrainingData& data,
                     const StopSwitch& stop) {
  const TrainingConfig& training = info.config.training;
  Selection order = epoch_order(data.split.train, training.shuffle, training.seed, 0);
  order.resize(std::min({order.size(), kMostImages, static_cast<std::size_t>(training.batch)}));
  const PixelTable table(info.preprocessing, network.input());
  const std::size_t size = network.input().size();
  std::vector<Real> images(order.size() * size);
  std::vector<std::uint16_t> labels;
  for (std::size_t i = 0; i < order.size(); ++i) {
    table.apply(data.dataset.image(order[i]), View(images).subspan(i * size, size));
    labels.push_back(data.dataset.labels[order[i]]);
  }
  GradientChecker checker(
      {.network = network,
       .loss = info.config.loss,
       .images = images,
       .labels = labels,
       .loss_options = make_loss_options(training, info.classes, data.dataset, data.split.train),
       .seed = training.seed});
  return report_gradients(checker, stop);
}

}  // namespace cnn::app
