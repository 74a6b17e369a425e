// What changes shapes, and the small computations of shapes that tools write into graphs.

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "formats/onnx/importer.hpp"
#include "formats/onnx/reader.hpp"

namespace cnn::onnx {
namespace {

using Integers = std::vector<std::int64_t>;

constexpr std::int64_t kMostValues = std::int64_t{1} << 31;

Tensor with_dims(const Tensor& tensor, Dims dims) {
  Tensor copy = tensor;
  copy.dims = std::move(dims);
  return copy;
}

// Pads of some axes of four as those of all, zeros for the others; nothing where they do not fit.
Integers of_all_axes(const Integers& pads, const Integers& axes) {
  constexpr std::int64_t kRank = 4;
  Integers all(2 * kRank);
  if (pads.size() != 2 * axes.size()) return {};
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::int64_t axis = axes[k] < 0 ? axes[k] + kRank : axes[k];
    if (axis < 0 || axis >= kRank) return {};
    all[static_cast<std::size_t>(axis)] = pads[k];
    all[static_cast<std::size_t>(axis + kRank)] = pads[k + axes.size()];
  }
  return all;
}

bool is_float(ElementType type) {
  return type == ElementType::float32 || type == ElementType::float64 ||
         type == ElementType::float16;
}

}  // namespace

std::vector<float> transposed(const std::vector<float>& from, std::size_t rows) {
  if (from.empty()) return {};
  const std::size_t columns = from.size() / rows;
  std::vector<float> to(from.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
  }
  return to;
}

void Importer::flatten() {
  const std::int64_t rank = data(0).is_vector ? 2 : 4;
  const auto axis = attribute<std::int64_t>("axis", 1);
  if (axis != 1 && axis != 1 - rank) fail("only axis 1 keeps the batch");
  pass(0);
  result_.is_vector = true;
}

// Values of a shape that is put together from others.
constexpr std::size_t kLongestShape = 16;

void Importer::set_dims(Dims dims) {
  const Tensor& tensor = constant_input(0);
  charge(tensor.own.size());
  result_ = {};
  result_.kind = GraphValue::Kind::constant;
  result_.tensor = std::make_shared<Tensor>(with_dims(tensor, std::move(dims)));
}

void Importer::reshape(std::vector<std::int64_t> shape) {
  const GraphValue& value = data(0);
  const auto size = static_cast<std::int64_t>(value.shape.size());
  const bool keeps_batch = !shape.empty() && (shape[0] == -1 || shape[0] == 0 ||
                                              shape[0] == batch_ || (batch_ < 0 && shape[0] == 1));
  if (!keeps_batch || (shape.size() != 2 && shape.size() != 4)) {
    fail("does not keep the batch and give (batch, values) or an image: " + to_string(shape));
  }
  const bool is_map = shape.size() == 4;
  if (is_map != value.is_vector && shape[1] == 0) shape[1] = is_map ? value.shape.channels : size;
  std::int64_t known = 1;
  for (std::size_t k = 1; k < shape.size(); ++k) {
    if (shape[k] < -1 || shape[k] == 0 || shape[k] > size) fail("is not of the input's size");
    if (shape[k] > 0) known *= shape[k];
    if (known > size) fail("is not of the input's size");
  }
  for (std::size_t k = 1; k < shape.size(); ++k) {
    if (shape[k] != -1) continue;
    if (known < 1 || size % known != 0) fail("is not of the input's size");
    shape[k] = size / std::exchange(known, size);
  }
  if (known != size) fail("is not of the input's size");
  GraphValue given = value;
  pass(0);
  result_.is_vector = !is_map;
  if (!is_map) return;
  const Shape to{static_cast<int>(shape[1]), static_cast<int>(shape[2]),
                 static_cast<int>(shape[3])};
  const Shape nhwc{to.width, to.channels, to.height};
  if (!given.is_nhwc && given.shape == to) return;
  if (given.is_nhwc && given.shape == nhwc) return;
  // One channel is the same numbers in either order.
  const bool has_one = given.shape.channels == 1;
  if (has_one && (given.shape == to || given.shape == nhwc)) {
    result_.is_nhwc = given.shape != to;
    return;
  }
  if (given.kind == GraphValue::Kind::image && !given.is_vector && !given.is_turned &&
      !given.is_nhwc && given.shape.width == 1 && given.mean.size() == 1 &&
      given.scale.size() == 1 && to == Shape{1, given.shape.channels, given.shape.height}) {
    result_.shape = to;
    result_.is_turned = true;
    return;
  }
  if (given.kind == GraphValue::Kind::image && given.is_vector) {
    result_.shape = to;
    if (shape[3] == 1) {
      result_.shape = nhwc;
      result_.is_nhwc = true;
    }
    return;
  }
  fail("makes another image of " + to_string(given.shape));
}

