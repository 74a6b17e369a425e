#include "report/close_up.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "report/equations.hpp"
#include "report/tiles.hpp"

namespace cnn::report {
namespace {

// Rows of numbers.
struct Numbers {
  Size2 size;
  std::vector<Real> values;
};

// A part of a map (H, W).
Numbers cut(CView map, int width, Size2 from, Size2 size) {
  Numbers part{size, {}};
  for (int y = from.height; y < from.height + size.height; ++y) {
    for (int x = from.width; x < from.width + size.width; ++x) {
      part.values.push_back(map[static_cast<std::size_t>(y * width + x)]);
    }
  }
  return part;
}

std::string superscript(int number) {
  constexpr std::string_view kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = number < 0 ? "⁻" : "";
  for (const char digit : std::to_string(std::abs(number))) text += kDigits[digit - '0'];
  return text;
}

// What all numbers are divided by, so that none needs an exponent of its own.
int exponent_of(CView values) {
  constexpr int kLeast = -2, kMost = 3;
  const Real largest = largest_of(values);
  if (largest == 0) return 0;
  const int exponent = static_cast<int>(std::floor(std::log10(largest)));
  return exponent < kLeast || exponent > kMost ? exponent : 0;
}

void add_numbers(Fields& close_up, const std::string& caption, const Numbers& numbers) {
  const int exponent = exponent_of(numbers.values);
  const double unit = std::pow(10.0, exponent);
  Fields table;
  table.text("caption", exponent == 0 ? caption : caption + ", in 10" + superscript(exponent));
  for (int y = 0; y < numbers.size.height; ++y) {
    Fields row;
    for (int x = 0; x < numbers.size.width; ++x) {
      const Real value = numbers.values[static_cast<std::size_t>(y * numbers.size.width + x)];
      const std::string text = fmt::format("{:.3g}", static_cast<double>(value) / unit);
      Fields cell;
      cell.text("value", value == 0 ? "0" : text).show("none", value == 0);
      row.add("cells", std::move(cell));
    }
    table.add("number_rows", std::move(row));
  }
  close_up.add("tables", std::move(table));
}

// The windows of a pooling layer.
class Windows final : public OptionSink {
 public:
  explicit Windows(const Network::Node& node) { node.spec.layer->describe(*this); }

  void option(const OptionState& state) override {
    const auto* size = std::get_if<Size2>(&state.value);
    if (size == nullptr) return;
    if (state.key == "kernel") kernel = *size;
    if (state.key == "stride") stride = *size;
    if (state.key == "pad") pad = *size;
  }

  Size2 kernel;
  Size2 stride;
  Size2 pad;
};

std::size_t place_of_largest(CView values) {
  const auto found = std::max_element(values.begin(), values.end(),
                                      [](Real a, Real b) { return std::abs(a) < std::abs(b); });
  return static_cast<std::size_t>(found - values.begin());
}

// From which pixel on, and how many.
struct Part {
  int from;
  int size;
};

// Two outputs, or all there are, with `at` among them.
Part outputs_around(int at, int all) {
  const int size = std::min(2, all);
  return {std::min(at, all - size), size};
}

// What these outputs are made of.
Part inputs_of(Part outputs, int kernel, int stride, int pad, int all) {
  const int from = std::max(0, outputs.from * stride - pad);
  const int end = std::min(all, (outputs.from + outputs.size - 1) * stride - pad + kernel);
  return {from, std::max(0, end - from)};
}

bool add_pooling(Fields& fields, const Network& network, const TracedPass& pass, std::size_t i) {
  constexpr int kLargest = 4;
  const Network::Node& node = network.nodes()[i];
  const Windows windows(node);
  if (windows.kernel.height < 1 || windows.kernel.height > kLargest || windows.kernel.width < 1 ||
      windows.kernel.width > kLargest || windows.stride.height > windows.kernel.height ||
      windows.stride.width > windows.kernel.width) {
    return false;
  }
  const std::size_t input = node.inputs.front();
  const Shape& in = network.tensor_shape(input);
  const Shape& out = node.plan.output;
  const std::size_t in_plane = in.size() / static_cast<std::size_t>(in.channels);
  const std::size_t out_plane = out.size() / static_cast<std::size_t>(out.channels);
  const std::size_t largest = place_of_largest(pass.delta(i + 1));
  const std::size_t channel = largest / out_plane;
  const int place = static_cast<int>(largest % out_plane);
  const Part rows = outputs_around(place / out.width, out.height);
  const Part columns = outputs_around(place % out.width, out.width);
  const Part in_rows =
      inputs_of(rows, windows.kernel.height, windows.stride.height, windows.pad.height, in.height);
  const Part in_columns =
      inputs_of(columns, windows.kernel.width, windows.stride.width, windows.pad.width, in.width);
  const auto of_input = [&](CView tensor) {
    return cut(tensor.subspan(channel * in_plane, in_plane), in.width,
               {in_rows.from, in_columns.from}, {in_rows.size, in_columns.size});
  };
  const auto of_output = [&](CView tensor) {
    return cut(tensor.subspan(channel * out_plane, out_plane), out.width, {rows.from, columns.from},
               {rows.size, columns.size});
  };
  const Equations equations = equations_of(node);
  Fields close_up;
  close_up.text("heading", fmt::format("{}, map {}, from row {} and column {} on", node.spec.name,
                                       channel + 1, in_rows.from + 1, in_columns.from + 1));
  close_up.text("says", fmt::format("Forward: {}. Back: {}.", equations.forward, equations.back));
  add_numbers(close_up, "its input", of_input(pass.tensor(input)));
  add_numbers(close_up, "its output", of_output(pass.tensor(i + 1)));
  add_numbers(close_up, "δ of its output", of_output(pass.delta(i + 1)));
  add_numbers(close_up, "δ of its input", of_input(pass.delta(input)));
  fields.add("close_ups", std::move(close_up));
  return true;
}

void add_kernel(Fields& fields, const Network& network, const TracedPass& pass, std::size_t i) {
  constexpr std::int64_t kLargest = 7;
  const Network::Node& node = network.nodes()[i];
  const Parameter& weight = network.parameters()[node.first_parameter];
  if (weight.dims[2] > kLargest || weight.dims[3] > kLargest) return;
  const Size2 size{static_cast<int>(weight.dims[2]), static_cast<int>(weight.dims[3])};
  const auto first = [&](CView values) { return cut(values, size.width, {0, 0}, size); };
  Numbers turned = first(network.value(weight));
  std::reverse(turned.values.begin(), turned.values.end());
  Fields close_up;
  close_up.text("heading", fmt::format("{}, kernel 1{}", node.spec.name,
                                       weight.dims[1] > 1 ? ", channel 1" : ""));
  close_up.text("says",
                "Forward, W slides over the maps as it stands. On the way back rot180(W), the same "
                "numbers from the last to the first, slides over the padded δ.");
  add_numbers(close_up, "W", first(network.value(weight)));
  add_numbers(close_up, "rot180(W)", turned);
  add_numbers(close_up, "∂J/∂W", first(pass.gradient(weight)));
  fields.add("close_ups", std::move(close_up));
}

}  // namespace

void add_close_ups(Fields& fields, const Network& network, const TracedPass& pass) {
  const std::vector<Network::Node>& nodes = network.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].spec.type == "pool" && add_pooling(fields, network, pass, i)) break;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].spec.type != "conv") continue;
    add_kernel(fields, network, pass, i);
    break;
  }
}

}  // namespace cnn::report
