#include "support/html.hpp"

#include <set>
#include <string_view>
#include <vector>

namespace cnn {
namespace {

// The value of an attribute, or empty.
std::string attribute(std::string_view tag, const std::string& name) {
  const std::string key = " " + name + "=\"";
  const std::size_t at = tag.find(key);
  if (at == std::string_view::npos) return "";
  const std::size_t begin = at + key.size();
  return std::string(tag.substr(begin, tag.find('"', begin) - begin));
}

}  // namespace

std::string html_mistake(const std::string& page) {
  static const std::set<std::string> kVoid = {"meta", "br", "img", "hr"};
  std::vector<std::string> open;
  std::set<std::string> ids, targets;
  if (!page.starts_with("<!DOCTYPE html>")) return "no doctype";
  for (std::size_t at = page.find('<', 1); at != std::string::npos; at = page.find('<', at)) {
    const std::size_t end = page.find('>', at);
    if (end == std::string::npos) return "a tag without end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    at = end;
    const bool closes = tag.starts_with('/');
    const std::string name =
        tag.substr(closes ? 1 : 0, tag.find_first_of(" /\n", 1) - (closes ? 1 : 0));
    if (closes) {
      if (open.empty() || open.back() != tag.substr(1))
        return "</" + tag + " in " + (open.empty() ? "" : open.back());
      open.pop_back();
      continue;
    }
    if (const std::string id = attribute(tag, "id"); !id.empty() && !ids.insert(id).second) {
      return "twice: id " + id;
    }
    const std::string href = attribute(tag, "href");
    if (href.starts_with('#')) targets.insert(href.substr(1));
    if (!href.empty() && !href.starts_with('#')) return "leads elsewhere: " + href;
    const std::string source = attribute(tag, "src");
    if (!source.empty() && !source.starts_with("data:image/png;base64,"))
      return "fetches " + source;
    if (name == "img" && attribute(tag, "alt").empty()) return "an img without alt";
    if (name == "script" || name == "link" || name == "iframe") return "has " + name;
    if (!kVoid.contains(name) && !tag.ends_with('/')) open.push_back(name);
  }
  if (!open.empty()) return "not closed: " + open.back();
  for (const std::string& target : targets) {
    if (!ids.contains(target)) return "leads nowhere: #" + target;
  }
  if (page.find("url(") != std::string::npos || page.find("@import") != std::string::npos) {
    return "the style fetches something";
  }
  return "";
}

}  // namespace cnn
