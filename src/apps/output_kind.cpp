#include "apps/output_kind.hpp"

#include <array>
#include <span>
#include <string_view>

#include "cnn/error.hpp"

#include "base/file.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

bool is_png(const fs::path& path) {
  if (!fs::is_regular_file(path)) return false;
  std::array<char, kPngSignature.size()> start{};
  InputFile(path).read(std::as_writable_bytes(std::span(start)));
  return std::string_view(start.data(), start.size()) == kPngSignature;
}

}  // namespace

void require_output_kind(const std::string& option, const fs::path& path, OutputKind kind) {
  if (path.empty() || !is_there(path)) return;
  const bool png = kind == OutputKind::png;
  if (png ? is_png(path) : fs::is_directory(path)) return;
  throw ConfigError("error: " + option + ": " + display_path(path) +
                    " is there already and is no " + (png ? "PNG picture" : "directory") +
                    "; choose another name");
}

}  // namespace cnn::app
