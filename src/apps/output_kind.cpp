#include "apps/output_kind.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "run/packed_data.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kNpySignature = "\x93NUMPY";

bool is_png(const fs::path& path) {
  if (!fs::is_regular_file(path)) return false;
  std::array<char, kPngSignature.size()> start{};
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return std::string_view(start.data(), start.size()) == kPngSignature;
}

// ONNX has no signature; every tool writes the version first, then its own name or the graph.
bool is_onnx(const fs::path& path) {
  if (!fs::is_regular_file(path)) return false;
  std::array<char, 3> start{};
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return start[0] == '\x08' && (start[2] == '\x12' || start[2] == '\x3A');
}

bool is_npy(const fs::path& path) {
  if (!fs::is_regular_file(path)) return false;
  std::array<char, kNpySignature.size()> start{};
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return std::string_view(start.data(), start.size()) == kNpySignature;
}

bool is_imported(const fs::path& path) {
  if (!fs::is_regular_file(path)) return false;
  std::array<char, kImportedHeader.size()> start{};
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return std::string_view(start.data(), start.size()) == kImportedHeader;
}

bool is_html(const fs::path& path) {
  constexpr std::string_view kStart = "<!DOCTYPE html>";
  if (!fs::is_regular_file(path)) return false;
  std::array<char, kStart.size()> start{};
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return std::string_view(start.data(), start.size()) == kStart;
}

struct Kind {
  const char* name;
  bool (*is)(const fs::path&);
};

// In the order of OutputKind.
constexpr std::array kKinds = {
    Kind{"PNG picture", is_png},
    Kind{"directory", [](const fs::path& path) { return fs::is_directory(path); }},
    Kind{"ONNX model", is_onnx},
    Kind{"configuration of cnn-import", is_imported},
    Kind{"HTML page", is_html},
    Kind{"array of numpy", is_npy},
    Kind{"empty directory, nor a set that cnn-data packed", is_packed_data},
};

}  // namespace

void require_output_kind(const std::string& option, const fs::path& path, OutputKind kind) {
  const Kind& wanted = kKinds[static_cast<std::size_t>(kind)];
  if (path.empty() || !is_there(path) || wanted.is(path)) return;
  throw ConfigError("error: " + option + ": " + display_path(path) +
                    " is there already and is no " + wanted.name + "; choose another name");
}

void require_outside_classes(const std::string& option, const fs::path& output,
                             const SourceConfig& source) {
  if (!source.keeps_pictures()) return;
  const auto is_in = [&](DataPart part) {
    try {
      const fs::path classes = source.open(part)->describe();
      return std::ranges::mismatch(classes, output.parent_path()).in1 == classes.end();
    } catch (const FileError&) {
      return false;  // who reads the part says what is wrong with it
    }
  };
  if (std::ranges::any_of(source.parts(), is_in)) {
    throw ConfigError("error: " + option + ": " + display_path(output) +
                      " would stand among the folders of classes; choose another place");
  }
}

}  // namespace cnn::app
