#include "apps/csv_field.hpp"

#include "base/text.hpp"

namespace cnn::app {

std::string csv_field(const std::string& text) {
  const std::string field = shown(text, text.size());
  if (field.find_first_of(",\"") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace cnn::app
