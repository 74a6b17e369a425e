// The part of ONNX's format that networks of images need, as plain structs. (Specification:
// onnx.proto and IR.md of the ONNX project.) Knows neither networks nor files.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cnn/shape.hpp"

namespace cnn::onnx {

// TensorProto.DataType: those of which a tensor may be read. Files have others.
enum class ElementType : std::int64_t {
  float32 = 1,
  uint8 = 2,
  int32 = 6,
  int64 = 7,
  float16 = 10,
  float64 = 11,
};

// Numbers in row-major order, little-endian.
struct Tensor {
  std::string name;
  ElementType type = ElementType::float32;
  Dims dims;
  std::span<const std::byte> bytes;  // somebody else's, unless `own` holds them
  std::vector<std::byte> own;

  std::span<const std::byte> data() const { return own.empty() ? bytes : own; }
};

// An extent, or a name for one that is known when the network runs.
using Extent = std::variant<std::int64_t, std::string>;

// An input or output of the graph.
struct Value {
  std::string name;
  ElementType type = ElementType::float32;
  std::vector<Extent> dims;
};

struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, Tensor> value;
};

struct Node {
  std::string name;
  std::string op;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;
};

// What was read refers to the bytes of the file.
struct Model {
  std::int64_t ir_version = 8;
  std::int64_t opset = 13;
  std::string producer;
  std::string producer_version;
  std::string graph;  // its name
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<Value> inputs;
  std::vector<Value> outputs;
  std::vector<std::pair<std::string, std::string>> metadata;
};

}  // namespace cnn::onnx
