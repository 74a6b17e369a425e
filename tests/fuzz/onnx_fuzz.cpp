// An ONNX file, read and made a network of this project. What is read is written and reads the
// same.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.hpp"
#include "formats/onnx/reader.hpp"
#include "run/onnx_import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cnn;
  const std::filesystem::path path = "a.onnx";
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    const onnx::Model model = onnx::parse_model(path, bytes);
    const OnnxImport imported = import_onnx(path, model, {});
    const LoadedConfig loaded = load_config_text("a.yaml", imported.yaml, {"data.dir=data"});
    if (loaded.config.network.size() != imported.network.layers.size()) std::abort();
  } catch (const FileError&) {
  }
  return 0;
}
