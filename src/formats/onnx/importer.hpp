// Importer: walks through a graph's nodes and makes layers of them. Its operators are in the table
// of import_operators.cpp.

#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/onnx/layer_nodes.hpp"
#include "formats/onnx/network_import.hpp"

namespace cnn::onnx {

// Beyond any real image, and small enough that products of two stay within 32 bits.
inline constexpr std::int64_t kMostExtent = 1 << 15;

// A tensor of the graph while it is walked through.
struct GraphValue {
  enum class Kind { image, layer, constant };
  Kind kind = Kind::constant;
  // Of an image and a layer's output: one sample, C·H·W whatever the rank in the graph.
  Shape shape;
  bool is_vector = false;  // (batch, values) in the graph
  bool is_nhwc = false;    // (batch, H, W, C) in the graph, or flattened in that order
  std::int64_t gone = 0;   // the axis of H or W, of one value, that the graph has lost; 0: none
  std::size_t layer = 0;   // index of a layer
  bool is_shared = false;  // several nodes read it, or what it is another form of
  bool not_negative = false;
  bool is_turned = false;         // of an image: made of the graph's (batch, H, W, C)
  bool is_integer = false;        // of an image: whole numbers, as the graph gets it
  std::vector<std::int64_t> pad;  // top, left, bottom, right: zeros that wait for their layer
  // Of an image: x = scale·(pixel − mean), one value or one per channel.
  std::vector<double> mean = {0};
  std::vector<double> scale = {1};
  // Of a constant.
  std::shared_ptr<const Tensor> tensor;

  bool is_padded() const { return !pad.empty(); }
};

// H·W
inline std::int64_t plane(const GraphValue& value) {
  return std::int64_t{value.shape.height} * value.shape.width;
}

// (rows, columns) → (columns, rows)
std::vector<float> transposed(const std::vector<float>& from, std::size_t rows);

class Importer {
 public:
  Importer(const std::filesystem::path& path, const Model& model, std::span<const Tensor> weights);

  // To be called once. Throws FileError.
  ImportedNetwork run();

 private:
  struct Operator {
    std::string_view op;
    std::string_view attributes;  // that are understood, or may be passed over
    void (Importer::*add)();
  };
  static std::span<const Operator> operators();
  struct Axis;

  [[noreturn]] void fail(const std::string& reason) const;
  void add_constant(const Tensor& tensor, std::size_t& bytes);
  void add_image();
  std::vector<const Node*> active_nodes(const std::string& output);
  void import_node();

  // Of the node at hand.
  const Attribute* find(std::string_view name) const;
  template <typename T>
  T attribute(std::string_view name, T fallback) const;
  GraphValue& input(std::size_t k);
  bool has_input(std::size_t k) const;
  bool is_constant(std::size_t k);
  const Tensor& constant_input(std::size_t k);
  std::vector<float> floats(std::size_t k);
  std::vector<std::int64_t> integers(std::size_t k);
  GraphValue& data(std::size_t k, bool padded = false);
  GraphValue with_zeros(const GraphValue& value, const std::vector<std::int64_t>& pad);
  bool is_only_reader(std::size_t k) const;

  std::string unique_name(std::string_view wanted);
  std::string own_name();
  std::string name_by_weight(std::size_t k);
  ImportedLayer& add_layer(std::string type, std::string name,
                           const std::vector<const GraphValue*>& inputs, const Shape& output);
  void add_tensor(const ImportedLayer& layer, const char* what, std::vector<float> values);
  std::vector<float>* tensor_of(std::size_t layer, const char* what);
  void use_image(const GraphValue& value);
  // The node's output: its input, or integers.
  void pass(std::size_t k);
  void set_constant(Dims dims, std::span<const std::int64_t> values);
  void compute_integers();

  const GraphValue& map_input(bool padded);
  Axis axis(const GraphValue& value, std::size_t k, std::int64_t kernel);
  using Axes = std::array<Axis, 2>;
  static std::vector<std::int64_t> sides(const Axes& axes);
  Axes axes(const GraphValue& value, const std::vector<std::int64_t>& kernel);
  Axes axes_within(const Axes& axes, const GraphValue& padded);
  void add_convolution(std::string name, const GraphValue& value, const Axes& axes,
                       std::int64_t groups, std::int64_t count, std::vector<float> weight);
  std::pair<std::vector<float>, Dims> matrix_input(std::size_t k);
  std::vector<std::int64_t> integers_or_attribute(std::size_t k, std::string_view name);
  std::vector<double> per_channel(std::size_t k, const GraphValue& value);
  void prepare_image(std::size_t image, std::size_t constant);
  void change_layer(std::size_t value, std::size_t constant);
  void scale_channels(const GraphValue& value, const std::vector<double>& factors,
                      const std::vector<double>& shifts);
  void elementwise(const char* type, bool not_negative,
                   std::vector<std::pair<std::string, std::string>> options = {});
  void pool(bool is_max);
  static bool fits_pool(const Axes& axes, bool ceil, bool layer_ceil);
  static bool fits_pool(const Axes& axes, bool ceil);
  void add_pool(const char* type, const GraphValue& value, const Axes& axes, bool ceil);
  void global_pool(const char* type);
  void dense(std::vector<float> weight, std::int64_t outputs);
  void reshape(std::vector<std::int64_t> shape);
  void set_dims(Dims dims);
  // To be called before that many bytes are made: small files must not become large.
  void charge(std::size_t bytes);
  void join(const char* type);
  void end(Ending ending);

  void convolution();
  void batch_norm();
  void relu();
  void leaky_relu();
  void elu();
  void sigmoid();
  void tanh();
  void clip();
  void max_pool();
  void average_pool();
  void global_max_pool();
  void global_average_pool();
  void reduce_maps();
  void gemm();
  void mat_mul();
  std::vector<std::int64_t> axes_of_maps(const std::vector<std::int64_t>& given);
  void lose_axes(const std::vector<std::int64_t>& axes);
  void flatten();
  void reshape_node();
  void squeeze();
  void unsqueeze();
  void transpose();
  void transpose_integers();
  void pad();
  void binary();
  void sum();
  void concat();
  void softmax();
  void log_softmax();
  void identity();
  void cast();
  void constant_node();
  std::vector<std::int64_t> dims_of_input();
  void shape();
  void gather();
  void slice();
  void constant_of_shape();

  const std::filesystem::path& path_;
  const Model& model_;
  const Node* node_ = nullptr;
  std::map<std::string, GraphValue, std::less<>> values_;
  std::map<std::string, int, std::less<>> readers_;
  std::set<std::string, std::less<>> names_;
  std::map<std::string, int> numbers_;  // the last that a name has been given
  ImportedNetwork network_;
  GraphValue result_;
  std::int64_t batch_ = -1;        // images per call, if the graph says how many
  std::size_t weight_budget_ = 0;  // bytes that may yet be made of the file's weights
};

template <typename T>
T Importer::attribute(std::string_view name, T fallback) const {
  const Attribute* found = find(name);
  if (found == nullptr) return fallback;
  const T* value = std::get_if<T>(&found->value);
  if (value == nullptr) fail("attribute '" + std::string(name) + "' is of another type");
  return *value;
}

}  // namespace cnn::onnx
