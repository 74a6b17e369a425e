// Diagnostics: the mistakes found in a configuration, each with its place, and how they are shown:
//
//   lenet.yaml:9:47: error: unknown key 'strid' in conv 'conv1'
//     - conv: {name: conv1, count: 20, kernel: 5, strid: 1}
//                                                 ^~~~~
//     did you mean 'stride'?  conv accepts: name count kernel stride pad groups dilation
//     bias init alpha lambda from

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cnn {

// A text that a configuration comes from: the file, or one --set argument.
struct Source {
  enum class Kind { file, argument };
  Kind kind = Kind::file;
  std::string name;  // as it stands in messages
  std::string text;
};

// A stretch of a line. Lines and columns count from 1, columns in characters; line 0 stands for the
// source as a whole.
struct Place {
  std::size_t source = 0;
  std::size_t line = 0;
  std::size_t column = 1;
  std::size_t length = 1;

  bool operator==(const Place&) const = default;
};

struct Diagnostic {
  Place place;
  std::string message;
  std::string hint;  // the next step, or empty; may have several lines
};

// The message, the line it points at, and the hint, without a newline at the end.
std::string render(const std::vector<Source>& sources, const Diagnostic& diagnostic);

class Diagnostics {
 public:
  void add(const Place& place, std::string message, std::string hint = {});

  bool empty() const { return found_.empty(); }
  // All of them in the order of their places; of more than 20, those and how many were left out.
  std::string text(const std::vector<Source>& sources) const;
  // Throws ConfigError with text() unless there are none.
  void throw_if_any(const std::vector<Source>& sources) const;

 private:
  std::vector<Diagnostic> found_;
};

}  // namespace cnn
