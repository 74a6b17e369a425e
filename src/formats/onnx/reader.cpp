#include "formats/onnx/reader.hpp"

#include <cstring>
#include <utility>

#include "base/file.hpp"
#include "formats/onnx/protobuf.hpp"
#include "formats/safetensors_types.hpp"

namespace cnn::onnx {
namespace {

namespace fs = std::filesystem;
using Field = ProtoReader::Field;

// A tensor's numbers stand in another file.
struct ExternalData {};

// The numbers of fields are those of onnx.proto.
class Reader {
 public:
  Model model(std::string_view bytes) {
    Model model;
    model.ir_version = 0;
    model.opset = 0;
    bool has_graph = false;
    each(bytes, [&](const Field& field) {
      switch (field.number) {
        case 1:
          model.ir_version = field.integer();
          break;
        case 2:
          model.producer = text(field);
          break;
        case 7:
          has_graph = true;
          graph(message(field), model);
          break;
        case 8:
          opset(message(field), model);
          break;
        case 14:
          metadata(message(field), model);
          break;
        default:
          break;
      }
    });
    if (!has_graph) throw ProtoError("no graph");
    return model;
  }

  Tensor tensor(std::string_view bytes) {
    Tensor tensor;
    std::vector<std::int64_t> integers;
    std::string floats;
    std::string doubles;
    each(bytes, [&](const Field& field) {
      switch (field.number) {
        case 1:
          ProtoReader::read_integers(field, tensor.dims);
          break;
        case 2:
          tensor.type = static_cast<ElementType>(field.integer());
          break;
        case 4:
          add_fixed(field, sizeof(float), floats);
          break;
        case 5:
        case 7:
          ProtoReader::read_integers(field, integers);
          break;
        case 8:
          tensor.name = text(field);
          break;
        case 9:
          tensor.bytes = std::as_bytes(std::span(message(field)));
          break;
        case 10:
          add_fixed(field, sizeof(double), doubles);
          break;
        case 13:
          throw ExternalData();
        default:
          break;
      }
    });
    if (!floats.empty()) own(tensor, floats);
    if (!doubles.empty()) own(tensor, doubles);
    if (!integers.empty()) own(tensor, narrowed(tensor.type, integers));
    return tensor;
  }

 private:
  static constexpr std::size_t kMostParts = 1'000'000;

  template <typename Body>
  void each(std::string_view bytes, const Body& body) {
    ProtoReader reader(bytes);
    for (Field field = reader.next(); field.number != 0; field = reader.next()) body(field);
  }

  // Of a part that becomes an object.
  std::string_view message(const Field& field) {
    if (!field.is_message()) throw ProtoError("a number where a message is expected");
    if (++parts_ > kMostParts) throw ProtoError("more than a million parts");
    return field.bytes;
  }
  std::string text(const Field& field) { return std::string(message(field)); }

  static void own(Tensor& tensor, std::string_view bytes) {
    const auto data = std::as_bytes(std::span(bytes));
    tensor.own.assign(data.begin(), data.end());
  }

  static void add_fixed(const Field& field, std::size_t size, std::string& bytes) {
    if (field.is_message()) {
      bytes += field.bytes;
      return;
    }
    char one[sizeof(std::uint64_t)];
    std::memcpy(one, &field.value, sizeof one);
    bytes.append(one, size);
  }

  // Integers of a tensor in the width of its type.
  static std::string narrowed(ElementType type, const std::vector<std::int64_t>& values) {
    const std::size_t width = type == ElementType::int64     ? 8
                              : type == ElementType::int32   ? 4
                              : type == ElementType::float16 ? 2
                                                             : 1;
    std::string bytes;
    for (const std::int64_t value : values) {
      char one[sizeof value];
      std::memcpy(one, &value, sizeof value);
      bytes.append(one, width);
    }
    return bytes;
  }

  void opset(std::string_view bytes, Model& model) {
    std::string domain;
    std::int64_t version = 0;
    each(bytes, [&](const Field& field) {
      if (field.number == 1) domain = text(field);
      if (field.number == 2) version = field.integer();
    });
    if (domain.empty() || domain == "ai.onnx") model.opset = version;
  }

  void metadata(std::string_view bytes, Model& model) {
    std::pair<std::string, std::string> entry;
    each(bytes, [&](const Field& field) {
      if (field.number == 1) entry.first = text(field);
      if (field.number == 2) entry.second = text(field);
    });
    model.metadata.push_back(std::move(entry));
  }

  void graph(std::string_view bytes, Model& model) {
    each(bytes, [&](const Field& field) {
      switch (field.number) {
        case 1:
          model.nodes.push_back(node(message(field)));
          break;
        case 2:
          model.graph = text(field);
          break;
        case 5:
          model.initializers.push_back(tensor(message(field)));
          break;
        case 11:
          model.inputs.push_back(value(message(field)));
          break;
        case 12:
          model.outputs.push_back(value(message(field)));
          break;
        default:
          break;
      }
    });
  }

  Node node(std::string_view bytes) {
    Node node;
    each(bytes, [&](const Field& field) {
      switch (field.number) {
        case 1:
          node.inputs.push_back(text(field));
          break;
        case 2:
          node.outputs.push_back(text(field));
          break;
        case 3:
          node.name = text(field);
          break;
        case 4:
          node.op = text(field);
          break;
        case 5:
          node.attributes.push_back(attribute(message(field)));
          break;
        case 7:
          if (const std::string domain = text(field); !domain.empty() && domain != "ai.onnx") {
            node.op = domain + "." + node.op;
          }
          break;
        default:
          break;
      }
    });
    return node;
  }

