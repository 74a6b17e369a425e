#include "report/close_up.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
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
  std::vector<bool> chosen = {};  // which are marked; none if empty
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

// Three digits of the largest; none behind the point where all are whole.
int decimals_of(CView values, double unit) {
  constexpr int kDigits = 3;
  const double largest = static_cast<double>(largest_of(values)) / unit;
  if (largest == 0) return 0;
  const bool are_whole = std::ranges::all_of(values, [&](Real value) {
    const double scaled = static_cast<double>(value) / unit;
    return std::abs(scaled - std::round(scaled)) <= 1e-6 * largest;
  });
  if (are_whole) return 0;
  return std::max(0, kDigits - 1 - static_cast<int>(std::floor(std::log10(largest))));
}

void add_numbers(Fields& close_up, const std::string& caption, const Numbers& numbers) {
  const int exponent = exponent_of(numbers.values);
  const double unit = std::pow(10.0, exponent);
  const int decimals = decimals_of(numbers.values, unit);
  Fields table;
  table.text("caption", exponent == 0 ? caption : caption + ", in 10" + superscript(exponent));
  for (int y = 0; y < numbers.size.height; ++y) {
    Fields row;
    for (int x = 0; x < numbers.size.width; ++x) {
      const auto at = static_cast<std::size_t>(y * numbers.size.width + x);
      const Real value = numbers.values[at];
      const std::string text = fmt::format("{:.{}f}", static_cast<double>(value) / unit, decimals);
      const bool is_chosen = !numbers.chosen.empty() && numbers.chosen[at];
      Fields cell;
      cell.text("value", value == 0 ? "0" : text);
      cell.show("chosen", is_chosen).show("none", value == 0 && !is_chosen);
      row.add("cells", std::move(cell));
    }
    table.add("number_rows", std::move(row));
  }
  close_up.add("tables", std::move(table));
}

// The windows of a convolution or of a pooling layer.
class Windows final : public OptionSink {
 public:
  explicit Windows(const Network::Node& node) { node.spec.layer->describe(*this); }

  void option(const OptionState& state) override {
    const auto* size = std::get_if<Size2>(&state.value);
    if (size == nullptr) return;
    if (state.key == "kernel") kernel = *size;
    if (state.key == "stride") stride = *size;
    if (state.key == "pad") pad = *size;
    if (state.key == "dilation") dilation = *size;
  }

  Size2 kernel;
  Size2 stride;
  Size2 pad;
  Size2 dilation{1, 1};
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
  Numbers values = of_input(pass.tensor(input));
  Numbers deltas = of_input(pass.delta(input));
  const bool is_max = is_max_pooling(node);
  if (is_max) {
    for (const Real delta : deltas.values) values.chosen.push_back(delta != 0);
    deltas.chosen = values.chosen;
  }
  Fields close_up;
  close_up.text("heading", fmt::format("{}, map {}, from row {} and column {} on", node.spec.name,
                                       channel + 1, in_rows.from + 1, in_columns.from + 1));
  close_up.text("says", fmt::format("Forward: {}. Back: {}{}.", equations.forward, equations.back,
                                    is_max ? ", which is marked" : ""));
  add_numbers(close_up, "its input", values);
  add_numbers(close_up, "its output", of_output(pass.tensor(i + 1)));
  add_numbers(close_up, "δ of its output", of_output(pass.delta(i + 1)));
  add_numbers(close_up, "δ of its input", deltas);
  fields.add("close_ups", std::move(close_up));
  return true;
}

// Along one side: the pixels of the input that some outputs reach, counted from the first tap of
// the first of these outputs.
Part reached(Part outputs, int kernel, int pad, int all) {
  const int from = std::max(0, pad - outputs.from);
  const int end = std::min(outputs.size + kernel - 1, all + pad - outputs.from);
  return {from, end - from};
}

// The numbers with zeros around them.
Numbers padded(const Numbers& numbers, Size2 before, Size2 size) {
  Numbers result{size, std::vector<Real>(static_cast<std::size_t>(size.height * size.width))};
  for (int y = 0; y < numbers.size.height; ++y) {
    for (int x = 0; x < numbers.size.width; ++x) {
      result.values[static_cast<std::size_t>((y + before.height) * size.width + x + before.width)] =
          numbers.values[static_cast<std::size_t>(y * numbers.size.width + x)];
    }
  }
  return result;
}

// What a kernel finds that slides over the numbers.
Numbers slid_over(const Numbers& numbers, const Numbers& kernel) {
  Numbers sums{
      {numbers.size.height - kernel.size.height + 1, numbers.size.width - kernel.size.width + 1},
      {}};
  for (int y = 0; y < sums.size.height; ++y) {
    for (int x = 0; x < sums.size.width; ++x) {
      const Numbers under = cut(numbers.values, numbers.size.width, {y, x}, kernel.size);
      sums.values.push_back(std::inner_product(under.values.begin(), under.values.end(),
                                               kernel.values.begin(), Real{0}));
    }
  }
  return sums;
}

// A few δ of one map.
struct DeltaPatch {
  std::size_t map = 0;
  Part rows{};
  Part columns{};
};

