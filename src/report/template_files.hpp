// The files of templates/, as they were when the program was built.

#pragma once

#include <span>
#include <string_view>

namespace cnn::report {

struct TemplateFile {
  std::string_view name;  // "page.html"
  std::string_view text;
};

std::span<const TemplateFile> template_files();

}  // namespace cnn::report