void Importer::reshape_node() {
  Integers shape = has_input(1) ? integers(1) : attribute<Integers>("shape", {});
  if (!is_constant(0)) return reshape(std::move(shape));
  const Tensor& tensor = constant_input(0);
  std::int64_t count = 1, known = 1;
  for (const std::int64_t extent : tensor.dims) {
    if (extent < 1 || count > kMostValues / extent) fail("its constant is too large");
    count *= extent;
  }
  for (std::size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] == 0 && k < tensor.dims.size()) shape[k] = tensor.dims[k];
    if (shape[k] == 0 || shape[k] < -1 || shape[k] > count || known > count) fail("does not fit");
    if (shape[k] > 0) known *= shape[k];
  }
  for (std::int64_t& extent : shape) {
    if (extent == -1) extent = count / known;
  }
  set_dims(std::move(shape));
}

std::vector<std::int64_t> Importer::integers_or_attribute(std::size_t k, std::string_view name) {
  return has_input(k) ? integers(k) : attribute<Integers>(name, {});
}

// The axes of height and width, 1 to 3, that the node means, in their order. None: it means others.
Integers Importer::axes_of_maps(const Integers& given) {
  const GraphValue& value = data(0);
  const Integers known = value.is_nhwc ? Integers{1, 2} : Integers{2, 3};
  const std::int64_t rank = value.gone > 0 ? 3 : 4;
  Integers axes;
  for (std::int64_t axis : given) {
    if (axis < 0) axis += rank;
    if (value.gone > 0 && axis >= value.gone && axis < rank) ++axis;
    if (value.is_vector || axis == value.gone || std::ranges::count(known, axis) == 0 ||
        std::ranges::count(axes, axis) > 0) {
      return {};
    }
    axes.push_back(axis);
  }
  std::ranges::sort(axes);
  return axes;
}

// A value of neither height nor width is a vector.
void Importer::lose_axes(const Integers& axes) {
  result_.is_vector = result_.gone > 0 || axes.size() == 2;
  result_.gone = result_.is_vector ? 0 : axes.front();
}

void Importer::squeeze() {
  const Integers given = integers_or_attribute(1, "axes");
  if (is_constant(0)) {
    Dims dims = constant_input(0).dims;
    std::erase(dims, 1);
    return set_dims(std::move(dims));
  }
  const Integers axes = axes_of_maps(given);
  if (axes.empty() || plane(data(0)) != 1) fail("only height and width of 1 can go");
  pass(0);
  lose_axes(axes);
}

