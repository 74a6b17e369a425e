// The table of operators, and what becomes of those that keep an image's shape or make a vector.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "formats/onnx/importer.hpp"

namespace cnn::onnx {
namespace {

// Is `name` one of the words of `list`?
bool is_listed(std::string_view list, std::string_view name) {
  return (" " + std::string(list) + " ").find(" " + std::string(name) + " ") != std::string::npos;
}

}  // namespace

std::span<const Importer::Operator> Importer::operators() {
  static constexpr std::string_view kWindow = "auto_pad kernel_shape pads strides dilations group";
  static constexpr std::string_view kPool =
      "auto_pad kernel_shape pads strides dilations ceil_mode storage_order count_include_pad";
  static constexpr std::string_view kBinary = "axis broadcast consumed_inputs";
  // clang-format off
  static constexpr auto kOperators = std::to_array<Operator>({
      {"Conv", kWindow, &Importer::convolution},
      {"BatchNormalization", "epsilon momentum spatial is_test training_mode consumed_inputs", &Importer::batch_norm},
      {"Relu", "consumed_inputs", &Importer::relu},
      {"LeakyRelu", "alpha consumed_inputs", &Importer::leaky_relu},
      {"Elu", "alpha consumed_inputs", &Importer::elu},
      {"Sigmoid", "consumed_inputs", &Importer::sigmoid},
      {"Tanh", "consumed_inputs", &Importer::tanh},
      {"Clip", "min max consumed_inputs", &Importer::clip},
      {"MaxPool", kPool, &Importer::max_pool},
      {"AveragePool", kPool, &Importer::average_pool},
      {"GlobalMaxPool", "", &Importer::global_max_pool},
      {"GlobalAveragePool", "", &Importer::global_average_pool},
      {"ReduceMax", "axes keepdims noop_with_empty_axes", &Importer::reduce_maps},
      {"ReduceMean", "axes keepdims noop_with_empty_axes", &Importer::reduce_maps},
      {"Gemm", "alpha beta transA transB broadcast", &Importer::gemm},
      {"MatMul", "", &Importer::mat_mul},
      {"Flatten", "axis", &Importer::flatten},
      {"Reshape", "allowzero", &Importer::reshape_node},
      {"Squeeze", "axes", &Importer::squeeze},
      {"Unsqueeze", "axes", &Importer::unsqueeze},
      {"Transpose", "perm", &Importer::transpose},
      {"Pad", "mode pads value", &Importer::pad},
      {"Add", kBinary, &Importer::binary},
      {"Sub", kBinary, &Importer::binary},
      {"Mul", kBinary, &Importer::binary},
      {"Div", kBinary, &Importer::binary},
      {"Sum", "", &Importer::sum},
      {"Concat", "axis", &Importer::concat},
      {"Softmax", "axis", &Importer::softmax},
      {"LogSoftmax", "axis", &Importer::log_softmax},
      {"Dropout", "ratio is_test seed", &Importer::identity},
      {"Identity", "", &Importer::identity},
      {"Cast", "to saturate", &Importer::cast},
      {"Constant", "value value_float value_int value_ints", &Importer::constant_node},
      {"Shape", "start end", &Importer::shape},
      {"Gather", "axis", &Importer::gather},
      {"Slice", "starts ends axes", &Importer::slice},
      {"ConstantOfShape", "value", &Importer::constant_of_shape},
  });
  // clang-format on
  return kOperators;
}

void Importer::import_node() {
  const auto found = std::ranges::find(operators(), node_->op, &Operator::op);
  if (found == operators().end()) {
    fail(
        "no layer does this; known are Conv, BatchNormalization, Gemm, MatMul, poolings, "
        "activations, Add, Concat and what reshapes");
  }
  for (const Attribute& attribute : node_->attributes) {
    if (!is_listed(found->attributes, attribute.name)) {
      fail("attribute '" + attribute.name + "' is not known here");
    }
  }
  const bool takes_rows =
      node_->op == "Squeeze" || node_->op == "ReduceMean" || node_->op == "ReduceMax";
  for (std::size_t k = 0; k < node_->inputs.size() && !takes_rows; ++k) {
    if (has_input(k) && input(k).gone > 0) fail("its input has lost one of height and width");
  }
  (this->*found->add)();
}

void Importer::batch_norm() {
  const GraphValue& value = data(0);
  if (attribute<std::int64_t>("training_mode", 0) != 0 ||
      attribute<std::int64_t>("spatial", 1) != 1) {
    fail("normalises by the images of a call; export the network for inference");
  }
  const bool gives_statistics = std::any_of(node_->outputs.begin() + 1, node_->outputs.end(),
                                            [](const std::string& name) { return !name.empty(); });
  if (gives_statistics) fail("gives the means of a call; export the network for inference");
  if (value.is_nhwc && plane(value) > 1) fail("normalises rows, not channels");
  if (value.is_vector && plane(value) > 1) fail("each value of a flattened image has its own mean");
  const auto epsilon = attribute<float>("epsilon", 1e-5F);
  std::array<std::vector<float>, 4> parameters;
  for (std::size_t k = 0; k < 4; ++k) {
    parameters[k] = floats(k + 1);
    if (parameters[k].size() != static_cast<std::size_t>(value.shape.channels)) {
      fail("input '" + node_->inputs[k + 1] + "' has not one value per channel");
    }
  }
  for (const float variance : parameters[3]) {
    if (!(variance + epsilon > 0)) fail("a variance is negative");
  }
  ImportedLayer& layer = add_layer("batch_norm", name_by_weight(1), {&value}, value.shape);
  if (epsilon != 1e-5F) layer.options = {{"epsilon", number_text(double{epsilon})}};
  constexpr std::array kNames = {"weight", "bias", "running_mean", "running_var"};
  for (std::size_t k = 0; k < 4; ++k) add_tensor(layer, kNames[k], std::move(parameters[k]));
}

void Importer::elementwise(const char* type, bool not_negative,
                           std::vector<std::pair<std::string, std::string>> options) {
  const GraphValue& value = data(0);
  add_layer(type, own_name(), {&value}, value.shape).options = std::move(options);
  result_.not_negative = not_negative;
}

void Importer::relu() {
  elementwise("relu", true);
}

void Importer::sigmoid() {
  elementwise("sigmoid", true);
}

void Importer::tanh() {
  elementwise("tanh", false);
}

void Importer::leaky_relu() {
  elementwise("leaky_relu", false, {{"slope", number_text(attribute("alpha", 0.01F))}});
}

void Importer::elu() {
  elementwise("elu", false, {{"scale", number_text(attribute("alpha", 1.0F))}});
}

void Importer::clip() {
  constexpr float kNone = std::numeric_limits<float>::max();
  float low = attribute("min", -kNone), high = attribute("max", kNone);
  const auto bound = [&](std::size_t k, float fallback) {
    if (!has_input(k)) return fallback;
    const std::vector<float> values = floats(k);
    if (values.size() != 1) fail("its bounds are no single numbers");
    return values.front();
  };
  low = bound(1, low);
  high = bound(2, high);
  if (low != 0 || (high < kNone && high != 6)) {
    fail("only Clip from 0 upwards has a layer, relu, and from 0 to 6, relu6");
  }
  elementwise(high == 6 ? "relu6" : "relu", true);
}

// weight: (outputs, inputs), inputs in the order of the graph.
void Importer::dense(std::vector<float> weight, std::int64_t outputs) {
  const GraphValue& value = data(0);
  const std::size_t inputs = value.shape.size();
  if (!value.is_vector) fail("its input is no (batch, values); flatten it first");
  if (outputs < 1 || weight.size() != inputs * static_cast<std::size_t>(outputs)) {
    fail("its weights do not fit the " + std::to_string(inputs) + " values of its input");
  }
  if (value.is_nhwc && plane(value) > 1) {
    const auto channels = static_cast<std::size_t>(value.shape.channels);
    for (std::size_t row = 0; row < weight.size(); row += inputs) {
      const std::vector<float> one(weight.begin() + static_cast<std::ptrdiff_t>(row),
                                   weight.begin() + static_cast<std::ptrdiff_t>(row + inputs));
      std::ranges::copy(transposed(one, inputs / channels),
                        weight.begin() + static_cast<std::ptrdiff_t>(row));
    }
  }
  ImportedLayer& layer =
      add_layer("fc", name_by_weight(1), {&value}, {static_cast<int>(outputs), 1, 1});
  layer.options = {{"count", std::to_string(outputs)}};
  add_tensor(layer, "weight", std::move(weight));
  result_.is_nhwc = false;
}

std::pair<std::vector<float>, Dims> Importer::matrix_input(std::size_t k) {
  const Dims dims = constant_input(k).dims;
  if (dims.size() != 2) fail("its weights are " + to_string(dims) + ", no matrix");
  return {floats(k), dims};
}

void Importer::gemm() {
  auto [weight, dims] = matrix_input(1);
  if (weight.empty()) fail("its weights do not fit its input");
  if (attribute<std::int64_t>("transA", 0) != 0) fail("transA: the batch is not the first extent");
  const bool is_transposed = attribute<std::int64_t>("transB", 0) != 0;
  const auto alpha = attribute<float>("alpha", 1);
  const auto beta = attribute<float>("beta", 1);
  for (float& w : weight) w *= alpha;
  const std::int64_t outputs = is_transposed ? dims[0] : dims[1];
  std::vector<float> bias;
  if (has_input(2)) {
    bias = floats(2);
    if (bias.size() == 1)
      bias.resize(static_cast<std::size_t>(std::max<std::int64_t>(outputs, 0)), bias.front());
    if (bias.size() != static_cast<std::size_t>(outputs)) fail("its bias does not fit");
    for (float& b : bias) b *= beta;
  }
  dense(is_transposed ? std::move(weight) : transposed(weight, static_cast<std::size_t>(dims[0])),
        outputs);
  if (!bias.empty()) add_tensor(network_.layers.back(), "bias", std::move(bias));
}

void Importer::mat_mul() {
  const auto [weight, dims] = matrix_input(1);
  dense(transposed(weight, static_cast<std::size_t>(dims[0])), dims[1]);
}

// Of input k: a single number, or one per channel of `value`, as the graph would repeat it.
std::vector<double> Importer::per_channel(std::size_t k, const GraphValue& value) {
  const std::vector<float> values = floats(k);
  if (values.size() == 1) return {double{values.front()}};
  Dims dims = constant_input(k).dims;
  const std::size_t rank = value.is_vector ? 2 : 4;
  const std::size_t channel = value.is_nhwc && !value.is_vector ? 3 : 1;
  // Before opset 7 an attribute said where the extents belong.
  if (attribute<std::int64_t>("broadcast", 0) != 0 && attribute<std::int64_t>("axis", -1) == 1 &&
      dims.size() == 1) {
    dims.resize(rank - 1, 1);
  }
  if (dims.size() > rank) fail("its constant is " + to_string(dims));
  dims.insert(dims.begin(), rank - dims.size(), 1);
  for (std::size_t at = 0; at < rank; ++at) {
    const std::int64_t expected = at == channel ? value.shape.channels : 1;
    if (dims[at] != expected || (value.is_vector && plane(value) > 1)) {
      fail("its constant " + to_string(constant_input(k).dims) + " has not one value per channel");
    }
  }
  return {values.begin(), values.end()};
}

// x = scale·(pixel − mean): all numbers are rounded to floats, as they are exported again.
void Importer::prepare_image(std::size_t image, std::size_t constant) {
  const GraphValue& value = data(image);
  if (value.is_integer) fail("computes with whole numbers, which it cuts; Cast to float first");
  const std::vector<double> by = per_channel(constant, value);
  if (image != 0 && (node_->op == "Sub" || node_->op == "Div")) {
    fail("subtracts or divides by the image");
  }
  pass(image);
  const std::size_t count = std::max({by.size(), value.mean.size(), value.scale.size()});
  result_.mean.resize(count, value.mean.front());
  result_.scale.resize(count, value.scale.front());
  for (std::size_t c = 0; c < count; ++c) {
    const double number = by.size() == 1 ? by.front() : by[c];
    double& mean = result_.mean[c];
    double& scale = result_.scale[c];
    if (node_->op == "Mul") scale *= number;
    if (node_->op == "Div") scale /= number;
    if (node_->op == "Sub") mean += number / scale;
    if (node_->op == "Add") mean -= number / scale;
    mean = double{static_cast<float>(mean)};
    scale = double{static_cast<float>(scale)};
    if (!std::isfinite(mean) || !std::isfinite(scale) || scale == 0) fail("leaves no finite image");
  }
}

// y = factor·x + shift for each channel, as a layer of its own.
void Importer::scale_channels(const GraphValue& value, const std::vector<double>& factors,
                              const std::vector<double>& shifts) {
  const std::string channels = std::to_string(value.shape.channels);
  ImportedLayer& layer = add_layer("conv", own_name(), {&value}, value.shape);
  layer.options = {{"count", channels}, {"kernel", "1"}, {"groups", channels}};
  add_tensor(layer, "weight", {factors.begin(), factors.end()});
  if (std::ranges::any_of(shifts, [](double shift) { return shift != 0; })) {
    add_tensor(layer, "bias", {shifts.begin(), shifts.end()});
  }
}

// y·c and y + c go into the weights of the layer that gives y, if that has any and nobody else
// reads it.
void Importer::change_layer(std::size_t value_input, std::size_t constant) {
  const GraphValue value = data(value_input);
  const std::string& type = network_.layers[value.layer].type;
  if (value_input != 0 && node_->op == "Div") fail("divides by what depends on the image");
  std::vector<double> by = per_channel(constant, value);
  by.resize(static_cast<std::size_t>(value.shape.channels), by.front());
  const bool is_factor = node_->op == "Mul" || node_->op == "Div";
  const bool turns = value_input != 0 && node_->op == "Sub";  // c − y
  std::vector<double> factors(by.size()), shifts(by.size());
  for (std::size_t c = 0; c < by.size(); ++c) {
    factors[c] = node_->op == "Mul" ? by[c] : node_->op == "Div" ? 1 / by[c] : turns ? -1 : 1;
    shifts[c] = is_factor ? 0 : node_->op == "Sub" && !turns ? -by[c] : by[c];
  }
  if (value.is_shared || !is_only_reader(value_input) ||
      (type != "conv" && type != "fc" && type != "batch_norm")) {
    if (value.is_vector && plane(value) > 1) fail("scales the values of a flattened image");
    return scale_channels(value, factors, shifts);
  }
  if (tensor_of(value.layer, "bias") == nullptr && !is_factor) {
    add_tensor(network_.layers[value.layer], "bias", std::vector<float>(by.size()));
  }
  std::vector<float>* bias = tensor_of(value.layer, "bias");
  std::vector<float>& weight = *tensor_of(value.layer, "weight");
  const std::size_t row = weight.size() / by.size();
  for (std::size_t c = 0; c < by.size(); ++c) {
    for (std::size_t i = c * row; factors[c] != 1 && i < (c + 1) * row; ++i) {
      weight[i] = static_cast<float>(weight[i] * factors[c]);
    }
    if (bias != nullptr) (*bias)[c] = static_cast<float>((*bias)[c] * factors[c] + shifts[c]);
  }
  pass(value_input);
  result_.not_negative = false;
}

void Importer::binary() {
  if (is_constant(0) && is_constant(1)) return compute_integers();
  if (!is_constant(0) && !is_constant(1)) {
    if (node_->op != "Add") fail("of two layers' outputs only the sum has a layer, add");
    return join("add");
  }
  const std::size_t value = is_constant(0) ? 1 : 0;
  if (data(value).kind == GraphValue::Kind::image) return prepare_image(value, 1 - value);
  change_layer(value, 1 - value);
}

// Several outputs of layers, of one kind.
void Importer::join(const char* type) {
  std::vector<const GraphValue*> inputs;
  Shape output = data(0).shape;
  const bool is_add = std::string_view(type) == "add";
  for (std::size_t k = 0; k < node_->inputs.size(); ++k) {
    const GraphValue& value = data(k);
    const Shape& shape = value.shape;
    const bool fits =
        is_add ? shape == output : shape.height == output.height && shape.width == output.width;
    if (!fits || value.is_vector != data(0).is_vector || value.is_nhwc != data(0).is_nhwc) {
      fail("its inputs are of different kinds: " + to_string(data(0).shape) + " and " +
           to_string(shape));
    }
    if (!is_add && k > 0) output.channels += shape.channels;
    if (output.channels > kMostExtent) fail("gives too many channels");
    inputs.push_back(&value);
  }
  add_layer(type, own_name(), inputs, output);
}

void Importer::sum() {
  if (node_->inputs.size() == 1) return pass(0);
  join("add");
}

void Importer::concat() {
  auto axis = attribute<std::int64_t>("axis", 1);
  if (is_constant(0)) {
    std::vector<std::int64_t> all;
    for (std::size_t k = 0; k < node_->inputs.size(); ++k) {
      for (const std::int64_t value : integers(k)) all.push_back(value);
      if (all.size() > 16) fail("joins constants that are no shape");
    }
    return set_constant({static_cast<std::int64_t>(all.size())}, all);
  }
  if (node_->inputs.size() == 1) return pass(0);
  const GraphValue& value = data(0);
  const std::int64_t rank = value.is_vector ? 2 : 4;
  if (axis < 0) axis += rank;
  if (axis != (value.is_nhwc && !value.is_vector ? 3 : 1)) fail("only channels can be joined");
  if (value.is_vector && value.is_nhwc && plane(value) > 1) fail("joins flattened images");
  join("concat");
}

void Importer::end(Ending ending) {
  const GraphValue& value = data(0);
  auto axis = attribute<std::int64_t>("axis", model_.opset < 13 ? 1 : -1);
  const std::int64_t rank = value.is_vector ? 2 : 4;
  if (axis < 0) axis += rank;
  if (node_->outputs.front() != model_.outputs.front().name) fail("is known at the end only");
  const bool is_last = value.is_nhwc && !value.is_vector;  // the classes stand at the end
  // Before opset 13 all extents from the axis on were one.
  const bool fits = is_last ? axis == 3 || (model_.opset < 13 && axis > 0) : axis == 1;
  if (!fits || plane(value) != 1) fail("only over the classes is it known");
  network_.ending = ending;
  pass(0);
}

void Importer::softmax() {
  end(Ending::softmax);
}

void Importer::log_softmax() {
  end(Ending::log_softmax);
}

}  // namespace cnn::onnx