  // An attribute of a kind that no layer needs keeps the value 0.
  Attribute attribute(std::string_view bytes) {
    Attribute attribute;
    std::vector<std::int64_t> list;
    bool is_list = false;
    each(bytes, [&](const Field& field) {
      switch (field.number) {
        case 1:
          attribute.name = text(field);
          break;
        case 2:
          attribute.value = field.real();
          break;
        case 3:
          attribute.value = field.integer();
          break;
        case 4:
          attribute.value = text(field);
          break;
        case 5:
          attribute.value = tensor(message(field));
          break;
        case 8:
          is_list = true;
          ProtoReader::read_integers(field, list);
          break;
        case 20:
          is_list = is_list || field.integer() == 7;
          break;  // an empty list
        default:
          break;
      }
    });
    if (is_list) attribute.value = std::move(list);
    return attribute;
  }

  Value value(std::string_view bytes) {
    Value value;
    each(bytes, [&](const Field& field) {
      if (field.number == 1) value.name = text(field);
      if (field.number != 2) return;
      each(message(field), [&](const Field& type) {
        if (type.number == 1) tensor_type(message(type), value);
      });
    });
    return value;
  }

  void tensor_type(std::string_view bytes, Value& value) {
    each(bytes, [&](const Field& field) {
      if (field.number == 1) value.type = static_cast<ElementType>(field.integer());
      if (field.number != 2) return;
      each(message(field), [&](const Field& shape) {
        if (shape.number != 1) return;
        Extent extent = std::string();
        each(message(shape), [&](const Field& dim) {
          if (dim.number == 1) extent = dim.integer();
          if (dim.number == 2) extent = text(dim);
        });
        value.dims.push_back(std::move(extent));
      });
    });
  }

  std::size_t parts_ = 0;
};

template <typename Parse>
auto guarded(const fs::path& path, const Parse& parse) {
  try {
    return parse();
  } catch (const ProtoError& error) {
    throw file_error(path, std::string("is no ONNX file: it holds ") + error.what());
  } catch (const ExternalData&) {
    throw file_error(path,
                     "keeps its weights in another file, which is not read; put them into one: in "
                     "Python, onnx.save(onnx.load(\"model.onnx\"), \"whole.onnx\"), or export with "
                     "external_data=False");
  }
}

std::size_t width_of(ElementType type) {
  switch (type) {
    case ElementType::uint8:
      return 1;
    case ElementType::float16:
      return 2;
    case ElementType::float32:
    case ElementType::int32:
      return 4;
    case ElementType::int64:
    case ElementType::float64:
      return 8;
  }
  return 0;
}

// The number of values, if type, extents and bytes agree.
std::size_t checked_count(const fs::path& path, const Tensor& tensor) {
  const std::string title = "tensor '" + printable(tensor.name) + "'";
  const std::size_t width = width_of(tensor.type);
  if (width == 0) {
    throw file_error(path, title + " is of type " +
                               std::to_string(static_cast<std::int64_t>(tensor.type)) +
                               ", which is not read");
  }
  std::size_t count = 1;
  for (const std::int64_t extent : tensor.dims) {
    // Those of an empty tensor have bounds, too.
    const std::size_t others = std::max<std::size_t>(count, 1);
    if (extent < 0 || static_cast<std::size_t>(extent) > kLargestFile / others) {
      throw file_error(path, title + " has extents that no tensor has");
    }
    count *= static_cast<std::size_t>(extent);
  }
  if (tensor.data().size() != count * width) {
    throw file_error(path, title + " of " + to_string(tensor.dims) + " has " +
                               std::to_string(tensor.data().size()) + " bytes, expected " +
                               std::to_string(count * width));
  }
  return count;
}

template <typename From, typename To>
void convert(std::span<const std::byte> bytes, std::vector<To>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    From value;
    std::memcpy(&value, &bytes[i * sizeof value], sizeof value);
    to[i] = static_cast<To>(value);
  }
}

}  // namespace

Model parse_model(const fs::path& path, std::string_view bytes) {
  return guarded(path, [&] { return Reader().model(bytes); });
}

Tensor parse_tensor(const fs::path& path, std::string_view bytes) {
  return guarded(path, [&] { return Reader().tensor(bytes); });
}

std::vector<float> floats_of(const fs::path& path, const Tensor& tensor) {
  std::vector<float> values(checked_count(path, tensor));
  const std::span<const std::byte> bytes = tensor.data();
  switch (tensor.type) {
    case ElementType::float32:
      convert<float>(bytes, values);
      break;
    case ElementType::uint8:
      convert<std::uint8_t>(bytes, values);
      break;
    case ElementType::int32:
      convert<std::int32_t>(bytes, values);
      break;
    case ElementType::int64:
      convert<std::int64_t>(bytes, values);
      break;
    case ElementType::float16:
      find_number_type("F16")->to_floats(bytes, values);
      break;
    case ElementType::float64:
      find_number_type("F64")->to_floats(bytes, values);
      break;
  }
  return values;
}

std::vector<std::int64_t> integers_of(const fs::path& path, const Tensor& tensor) {
  std::vector<std::int64_t> values(checked_count(path, tensor));
  const std::span<const std::byte> bytes = tensor.data();
  if (tensor.type == ElementType::int64) {
    convert<std::int64_t>(bytes, values);
  } else if (tensor.type == ElementType::int32) {
    convert<std::int32_t>(bytes, values);
  } else {
    throw file_error(path, "tensor '" + printable(tensor.name) + "' should hold integers");
  }
  return values;
}

}  // namespace cnn::onnx
