#include "apps/output_kind.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "run/packed_data.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kNpySignature = "\x93NUMPY";
constexpr std::string_view kHtmlStart = "<!DOCTYPE html>";
constexpr std::string_view kConfusionStart = "true\\predicted";
constexpr std::string_view kPredictionsStart = "index,file,true,predicted,";
constexpr std::string_view kSweepStart = "run,";

bool begins_with(const fs::path& path, std::string_view wanted) {
  if (!fs::is_regular_file(path)) return false;
  std::string start(wanted.size(), '\0');
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return start == wanted;
}

template <const std::string_view& start>
bool begins(const fs::path& path) {
  return begins_with(path, start);
}

// ONNX has no signature; every tool writes the version first, then its own name or the graph.
bool is_onnx(const fs::path& path) {
  if (!fs::is_regular_file(path)) return false;
  std::array<char, 3> start{};
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return start[0] == '\x08' && (start[2] == '\x12' || start[2] == '\x3A');
}

struct Kind {
  const char* name;
  bool (*is)(const fs::path&);
};

// In the order of OutputKind.
constexpr std::array kKinds = {
    Kind{"PNG picture", begins<kPngSignature>},
    Kind{"directory", [](const fs::path& path) { return fs::is_directory(path); }},
    Kind{"ONNX model", is_onnx},
    Kind{"configuration of cnn-import", begins<kImportedHeader>},
    Kind{"HTML page", begins<kHtmlStart>},
    Kind{"array of numpy", begins<kNpySignature>},
    Kind{"empty directory, nor a set that cnn-data packed", is_packed_data},
    Kind{"confusion matrix of cnn-eval", begins<kConfusionStart>},
    Kind{"list of predictions of cnn-eval", begins<kPredictionsStart>},
    Kind{"list of runs of --sweep", begins<kSweepStart>},
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
