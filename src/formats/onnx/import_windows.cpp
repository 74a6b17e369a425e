// What slides over an image: convolutions and poolings.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "formats/onnx/importer.hpp"

namespace cnn::onnx {
namespace {

using Integers = std::vector<std::int64_t>;

std::string pair_text(std::int64_t height, std::int64_t width) {
  if (height == width) return std::to_string(height);
  return "[" + std::to_string(height) + ", " + std::to_string(width) + "]";
}

}  // namespace

// A window along one direction.
struct Importer::Axis {
  std::int64_t in, kernel, stride, dilation, begin, end;

  std::int64_t extent() const { return dilation * (kernel - 1) + 1; }
  std::int64_t rest() const { return in + begin + end - extent(); }
  std::int64_t output(bool ceil) const {
    std::int64_t out = rest() / stride + 1;
    // A window more for what is left, unless it would begin past the last pixel.
    if (ceil && rest() % stride != 0 && out * stride < in + begin) ++out;
    return out;
  }
};

// Maps, as they are read by windows.
const GraphValue& Importer::map_input(bool padded) {
  const GraphValue& value = data(0, padded);
  if (value.is_vector) fail("its input is no image: (batch, values)");
  if (value.is_nhwc && plane(value) > 1) fail("its input is (batch, height, width, channels)");
  return value;
}

Importer::Axis Importer::axis(const GraphValue& value, std::size_t k, std::int64_t kernel) {
  const auto number = [&](std::string_view name, std::size_t at, std::int64_t fallback) {
    const auto list = attribute<Integers>(name, {});
    if (list.empty()) return fallback;
    if (at >= list.size() || list.size() != (name == "pads" ? 4U : 2U)) {
      fail("attribute '" + std::string(name) + "' is not that of an image's two directions");
    }
    return list[at];
  };
  Axis axis{k == 0 ? value.shape.height : value.shape.width,
            kernel,
            number("strides", k, 1),
            number("dilations", k, 1),
            number("pads", k, 0),
            number("pads", k + 2, 0)};
  const auto in_bounds = [](std::int64_t n, std::int64_t low) {
    return n >= low && n <= kMostExtent;
  };
  if (!in_bounds(axis.kernel, 1) || !in_bounds(axis.stride, 1) || !in_bounds(axis.dilation, 1) ||
      !in_bounds(axis.begin, 0) || !in_bounds(axis.end, 0)) {
    fail("kernel, strides, dilations or pads are out of range");
  }
  const auto automatic = attribute<std::string>("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    if (value.is_padded()) fail("pads after a Pad, with auto_pad " + automatic);
    const std::int64_t out = (axis.in + axis.stride - 1) / axis.stride;
    const std::int64_t all =
        std::max<std::int64_t>(0, (out - 1) * axis.stride + axis.extent() - axis.in);
    axis.begin = automatic == "SAME_UPPER" ? all / 2 : all - all / 2;
    axis.end = all - axis.begin;
  } else if (automatic == "VALID") {
    axis.begin = axis.end = 0;
  } else if (automatic != "NOTSET" && !automatic.empty()) {
    fail("attribute 'auto_pad' is unknown: " + automatic);
  }
  if (value.is_padded()) {
    axis.begin += value.pad[k];
    axis.end += value.pad[k + 2];
  }
  if (axis.rest() < 0) fail("its window is larger than its input");
  return axis;
}

Importer::Axes Importer::axes(const GraphValue& value, const Integers& kernel) {
  return {axis(value, 0, kernel[0]), axis(value, 1, kernel[1])};
}

// top, left, bottom, right
Integers Importer::sides(const Axes& axes) {
  return {axes[0].begin, axes[1].begin, axes[0].end, axes[1].end};
}

// The same windows over an input that has their pads already.
Importer::Axes Importer::axes_within(const Axes& axes, const GraphValue& padded) {
  Axes inner = axes;
  for (Axis& axis : inner) axis.begin = axis.end = 0;
  inner[0].in = padded.shape.height;
  inner[1].in = padded.shape.width;
  return inner;
}

// A map with zeros around it, as a layer: a convolution of each channel by itself with one tap
// of 1.
GraphValue Importer::with_zeros(const GraphValue& value, const Integers& pad) {
  const std::int64_t channels = value.shape.channels;
  const Axes axes = {Axis{value.shape.height, 1, 1, 1, pad[0], pad[2]},
                     Axis{value.shape.width, 1, 1, 1, pad[1], pad[3]}};
  GraphValue before = value;
  before.pad.clear();
  add_convolution(unique_name(own_name() + "_pad"), before, axes, channels, channels,
                  std::vector<float>(static_cast<std::size_t>(channels), 1.0F));
  result_.is_shared = value.is_shared;
  result_.not_negative = value.not_negative;
  return result_;
}

// Where the pads of two sides differ, zeros before the kernel's first taps or after its last ones
// make up for the difference, which is to be a multiple of the dilation.
void Importer::add_convolution(std::string name, const GraphValue& value, const Axes& axes,
                               std::int64_t groups, std::int64_t count, std::vector<float> weight) {
  if (std::ranges::any_of(axes, [](const Axis& a) { return a.output(false) > kMostExtent; })) {
    fail("gives images that are too large");
  }
  std::array<std::int64_t, 2> before{}, size{}, pad{};
  for (std::size_t k = 0; k < 2; ++k) {
    const std::int64_t difference = std::abs(axes[k].end - axes[k].begin);
    const std::int64_t more = difference / axes[k].dilation;
    before[k] = axes[k].end > axes[k].begin ? more : 0;
    size[k] = axes[k].kernel + more;
    pad[k] = std::max(axes[k].begin, axes[k].end);
  }
  const auto taps = static_cast<std::size_t>(axes[0].kernel * axes[1].kernel);
  const std::size_t kernels = weight.size() / taps;
  const auto padded_taps = static_cast<std::size_t>(size[0] * size[1]);
  if (padded_taps != taps) {
    if (kernels > weight_budget_ / sizeof(float) / padded_taps) fail("its pads differ by too much");
    std::vector<float> padded(kernels * padded_taps);
    for (std::size_t i = 0; i < kernels; ++i) {
      for (std::int64_t y = 0; y < axes[0].kernel; ++y) {
        const auto from =
            weight.begin() + static_cast<std::ptrdiff_t>(i * taps) + y * axes[1].kernel;
        std::copy_n(from, axes[1].kernel,
                    padded.begin() + static_cast<std::ptrdiff_t>(i * padded_taps) +
                        (y + before[0]) * size[1] + before[1]);
      }
    }
    weight = std::move(padded);
  }
  const Shape output{static_cast<int>(count), static_cast<int>(axes[0].output(false)),
                     static_cast<int>(axes[1].output(false))};
  ImportedLayer& layer = add_layer("conv", std::move(name), {&value}, output);
  layer.options = {{"count", std::to_string(count)}, {"kernel", pair_text(size[0], size[1])}};
  const std::array<std::pair<const char*, std::string>, 4> others = {{
      {"stride", pair_text(axes[0].stride, axes[1].stride)},
      {"pad", pair_text(pad[0], pad[1])},
      {"groups", std::to_string(groups)},
      {"dilation", pair_text(axes[0].dilation, axes[1].dilation)},
  }};
  for (const auto& [key, text] : others) {
    if (text != (std::string_view(key) == "pad" ? "0" : "1")) layer.options.emplace_back(key, text);
  }
  add_tensor(layer, "weight", std::move(weight));
}

void Importer::convolution() {
  GraphValue value = map_input(true);
  const Dims dims = constant_input(1).dims;
  if (dims.size() != 4) fail("its weights are " + to_string(dims) + ", not those of images");
  const auto groups = attribute<std::int64_t>("group", 1);
  if (groups < 1 || dims[0] < 1 || dims[0] > kMostExtent || dims[0] % groups != 0 || dims[1] < 1 ||
      value.shape.channels % groups != 0 || dims[1] != value.shape.channels / groups) {
    fail("its weights " + to_string(dims) + " do not fit its input " + to_string(value.shape));
  }
  Axes windows = axes(value, {dims[2], dims[3]});
  const auto kernel = attribute<Integers>("kernel_shape", {});
  if (!kernel.empty() && kernel != Integers{dims[2], dims[3]}) {
    fail("attribute 'kernel_shape' is not that of its weights");
  }
  std::vector<float> bias;
  if (has_input(2)) {
    bias = floats(2);
    if (bias.size() != static_cast<std::size_t>(dims[0])) fail("its bias does not fit");
  }
  if (std::ranges::any_of(windows,
                          [](const Axis& a) { return (a.end - a.begin) % a.dilation != 0; })) {
    value = with_zeros(value, sides(windows));
    windows = axes_within(windows, value);
  }
  add_convolution(name_by_weight(1), value, windows, groups, dims[0], floats(1));
  if (!bias.empty()) add_tensor(network_.layers.back(), "bias", std::move(bias));
}

void Importer::pool(bool is_max) {
  GraphValue value = map_input(true);
  if (node_->outputs.size() > 1 && !node_->outputs[1].empty()) fail("gives indices, too");
  const auto kernel = attribute<Integers>("kernel_shape", {});
  if (kernel.size() != 2) fail("attribute 'kernel_shape' is not that of an image's two directions");
  Axes windows = axes(value, kernel);
  if (windows[0].dilation != 1 || windows[1].dilation != 1) {
    fail("attribute 'dilations': poolings have none here, only 1");
  }
  const bool ceil = attribute<std::int64_t>("ceil_mode", 0) != 0;
  const auto has_more_windows = [&] {
    return ceil && std::ranges::any_of(
                       windows, [](const Axis& a) { return a.output(true) != a.output(false); });
  };
  const bool counts = !is_max && attribute<std::int64_t>("count_include_pad", 0) != 0;
  // A Pad's zeros are pixels; the pooling's own pads are none, unless they are counted.
  if (value.is_padded() && !counts &&
      (is_max ? !value.not_negative : sides(windows) != value.pad || has_more_windows())) {
    value = with_zeros(value, std::exchange(value.pad, {}));
    windows = axes(value, kernel);
  }
  const bool has_pads = sides(windows) != Integers{0, 0, 0, 0};
  const auto add_zeros = [&] {
    const Integers outputs = {windows[0].output(ceil), windows[1].output(ceil)};
    value = with_zeros(value, sides(windows));
    windows = axes_within(windows, value);
    if (outputs != Integers{windows[0].output(ceil), windows[1].output(ceil)}) {
      fail("attribute 'ceil_mode': its last window would begin in the pads");
    }
  };
  if (is_max || !has_pads || (!counts && !value.is_padded())) {
    if (is_max && value.not_negative && !fits_pool(windows, ceil)) add_zeros();
    return add_pool(is_max ? "max" : "avg", value, windows, ceil);
  }
  if (has_more_windows()) {
    add_zeros();
    return add_pool("avg", value, windows, ceil);
  }
  // The mean of what is there and zeros is a convolution of each channel by itself.
  const std::int64_t taps = kernel[0] * kernel[1];
  const auto channels = static_cast<std::int64_t>(value.shape.channels);
  if (taps > static_cast<std::int64_t>(weight_budget_) / 4 / channels) {
    fail("its window is too large");
  }
  add_convolution(own_name(), value, windows, channels, channels,
                  std::vector<float>(static_cast<std::size_t>(taps * channels),
                                     1.0F / static_cast<float>(taps)));
}

// The layer's pad is that of the first side, less than the kernel; the other must not make another
// number of windows.
bool Importer::fits_pool(const Axes& axes, bool ceil, bool layer_ceil) {
  return std::ranges::all_of(axes, [&](const Axis& given) {
    Axis of_layer = given;
    of_layer.end = of_layer.begin;
    return given.begin < given.kernel && of_layer.rest() >= 0 &&
           of_layer.output(layer_ceil) == given.output(ceil);
  });
}

bool Importer::fits_pool(const Axes& axes, bool ceil) {
  return fits_pool(axes, ceil, false) || fits_pool(axes, ceil, true);
}

void Importer::add_pool(const char* type, const GraphValue& value, const Axes& axes, bool ceil) {
  if (!fits_pool(axes, ceil)) fail("pads of two sides that differ as no pool can");
  const Shape output{value.shape.channels, static_cast<int>(axes[0].output(ceil)),
                     static_cast<int>(axes[1].output(ceil))};
  const bool not_negative = value.not_negative;
  ImportedLayer& layer = add_layer("pool", own_name(), {&value}, output);
  layer.options = {{"type", type}, {"kernel", pair_text(axes[0].kernel, axes[1].kernel)}};
  if (axes[0].stride != axes[0].kernel || axes[1].stride != axes[1].kernel) {
    layer.options.emplace_back("stride", pair_text(axes[0].stride, axes[1].stride));
  }
  if (axes[0].begin + axes[1].begin > 0) {
    layer.options.emplace_back("pad", pair_text(axes[0].begin, axes[1].begin));
  }
  if (!fits_pool(axes, ceil, false)) layer.options.emplace_back("round", "ceil");
  result_.not_negative = not_negative;
}

void Importer::max_pool() {
  pool(true);
}

void Importer::average_pool() {
  pool(false);
}

void Importer::global_pool(const char* type) {
  const GraphValue& value = map_input(false);
  ImportedLayer& layer = add_layer("pool", own_name(), {&value}, {value.shape.channels, 1, 1});
  layer.options = {{"type", type}, {"global", "true"}};
}

void Importer::global_max_pool() {
  global_pool("max");
}

void Importer::global_average_pool() {
  global_pool("avg");
}

// The mean or the maximum of each map.
void Importer::reduce_maps() {
  const Integers axes = axes_of_maps(integers_or_attribute(1, "axes"));
  if (axes.empty()) fail("only that over height and width has a layer");
  const GraphValue value = data(0);
  const std::int64_t height = value.is_nhwc ? 1 : 2;
  Shape output = value.shape;
  for (const std::int64_t axis : axes) (axis == height ? output.height : output.width) = 1;
  ImportedLayer& layer = add_layer("pool", own_name(), {&value}, output);
  layer.options = {{"type", node_->op == "ReduceMax" ? "max" : "avg"}};
  if (output.height == 1 && output.width == 1) {
    layer.options.emplace_back("global", "true");
  } else {
    layer.options.emplace_back(
        "kernel", pair_text(value.shape.height / output.height, value.shape.width / output.width));
  }
  result_.gone = value.gone;
  if (attribute<std::int64_t>("keepdims", 1) == 0) lose_axes(axes);
}

}  // namespace cnn::onnx
