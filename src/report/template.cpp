#include "report/template.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/text.hpp"
#include "report/template_files.hpp"

namespace cnn::report {
namespace {

// A template, read.
struct Part {
  enum class Kind { literal, text, paths, each, none };
  Kind kind;
  std::string_view what;  // the literal, or the name
  std::vector<Part> parts = {};
};

[[noreturn]] void fail(const std::string& what, std::string_view name) {
  throw std::logic_error("template: " + what + " '" + std::string(name) + "'");
}

std::string_view source_of(std::string_view name) {
  for (const TemplateFile& file : template_files()) {
    if (file.name == name) return file.text;
  }
  fail("there is no file", name);
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source) {}

  // Up to the tag that ends the section of that name, or to the end.
  std::vector<Part> parts_until_end_of(std::string_view section) {
    std::vector<Part> parts;
    while (at_ < source_.size()) {
      const std::size_t open = std::min(source_.find("{{", at_), source_.size());
      const std::size_t close = source_.find("}}", open);
      if (open == source_.size() || close == std::string_view::npos) {
        add_literal(parts, source_.size());
        break;
      }
      const char sign = source_[open + 2];
      const bool marked = sign == '#' || sign == '^' || sign == '/' || sign == '>' || sign == ':';
      const std::size_t begin = open + (marked ? 3 : 2);
      const std::string_view name = source_.substr(begin, close - begin);
      const bool is_text = !marked || sign == ':';
      add_literal(parts, is_text ? open : before_tag(open, close + 2));
      at_ = is_text ? close + 2 : after_tag(open, close + 2);
      if (sign == '/') {
        if (name != section) fail("a section ends that is not open:", name);
        return parts;
      }
      if (sign == '>') {
        for (Part& part : Parser(source_of(name)).parts_until_end_of("")) {
          parts.push_back(std::move(part));
        }
      } else if (is_text) {
        parts.push_back({marked ? Part::Kind::paths : Part::Kind::text, name});
      } else {
        const Part::Kind kind = sign == '#' ? Part::Kind::each : Part::Kind::none;
        parts.push_back({kind, name, parts_until_end_of(name)});
      }
    }
    if (!section.empty()) fail("a section does not end:", section);
    return parts;
  }

 private:
  void add_literal(std::vector<Part>& parts, std::size_t end) {
    if (end > at_) parts.push_back({Part::Kind::literal, source_.substr(at_, end - at_)});
    at_ = end;
  }

  bool is_alone(std::size_t open, std::size_t end) const {
    const std::size_t line = line_start(open);
    return source_.substr(line, open - line).find_first_not_of(' ') == std::string_view::npos &&
           (end == source_.size() || source_[end] == '\n');
  }
  std::size_t line_start(std::size_t open) const {
    const std::size_t newline = open == 0 ? std::string_view::npos : source_.rfind('\n', open - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
  }
  std::size_t before_tag(std::size_t open, std::size_t end) const {
    return is_alone(open, end) ? std::max(at_, line_start(open)) : open;
  }
  std::size_t after_tag(std::size_t open, std::size_t end) const {
    return is_alone(open, end) ? std::min(end + 1, source_.size()) : end;
  }

  std::string_view source_;
  std::size_t at_ = 0;
};

class Renderer {
 public:
  explicit Renderer(const Fields& fields) : open_{&fields} {}

  void render(const std::vector<Part>& parts) {
    for (const Part& part : parts) render(part);
  }
  std::string take() && { return std::move(result_); }

 private:
  void render(const Part& part) {
    if (part.kind == Part::Kind::literal) {
      result_ += part.what;
      return;
    }
    const std::string name(part.what);
    if (part.kind == Part::Kind::text) {
      result_ += escaped(text_of(name));
      return;
    }
    if (part.kind == Part::Kind::paths) {
      result_ += isolated(text_of(name));
      return;
    }
    const std::vector<Fields>* list = list_of(name);
    const bool empty = list == nullptr || list->empty();
    if (part.kind == Part::Kind::none) {
      if (empty) render(part.parts);
      return;
    }
    if (empty) return;
    for (const Fields& item : *list) {
      open_.push_back(&item);
      render(part.parts);
      open_.pop_back();
    }
  }

  const std::string& text_of(const std::string& name) const {
    for (auto fields = open_.rbegin(); fields != open_.rend(); ++fields) {
      if (const std::string* text = (*fields)->find_text(name)) return *text;
    }
    fail("nobody gives the text", name);
  }
  const std::vector<Fields>* list_of(const std::string& name) const {
    for (auto fields = open_.rbegin(); fields != open_.rend(); ++fields) {
      if (const std::vector<Fields>* list = (*fields)->find_list(name)) return list;
    }
    return nullptr;
  }

  std::vector<const Fields*> open_;  // the innermost last
  std::string result_;
};

}  // namespace

Fields& Fields::text(const std::string& name, std::string value) {
  texts_[name] = std::move(value);
  return *this;
}

Fields& Fields::add(const std::string& name, Fields item) {
  lists_[name].push_back(std::move(item));
  return *this;
}

Fields& Fields::show(const std::string& name, bool shown) {
  lists_[name] = std::vector<Fields>(shown ? 1 : 0);
  return *this;
}

const std::string* Fields::find_text(const std::string& name) const {
  const auto found = texts_.find(name);
  return found == texts_.end() ? nullptr : &found->second;
}

const std::vector<Fields>* Fields::find_list(const std::string& name) const {
  const auto found = lists_.find(name);
  return found == lists_.end() ? nullptr : &found->second;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : shown_lines(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string isolated(std::string_view text) {
  // What stands between the names in a path, a command or a message. Words of such letters with a
  // space between them are one name.
  static constexpr std::string_view kBetween = "/ \n:;,=\"'()[]{}";
  const auto word_at = [text](std::size_t at) {
    return text.substr(at, std::min(text.find_first_of(kBetween, at), text.size()) - at);
  };
  const auto is_plain = [](std::string_view word) {
    return std::ranges::all_of(word, [](char c) { return (c & 0x80) == 0; });
  };
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t start = at;
    const bool plain = is_plain(word_at(start));
    at += word_at(start).size();
    while (!plain && at < text.size() && text[at] == ' ' && !is_plain(word_at(at + 1))) {
      at += 1 + word_at(at + 1).size();
    }
    const std::string name = escaped(text.substr(start, at - start));
    result += plain ? name : "<bdi>" + name + "</bdi>";
    result += escaped(text.substr(at, 1));
  }
  return result;
}

std::string render_text(std::string_view source, const Fields& fields) {
  Renderer renderer(fields);
  renderer.render(Parser(source).parts_until_end_of(""));
  return std::move(renderer).take();
}

std::string render(std::string_view name, const Fields& fields) {
  return render_text(source_of(name), fields);
}

}  // namespace cnn::report