// Two by two δ, or all there are, of which as many as possible are large: behind max pooling most
// are zero.
DeltaPatch telling_patch(CView delta, const Shape& shape) {
  constexpr Real kLarge = 0.1F;  // of the largest
  const std::size_t plane = shape.size() / static_cast<std::size_t>(shape.channels);
  const Real large = kLarge * largest_of(delta);
  const Size2 size{std::min(2, shape.height), std::min(2, shape.width)};
  DeltaPatch best;
  std::pair<int, Real> most{-1, 0};
  for (std::size_t map = 0; map * plane < delta.size(); ++map) {
    for (int y = 0; y + size.height <= shape.height; ++y) {
      for (int x = 0; x + size.width <= shape.width; ++x) {
        std::pair<int, Real> own{0, 0};
        for (const Real value :
             cut(delta.subspan(map * plane, plane), shape.width, {y, x}, size).values) {
          if (std::abs(value) > large) ++own.first;
          own.second += std::abs(value);
        }
        if (own <= most) continue;
        most = own;
        best = {map, {y, size.height}, {x, size.width}};
      }
    }
  }
  return best;
}

// What a few δ of a kernel's map hand down to the first map of the input.
void add_way_back(Fields& fields, const Network& network, const TracedPass& pass, std::size_t i,
                  const DeltaPatch& patch, const Numbers& turned) {
  constexpr int kLargest = 5;
  const Network::Node& node = network.nodes()[i];
  const Windows windows(node);
  const Shape& in = network.tensor_shape(node.inputs.front());
  const bool is_the_lectures = windows.stride == Size2{1, 1} && windows.dilation == Size2{1, 1};
  const int longer = std::max(turned.size.height, turned.size.width);
  if (!is_the_lectures || longer == 1 || longer > kLargest) return;
  const Shape& out = node.plan.output;
  const std::size_t plane = out.size() / static_cast<std::size_t>(out.channels);
  const Numbers delta =
      cut(pass.delta(i + 1).subspan(patch.map * plane, plane), out.width,
          {patch.rows.from, patch.columns.from}, {patch.rows.size, patch.columns.size});
  const Part rows = reached(patch.rows, turned.size.height, windows.pad.height, in.height);
  const Part columns = reached(patch.columns, turned.size.width, windows.pad.width, in.width);
  const Size2 zeros{turned.size.height - 1, turned.size.width - 1};
  const Numbers around = padded(delta, {zeros.height - rows.from, zeros.width - columns.from},
                                {rows.size + zeros.height, columns.size + zeros.width});
  Fields close_up;
  close_up.text("heading",
                fmt::format("{}, δ of map {}, from row {} and column {} on", node.spec.name,
                            patch.map + 1, patch.rows.from + 1, patch.columns.from + 1));
  close_up.text("says",
                fmt::format("Back: with zeros around these δ, rot180(W) slides over them. What it "
                            "finds is their share in δ of {}, from row {} and column {} on; the "
                            "other δ add theirs.",
                            in.channels > 1 ? "the input’s map 1" : "the input",
                            patch.rows.from - windows.pad.height + rows.from + 1,
                            patch.columns.from - windows.pad.width + columns.from + 1));
  add_numbers(close_up, "δ, padded", around);
  add_numbers(close_up, "rot180(W)", turned);
  add_numbers(close_up, "padded δ ∗ rot180(W)", slid_over(around, turned));
  fields.add("close_ups", std::move(close_up));
}

void add_kernel(Fields& fields, const Network& network, const TracedPass& pass, std::size_t i) {
  constexpr std::int64_t kLargest = 7;
  const Network::Node& node = network.nodes()[i];
  const Parameter& weight = network.parameters()[node.first_parameter];
  if (weight.dims[2] > kLargest || weight.dims[3] > kLargest) return;
  const Size2 size{static_cast<int>(weight.dims[2]), static_cast<int>(weight.dims[3])};
  const DeltaPatch patch = telling_patch(pass.delta(i + 1), node.plan.output);
  const auto of_kernel = [&](CView values) {
    const std::size_t each = weight.size / static_cast<std::size_t>(weight.dims[0]);
    return cut(values.subspan(patch.map * each), size.width, {0, 0}, size);
  };
  Numbers turned = of_kernel(network.value(weight));
  std::reverse(turned.values.begin(), turned.values.end());
  Fields close_up;
  close_up.text("heading", fmt::format("{}, kernel {}{}", node.spec.name, patch.map + 1,
                                       weight.dims[1] > 1 ? ", channel 1" : ""));
  close_up.text("says",
                "Forward, W slides over the maps as it stands. On the way back rot180(W), the same "
                "numbers from the last to the first, slides over the padded δ.");
  add_numbers(close_up, "W", of_kernel(network.value(weight)));
  add_numbers(close_up, "rot180(W)", turned);
  add_numbers(close_up, "∂J/∂W", of_kernel(pass.gradient(weight)));
  fields.add("close_ups", std::move(close_up));
  const bool has_groups = weight.dims[1] != network.tensor_shape(node.inputs.front()).channels;
  if (!has_groups) add_way_back(fields, network, pass, i, patch, turned);
}

}  // namespace

void add_close_ups(Fields& fields, const Network& network, const TracedPass& pass) {
  const std::vector<Network::Node>& nodes = network.nodes();
  const auto add_one_of = [&](bool is_max) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].spec.type == "pool" && is_max_pooling(nodes[i]) == is_max &&
          add_pooling(fields, network, pass, i)) {
        return true;
      }
    }
    return false;
  };
  if (!add_one_of(true)) add_one_of(false);  // a mean says less
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].spec.type != "conv") continue;
    add_kernel(fields, network, pass, i);
    break;
  }
}

}  // namespace cnn::report
