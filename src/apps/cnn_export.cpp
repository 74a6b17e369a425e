// cnn-export: a model, its preprocessing included, as ONNX.

#include <cstdio>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/output_kind.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "formats/onnx/writer.hpp"
#include "run/memory_need.hpp"
#include "run/onnx_export.hpp"

namespace cnn::app {
namespace {

std::filesystem::path output_path(const ExportOptions& o) {
  if (!o.out.empty()) return o.out;
  return std::filesystem::path(o.model).replace_extension(".onnx");
}

// "[batch, 1, 28, 28]"
std::string dims_text(const onnx::Value& value) {
  std::string text;
  for (const onnx::Extent& extent : value.dims) {
    const auto* number = std::get_if<std::int64_t>(&extent);
    text += (text.empty() ? "" : ", ") +
            (number != nullptr ? std::to_string(*number) : std::get<std::string>(extent));
  }
  return "[" + text + "]";
}

const char* type_text(const onnx::Value& value) {
  return value.type == onnx::ElementType::uint8 ? "uint8" : "float";
}

std::string value_line(const char* title, const onnx::Value& value, const std::string& meaning) {
  return fmt::format("  {:<6}  {:<13}  {:<5}  {}  {}\n", title, value.name, type_text(value),
                     dims_text(value), meaning);
}

std::string input_meaning(const ModelInfo& info, bool raw) {
  if (raw) return "the network's own input, after the preprocessing";
  const char* colours = info.input.channels == 1   ? ", gray"
                        : info.input.channels == 3 ? ", red green blue"
                                                   : "";
  return std::string("pixels 0 ... 255") + colours;
}

// How to use it, ready to be copied.
std::string usage_text(const onnx::Model& graph, const std::filesystem::path& path) {
  const onnx::Value& input = graph.inputs.front();
  const onnx::Value& output = graph.outputs.front();
  const bool bytes = input.type == onnx::ElementType::uint8;
  const std::string file = shown(path.string(), path.string().size());
  return fmt::format(
      "Python, with pixels a numpy.{} array of {}:\n"
      "  session = onnxruntime.InferenceSession(\"{}\")\n"
      "  {} = session.run([\"{}\"], {{\"{}\": pixels}})[0]\n"
      "JavaScript, with pixels a {}:\n"
      "  const session = await ort.InferenceSession.create(\"{}\");\n"
      "  const {{ {} }} = await session.run({{ {}: new ort.Tensor(\"{}\", pixels, {}) }});\n",
      bytes ? "uint8" : "float32", dims_text(input), file, output.name, output.name, input.name,
      bytes ? "Uint8Array" : "Float32Array", file, output.name, input.name,
      bytes ? "uint8" : "float32", dims_text(input));
}

int export_model(const ExportOptions& o) {
  const std::filesystem::path path = output_path(o);
  require_output_kind("--out", path, OutputKind::onnx);
  const Model model = load_model(o.model);
  require_model_memory(o.model, model.network, 1);
  const OnnxExport exported = export_onnx(
      model, {.bytes = o.input == "uint8", .raw = o.raw, .logits = o.logits, .batch = o.batch});
  const onnx::Model& graph = exported.graph;
  const std::size_t bytes = onnx::write_model(path, graph);

  std::string text =
      fmt::format("{}: {}, opset {}, IR {}\n", path_text(path),
                  bytes_text(static_cast<double>(bytes)), graph.opset, graph.ir_version);
  for (const onnx::Value& value : graph.inputs) {
    text += value_line("input", value, input_meaning(model.info, o.raw));
  }
  for (const onnx::Value& value : graph.outputs) {
    text +=
        value_line("output", value, value.name == "logits" ? "what the last layer gives" : "sum 1");
  }
  write_lines(stdout, text + usage_text(graph, path));
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::ExportOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::export_model(options); });
}
