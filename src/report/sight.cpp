#include "report/sight.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "data/preprocessing.hpp"
#include "nn/loss.hpp"
#include "nn/traced_pass.hpp"
#include "report/close_up.hpp"
#include "report/equations.hpp"
#include "report/numbers.hpp"
#include "report/tiles.hpp"

namespace cnn::report {
namespace {

constexpr std::size_t kMapColumns = 4;
constexpr int kLargestMap = 64;   // pixels on a side; of larger ones squares of pixels are drawn
constexpr int kStripWidth = 300;  // pixels of a screen
constexpr int kKernelsWidth = 240;
constexpr int kLargestKernel = 32;  // larger ones are not drawn

// Many maps of a layer where layers are few.
std::size_t most_maps(const Network& network) {
  constexpr std::size_t kFewLayers = 24, kMany = 12, kFew = 4;
  return network.nodes().size() <= kFewLayers ? kMany : kFew;
}

// Maps as they are drawn: a vector is one map, in rows.
struct Maps {
  std::size_t all = 1;
  std::size_t shown = 1;
  Size2 size;      // as it is
  int square = 1;  // side of the squares whose mean is one pixel
};

Maps maps_of(const Shape& shape, std::size_t most) {
  constexpr int kRow = 25;
  if (shape.height == 1 && shape.width == 1) {
    const int width = std::min(shape.channels, kRow);
    return {.size = {std::min((shape.channels + width - 1) / width, 2 * kRow), width}};
  }
  const auto count = static_cast<std::size_t>(shape.channels);
  const int longer = std::max(shape.height, shape.width);
  return {count,
          std::min(count, most),
          {shape.height, shape.width},
          (longer + kLargestMap - 1) / kLargestMap};
}

// The means of squares of a map; those at its edges may be smaller.
std::vector<Real> reduced(CView map, Size2 size, int square) {
  std::vector<Real> means;
  for (int top = 0; top < size.height; top += square) {
    for (int left = 0; left < size.width; left += square) {
      const int bottom = std::min(size.height, top + square);
      const int right = std::min(size.width, left + square);
      Real sum = 0;
      for (int y = top; y < bottom; ++y) {
        for (int x = left; x < right; ++x) sum += map[static_cast<std::size_t>(y * size.width + x)];
      }
      means.push_back(sum / static_cast<Real>((bottom - top) * (right - left)));
    }
  }
  return means;
}

// Adds the picture under that name, and its width on a screen; nothing if the budget is spent.
bool add_strip(Fields& fields, const std::string& name, const Image& image, PictureBudget& budget,
               int most = kStripWidth) {
  const std::optional<std::string> uri = budget.uri(image);
  if (!uri) return false;
  constexpr int kLargestPixel = 12;
  const int pixel = std::clamp(most / image.shape.width, 1, kLargestPixel);
  fields.add(name, Fields()
                       .text("uri", *uri)
                       .text("width", std::to_string(pixel * image.shape.width))
                       .text("height", std::to_string(pixel * image.shape.height)));
  return true;
}

Image strip_of(CView values, const Maps& maps) {
  const auto size = static_cast<std::size_t>(maps.size.height * maps.size.width);
  std::vector<Real> padded(values.begin(), values.end());
  padded.resize(std::max(padded.size(), size * maps.shown));
  std::vector<std::vector<Real>> drawn;
  Real largest = 0;
  for (std::size_t k = 0; k < maps.shown; ++k) {
    drawn.push_back(reduced(CView(padded).subspan(k * size, size), maps.size, maps.square));
    largest = std::max(largest, largest_of(drawn.back()));
  }
  const auto extent = [&](int pixels) { return (pixels + maps.square - 1) / maps.square; };
  Tiles tiles(maps.shown, kMapColumns, {extent(maps.size.height), extent(maps.size.width)});
  for (const std::vector<Real>& map : drawn) tiles.add_signed(map, largest);
  return tiles.image();
}

// The first channel of the first kernels.
Image kernels_of(CView values, const Parameter& weight, bool turned) {
  constexpr std::size_t kMost = 24, kColumns = 8;
  const Size2 size{static_cast<int>(weight.dims[2]), static_cast<int>(weight.dims[3])};
  const auto count = static_cast<std::size_t>(weight.dims[0]);
  const auto plane = static_cast<std::size_t>(weight.dims[2] * weight.dims[3]);
  const std::size_t shown = std::min(count, kMost);
  const Real largest = largest_of(values);
  Tiles tiles(shown, kColumns, size);
  for (std::size_t k = 0; k < shown; ++k) {
    const CView first = values.subspan(k * (values.size() / count), plane);
    std::vector<Real> kernel(first.begin(), first.end());
    if (turned) std::reverse(kernel.begin(), kernel.end());
    tiles.add_signed(kernel, largest);
  }
  return tiles.image();
}

// W, rot180(W) and ∂J/∂W of a convolution.
void add_kernels(Fields& step, const Network& network, const TracedPass& pass,
                 const Network::Node& node, PictureBudget& budget) {
  const Parameter& weight = network.parameters()[node.first_parameter];
  if (std::max(weight.dims[2], weight.dims[3]) > kLargestKernel) return;
  const CView values = network.value(weight);
  const auto add = [&](const std::string& what, const Image& image) {
    Fields kernels;
    if (!add_strip(kernels, "strip", image, budget, kKernelsWidth)) return;
    kernels.text("what", what);
    step.add("kernels", std::move(kernels));
  };
  add("W", kernels_of(values, weight, false));
  add("rot180(W)", kernels_of(values, weight, true));
  add("∂J/∂W", kernels_of(pass.gradient(weight), weight, false));
  step.show("several_channels", weight.dims[1] > 1);
}

// The line of tensor `i`: the image, or the output of a layer.
Fields step_of(const Network& network, const TracedPass& pass, std::size_t i,
               PictureBudget& budget) {
  const Shape& shape = network.tensor_shape(i);
  const Maps maps = maps_of(shape, most_maps(network));
  Fields step;
  step.text("shape", to_string(shape)).text("shown", std::to_string(maps.shown));
  step.text("all", std::to_string(maps.all)).show("cut", maps.shown < maps.all);
  step.text("square", std::to_string(maps.square)).show("reduced", maps.square > 1);
  step.text("largest_a", fmt::format("{:.3g}", largest_of(pass.tensor(i))));
  step.text("largest_delta", fmt::format("{:.3g}", largest_of(pass.delta(i))));
  step.show("is_layer", i > 0).show("is_image", i == 0).text("layer", "image");
  add_strip(step, "a", strip_of(pass.tensor(i), maps), budget);
  add_strip(step, "delta", strip_of(pass.delta(i), maps), budget);
  if (i == 0) return step;
  const Network::Node& node = network.nodes()[i - 1];
  const Equations equations = equations_of(node);
  step.text("layer", node.spec.name).text("type", node.spec.type);
  step.text("forward", std::string(equations.forward));
  step.text("back", std::string(equations.back));
  step.text("gradient", std::string(equations.gradient));
  step.show("learns", !equations.gradient.empty());
  if (!equations.gradient.empty()) {
    const Parameter& weight = network.parameters()[node.first_parameter];
    step.text("largest_gradient", fmt::format("{:.3g}", largest_of(pass.gradient(weight))));
    if (node.spec.type == "conv") add_kernels(step, network, pass, node, budget);
  }
  return step;
}

// Σ over the channels of gradient · input.
std::vector<Real> relevance_of(const TracedPass& pass, const Shape& shape) {
  const CView gradient = pass.delta(0), input = pass.tensor(0);
  std::vector<Real> sums(input.size() / static_cast<std::size_t>(shape.channels));
  for (std::size_t i = 0; i < input.size(); ++i) sums[i % sums.size()] += gradient[i] * input[i];
  return sums;
}

Fields sight_of(const ScoredRun& run, const SeenPicture& picture, bool first,
                PictureBudget& budget) {
  const Network& network = run.network();
  const ModelInfo& info = run.info();
  const PixelTable table(info.preprocessing, info.input);
  std::vector<Real> x(info.input.size());
  table.apply(picture.pixels, x);
  TracedPass pass(network, x);
  std::vector<double> probabilities(info.classes.size());
  class_probabilities(info.config.loss, pass.output(), probabilities);
  const std::size_t predicted = arg_max(pass.output());
  const std::size_t label = picture.label.value_or(predicted);

  Fields sight;
  sight.text("name", picture.name).text("predicted", info.classes[predicted]);
  sight.text("label", info.classes[label]).text("probability", percent(probabilities[predicted]));
  sight.show("wrong", label != predicted).show("labelled", picture.label.has_value());
  add_strip(sight, "image", small_picture(picture.pixels, info.input), budget);

  // Of the decision: the output of the class that was said.
  std::vector<Real> doutput(pass.output().size());
  doutput[predicted] = 1;
  pass.go_back(doutput);
  add_strip(sight, "relevance",
            strip_of(relevance_of(pass, info.input),
                     maps_of({1, info.input.height, info.input.width}, 1)),
            budget);
  // Of the loss: the lecture's δ.
  const auto y = static_cast<std::uint16_t>(label);
  double loss = 0;
  compute_loss(info.config.loss, pass.output(), {&y, 1}, 1, {&loss, 1}, doutput);
  pass.go_back(doutput);
  sight.text("j", fmt::format("{:.4g}", loss));
  if (first) add_close_ups(sight, network, pass);
  for (std::size_t i = 0; i <= network.nodes().size(); ++i) {
    sight.add("steps", step_of(network, pass, i, budget));
  }
  return sight;
}

}  // namespace

std::vector<SeenPicture> chosen_pictures(const ScoredRun& run) {
  const std::vector<Prediction>& predictions = run.evaluation().predictions;
  std::optional<std::size_t> right, wrong;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const Prediction& p = predictions[i];
    if (p.predicted == p.label) {
      if (!right) right = i;
    } else if (!wrong || p.probability > predictions[*wrong].probability) {
      wrong = i;
    }
  }
  std::vector<SeenPicture> pictures;
  for (const std::optional<std::size_t>& place : {wrong, right}) {
    if (!place) continue;
    const std::uint32_t index = run.selection()[*place];
    const std::span<const std::uint8_t> pixels = run.dataset().image(index);
    pictures.push_back(
        {run.image_name(index), {pixels.begin(), pixels.end()}, predictions[*place].label});
  }
  return pictures;
}

void add_sight(Fields& fields, const ScoredRun& run, std::span<const SeenPicture> pictures,
               PictureBudget& budget) {
  for (const SeenPicture& picture : pictures) {
    fields.add("sights", sight_of(run, picture, &picture == &pictures.front(), budget));
  }
  fields.show("has_sight", !pictures.empty());
}

}  // namespace cnn::report