void Importer::unsqueeze() {
  Integers axes = integers_or_attribute(1, "axes");
  if (is_constant(0)) {
    Dims dims = constant_input(0).dims;
    constexpr std::size_t kDeepest = 8;
    if (dims.size() + axes.size() > kDeepest) fail("has more than 8 axes");
    const auto rank = static_cast<std::int64_t>(dims.size() + axes.size());
    for (std::int64_t& axis : axes) axis += axis < 0 ? rank : 0;
    std::ranges::sort(axes);
    for (const std::int64_t axis : axes) {
      if (axis < 0 || axis > static_cast<std::int64_t>(dims.size())) fail("axes are out of range");
      dims.insert(dims.begin() + axis, 1);
    }
    return set_dims(std::move(dims));
  }
  for (std::int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
  std::ranges::sort(axes);
  if (!data(0).is_vector || plane(data(0)) != 1 || axes != Integers{2, 3}) {
    fail("only height and width can be added");
  }
  pass(0);
  result_.is_vector = false;
}

// Of a matrix, in shapes.
void Importer::transpose_integers() {
  const Dims dims = constant_input(0).dims;
  const Integers from = integers(0);
  if (from.empty() || from.size() > kLongestShape) fail("only matrices of weights are transposed");
  Integers to;
  for (std::int64_t j = 0; j < dims[1]; ++j) {
    for (std::int64_t i = 0; i < dims[0]; ++i) {
      to.push_back(from[static_cast<std::size_t>(i * dims[1] + j)]);
    }
  }
  set_constant({dims[1], dims[0]}, to);
}

void Importer::transpose() {
  const auto perm = attribute<Integers>("perm", {});
  if (is_constant(0)) {
    const Tensor& tensor = constant_input(0);
    if (tensor.dims.size() != 2 || (!perm.empty() && perm != Integers{1, 0})) {
      fail("only matrices of weights are transposed");
    }
    const Dims dims = {tensor.dims[1], tensor.dims[0]};
    if (!is_float(tensor.type)) return transpose_integers();
    charge(2 * tensor.data().size());  // numbers of 16 bits become floats
    const std::vector<float> values =
        transposed(floats(0), static_cast<std::size_t>(std::max<std::int64_t>(tensor.dims[0], 0)));
    result_ = {};
    result_.tensor = std::make_shared<Tensor>(constant({}, dims, std::span(values)));
    return;
  }
  const GraphValue value = data(0, true);
  pass(0);
  if (perm == Integers{0, 1} || perm == Integers{0, 1, 2, 3}) return;
  const bool to_nchw = perm == Integers{0, 3, 1, 2}, to_nhwc = perm == Integers{0, 2, 3, 1};
  if (value.is_vector || (!to_nchw && !to_nhwc) || (to_nhwc && value.is_nhwc)) {
    fail("only changes between (channels, height, width) and (height, width, channels) are known");
  }
  if (to_nhwc || value.is_nhwc) {
    result_.is_nhwc = to_nhwc;
  } else if (value.kind == GraphValue::Kind::image && !value.is_turned && value.mean.size() == 1 &&
             value.scale.size() == 1 && !value.is_padded()) {
    result_.is_turned = true;
    result_.shape = {value.shape.width, value.shape.channels, value.shape.height};
  } else {
    fail("takes an image of (channels, height, width) for one of (height, width, channels)");
  }
}

void Importer::pad() {
  const GraphValue& value = data(0, true);
  Integers pads = integers_or_attribute(1, "pads");
  const auto mode = attribute<std::string>("mode", "constant");
  const bool is_zero =
      attribute<float>("value", 0) == 0 && (!has_input(2) || floats(2) == std::vector<float>{0});
  if (mode != "constant" || !is_zero) fail("only zeros can be added");
  if (has_input(3)) pads = of_all_axes(pads, integers(3));
  // (batch, channels, height, width), or channels last
  const std::size_t height = value.is_nhwc ? 1 : 2, channels = value.is_nhwc ? 3 : 1;
  if (value.is_vector || pads.size() != 8 || pads[0] != 0 || pads[4] != 0 || pads[channels] != 0 ||
      pads[4 + channels] != 0) {
    fail("only height and width can be padded");
  }
  Integers sides = {pads[height], pads[height + 1], pads[height + 4], pads[height + 5]};
  for (std::size_t k = 0; k < sides.size(); ++k) {
    if (sides[k] < 0 || sides[k] > kMostExtent) fail("pads are out of range");
    if (value.is_padded()) sides[k] += value.pad[k];
  }
  pass(0);
  if (sides != Integers{0, 0, 0, 0}) result_.pad = sides;
}

void Importer::identity() {
  if (node_->op == "Dropout") {
    if (node_->outputs.size() > 1 && !node_->outputs[1].empty() &&
        readers_.contains(node_->outputs[1])) {
      fail("its mask is read");
    }
    data(0);
  }
  pass(0);
}

void Importer::cast() {
  const auto to = static_cast<ElementType>(attribute<std::int64_t>("to", 1));
  const bool fits =
      is_constant(0) ? is_float(to) == is_float(constant_input(0).type) : is_float(to);
  if (!fits) fail("only between floats, or of an image's bytes to floats");
  if (!is_constant(0) && to == ElementType::float16) {
    fail("rounds to 16 bits; export the network with numbers of 32 bits");
  }
  pass(0);
  result_.is_integer = false;
}

void Importer::constant_node() {
  result_ = {};
  if (const Attribute* number = find("value_float")) {
    const std::array<float, 1> one = {attribute<float>(number->name, 0)};
    result_.tensor = std::make_shared<Tensor>(constant({}, {}, std::span<const float>(one)));
  } else if (find("value_int") != nullptr) {
    const std::array<std::int64_t, 1> one = {attribute<std::int64_t>("value_int", 0)};
    set_constant({}, one);
  } else if (find("value_ints") != nullptr) {
    const auto list = attribute<Integers>("value_ints", {});
    set_constant({static_cast<std::int64_t>(list.size())}, list);
  } else {
    result_.tensor = std::make_shared<Tensor>(attribute<Tensor>("value", {}));
  }
}

std::vector<std::int64_t> Importer::dims_of_input() {
  if (is_constant(0)) {
    const Dims dims = constant_input(0).dims;
    return {dims.begin(), dims.end()};
  }
  const GraphValue& value = data(0);
  const Shape& shape = value.shape;
  if (value.is_vector) return {batch_, static_cast<std::int64_t>(shape.size())};
  if (value.is_nhwc) return {batch_, shape.height, shape.width, shape.channels};
  return {batch_, shape.channels, shape.height, shape.width};
}

// Of the dimensions from `start` on, those before `end`; negative ones count from the last.
void Importer::shape() {
  const Integers dims = dims_of_input();
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto place = [&](const char* name, std::int64_t otherwise) {
    const auto given = attribute<std::int64_t>(name, otherwise);
    return std::clamp<std::int64_t>(given < 0 ? given + rank : given, 0, rank);
  };
  const std::int64_t first = place("start", 0);
  const std::int64_t last = std::max(first, place("end", rank));
  const Integers part(dims.begin() + first, dims.begin() + last);
  set_constant({static_cast<std::int64_t>(part.size())}, part);
}

// Of shapes: integers of one length, or a single one with each of the others.
void Importer::compute_integers() {
  const Tensor& first = constant_input(0);
  const Tensor& second = constant_input(1);
  if (is_float(first.type) || is_float(second.type)) {
    fail("computes with constants; export the network with constants folded");
  }
  const Integers a = integers(0), b = integers(1);
  const bool fits = a.size() == b.size() || a.size() == 1 || b.size() == 1;
  const std::size_t count = a.size() == 1 ? b.size() : a.size();
  if (!fits || count == 0 || count > kLongestShape || first.dims.size() > 1 ||
      second.dims.size() > 1) {
    fail("is known for shapes only");
  }
  // A negative number may be the batch, which is known when the network runs.
  const auto in_bounds = [](std::int64_t n) { return n >= 0 && n <= kMostValues; };
  Integers result(count);
  for (std::size_t k = 0; k < count; ++k) {
    const std::int64_t x = a[a.size() == 1 ? 0 : k], y = b[b.size() == 1 ? 0 : k];
    if (!in_bounds(x) || !in_bounds(y) || (node_->op == "Div" && y == 0)) {
      fail("its numbers are out of range");
    }
    result[k] = node_->op == "Add"   ? x + y
                : node_->op == "Sub" ? x - y
                : node_->op == "Mul" ? x * y
                                     : x / y;
  }
  set_constant(
      first.dims.size() < second.dims.size() || count != a.size() ? second.dims : first.dims,
      result);
}

void Importer::gather() {
  const Integers from = integers(0);
  const Dims dims = constant_input(1).dims;
  Integers places = integers(1);
  if (attribute<std::int64_t>("axis", 0) != 0 || constant_input(0).dims.size() != 1 ||
      dims.size() > 1 || places.size() > kLongestShape) {
    fail("is known for shapes only");
  }
  for (std::int64_t& place : places) {
    const auto count = static_cast<std::int64_t>(from.size());
    place += place < 0 ? count : 0;
    if (place < 0 || place >= count) fail("reads beyond the end");
    place = from[static_cast<std::size_t>(place)];
  }
  set_constant(dims, places);
}

// Of integers, which may be a matrix: some of its rows, also from the last to the first.
void Importer::slice() {
  const Integers from = integers(0);
  const Dims dims = constant_input(0).dims;
  const Integers starts = integers_or_attribute(1, "starts");
  const Integers ends = integers_or_attribute(2, "ends");
  const Integers axes = integers_or_attribute(3, "axes");
  const Integers steps = has_input(4) ? integers(4) : Integers{1};
  const auto rank = static_cast<std::int64_t>(dims.size());
  if (starts.size() != 1 || ends.size() != 1 || rank < 1 || rank > 2 ||
      (!axes.empty() && axes != Integers{0} && axes != Integers{-rank}) ||
      (steps != Integers{1} && steps != Integers{-1}) || from.size() > kLongestShape ||
      from.empty()) {
    fail("is known for shapes only");
  }
  const std::int64_t count = dims[0], row = static_cast<std::int64_t>(from.size()) / count;
  const bool up = steps[0] > 0;
  const auto place = [&](std::int64_t at) {
    // Beyond the first or the last row: the end of a way down or up.
    const std::int64_t low = up ? 0 : -1, high = up ? count : count - 1;
    return at < -count ? low : std::clamp(at < 0 ? at + count : at, low, high);
  };
  Integers part;
  std::int64_t rows = 0;
  for (std::int64_t i = place(starts[0]), end = place(ends[0]); up ? i < end : i > end;
       i += steps[0], ++rows) {
    part.insert(part.end(), from.begin() + i * row, from.begin() + (i + 1) * row);
  }
  Dims to = dims;
  to[0] = rows;
  set_constant(std::move(to), part);
}

void Importer::constant_of_shape() {
  Dims dims = integers(0);
  const Integers number =
      find("value") == nullptr ? Integers{0} : integers_of(path_, attribute<Tensor>("value", {}));
  std::int64_t count = dims.size() > 2 ? -1 : 1;
  for (const std::int64_t extent : dims) {
    if (extent < 0 || extent > static_cast<std::int64_t>(kLongestShape)) count = -1;
    if (count >= 0) count *= extent;
  }
  if (number.size() != 1 || count < 0 || count > static_cast<std::int64_t>(kLongestShape)) {
    fail("is known for shapes only");
  }
  set_constant(std::move(dims), Integers(static_cast<std::size_t>(count), number.front()));
}

}  // namespace cnn::onnx
