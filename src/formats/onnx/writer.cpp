#include "formats/onnx/writer.hpp"

#include <limits>
#include <utility>

#include "base/text.hpp"
#include "formats/onnx/protobuf.hpp"

namespace cnn::onnx {
namespace {

// The numbers of fields and types are those of onnx.proto.

ProtoMessage tensor_message(const Tensor& tensor) {
  ProtoMessage message;
  for (const std::int64_t extent : tensor.dims) message.integer(1, extent);
  message.integer(2, static_cast<std::int64_t>(tensor.type));
  if (!tensor.name.empty()) message.text(8, tensor.name);
  message.bytes(9, tensor.data());
  return message;
}

struct AttributeValue {
  ProtoMessage& message;

  static constexpr int kType = 20;
  enum Type : std::int64_t { kFloat = 1, kInt = 2, kString = 3, kTensor = 4, kInts = 7 };

  void operator()(float value) const {
    message.real(2, value);
    message.integer(kType, kFloat);
  }
  void operator()(std::int64_t value) const {
    message.integer(3, value);
    message.integer(kType, kInt);
  }
  void operator()(const std::string& value) const {
    message.text(4, value);
    message.integer(kType, kString);
  }
  void operator()(const Tensor& value) const {
    message.message(5, tensor_message(value));
    message.integer(kType, kTensor);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    for (const std::int64_t value : values) message.integer(8, value);
    message.integer(kType, kInts);
  }
};

ProtoMessage node_message(const Node& node) {
  ProtoMessage message;
  for (const std::string& input : node.inputs) message.text(1, input);
  for (const std::string& output : node.outputs) message.text(2, output);
  message.text(3, node.name);
  message.text(4, node.op);
  for (const Attribute& attribute : node.attributes) {
    ProtoMessage inner;
    inner.text(1, attribute.name);
    std::visit(AttributeValue{inner}, attribute.value);
    message.message(5, std::move(inner));
  }
  return message;
}

ProtoMessage value_message(const Value& value) {
  ProtoMessage shape;
  for (const Extent& extent : value.dims) {
    ProtoMessage dim;
    if (const auto* number = std::get_if<std::int64_t>(&extent)) {
      dim.integer(1, *number);
    } else {
      dim.text(2, std::get<std::string>(extent));
    }
    shape.message(1, std::move(dim));
  }
  ProtoMessage tensor_type;
  tensor_type.integer(1, static_cast<std::int64_t>(value.type));
  tensor_type.message(2, std::move(shape));
  ProtoMessage type;
  type.message(1, std::move(tensor_type));
  ProtoMessage message;
  message.text(1, value.name);
  message.message(2, std::move(type));
  return message;
}

ProtoMessage graph_message(const Model& model) {
  ProtoMessage graph;
  for (const Node& node : model.nodes) graph.message(1, node_message(node));
  graph.text(2, model.graph);
  for (const Tensor& tensor : model.initializers) graph.message(5, tensor_message(tensor));
  for (const Value& value : model.inputs) graph.message(11, value_message(value));
  for (const Value& value : model.outputs) graph.message(12, value_message(value));
  return graph;
}

ProtoMessage model_message(const Model& model) {
  ProtoMessage message;
  message.integer(1, model.ir_version);
  message.text(2, model.producer);
  message.text(3, model.producer_version);
  message.message(7, graph_message(model));
  ProtoMessage opset;
  opset.text(1, "");
  opset.integer(2, model.opset);
  message.message(8, std::move(opset));
  for (const auto& [key, value] : model.metadata) {
    ProtoMessage entry;
    entry.text(1, key);
    entry.text(2, value);
    message.message(14, std::move(entry));
  }
  return message;
}

}  // namespace

std::size_t write_model(const FilePlace& place, const Model& model) {
  const ProtoMessage message = model_message(model);
  if (message.size() > std::size_t{std::numeric_limits<std::int32_t>::max()}) {
    throw file_error(place.path, "would be of " + bytes_text(static_cast<double>(message.size())) +
                                     ", an ONNX file holds at most 2 GiB");
  }
  write_file(place, message.parts());
  return message.size();
}

}  // namespace cnn::onnx
