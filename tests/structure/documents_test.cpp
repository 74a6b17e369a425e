// The documents, checked: a link between them leads somewhere, and the README stays short.

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = CNN_SOURCE_DIR;

std::vector<fs::path> documents() {
  std::vector<fs::path> found = {kRoot / "README.md", kRoot / "CHANGELOG.md"};
  for (const char* folder : {".github", "configs", "data", "include", "src", "tests"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.path().extension() == ".md") found.push_back(entry.path());
    }
  }
  return found;
}

// Lines outside of code blocks.
std::vector<std::string> lines_of(const fs::path& document) {
  std::vector<std::string> lines;
  std::ifstream file(document);
  bool code = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) code = !code;
    if (!code) lines.push_back(line);
  }
  return lines;
}

// "## Nielsen's ladder" is "nielsens-ladder": how hosts of repositories name headings in links.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading.substr(heading.find_first_not_of("# "))) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || byte >= 0x80) {
      anchor += static_cast<char>(std::tolower(byte));
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

std::set<std::string> anchors_of(const fs::path& document) {
  std::set<std::string> anchors;
  for (const std::string& line : lines_of(document)) {
    if (line.starts_with("#")) anchors.insert(anchor_of(line));
  }
  return anchors;
}

TEST(Documents, HaveNoBrokenLinks) {
  const std::regex link(R"(\]\(([^)\s]+)\))");
  for (const fs::path& document : documents()) {
    ASSERT_TRUE(fs::exists(document)) << document;
    for (const std::string& line : lines_of(document)) {
      for (std::sregex_iterator i(line.begin(), line.end(), link), end; i != end; ++i) {
        const std::string target = (*i)[1];
        if (target.find("://") != std::string::npos) continue;
        const std::size_t hash = std::min(target.find('#'), target.size());
        const fs::path file =
            hash == 0 ? document : document.parent_path() / target.substr(0, hash);
        ASSERT_TRUE(fs::exists(file)) << document << " links to " << target;
        if (hash == target.size() || file.extension() != ".md") continue;
        EXPECT_TRUE(anchors_of(file).contains(target.substr(hash + 1)))
            << document << " links to " << target;
      }
    }
  }
}

TEST(Documents, TheReadmeHasAtMost150Lines) {
  std::ifstream file(kRoot / "README.md");
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  EXPECT_LE(lines, 150U);
}

}  // namespace
