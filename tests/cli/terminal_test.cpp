// What the commands write to a terminal: escape codes only where it understands them.

#include <optional>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "support/cli.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

// Runs a command with a pseudo terminal for all three streams, and TERM and NO_COLOR as given or
// unset; what it wrote.
std::string on_terminal(const std::string& name, const std::vector<std::string>& arguments,
                        const std::optional<std::string>& term,
                        const std::optional<std::string>& no_color = std::nullopt) {
  const std::string program = command_path(name).string();
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  termios raw{};
  cfmakeraw(&raw);  // a line's end stays one character
  winsize size{};
  size.ws_row = 24;
  size.ws_col = 80;
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, &raw, &size);
  if (child < 0) {
    ADD_FAILURE() << "no pseudo terminal";
    return "";
  }
  if (child == 0) {
    no_color ? setenv("NO_COLOR", no_color->c_str(), 1) : unsetenv("NO_COLOR");
    term ? setenv("TERM", term->c_str(), 1) : unsetenv("TERM");
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(terminal, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << text;
  return text;
}

bool has_escapes(const std::string& text) {
  return text.find_first_of("\r\033") != std::string::npos;
}

const std::vector<std::optional<std::string>> kDumb = {"dumb", "", std::nullopt};

TEST(Terminal, GetsAStatusLineOnlyIfItUnderstandsEscapes) {
  const TempDir temp;
  const std::vector<std::string> arguments =
      train_arguments(temp / "run", {"--overwrite", "--set", "training.steps=3"});
  EXPECT_THAT(on_terminal("cnn-train", arguments, "xterm"), HasSubstr("\r\033[K"));
  for (const auto& term : kDumb) {
    const std::string text = on_terminal("cnn-train", arguments, term);
    EXPECT_FALSE(has_escapes(text)) << text;
    EXPECT_THAT(text, HasSubstr("\nepoch "));
  }
}

TEST(Terminal, GetsColoursOnlyIfItUnderstandsEscapes) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {"--set", "training.steps=1"}).code, 0);
  const std::vector<std::string> arguments = {
      "--model", (temp / "run" / "model.safetensors").string(), "--show", "--quiet",
      std::string(CNN_SOURCE_DIR) + "/data/samples/3-blue-on-cream.png"};
  EXPECT_THAT(on_terminal("cnn-predict", arguments, "xterm-256color"), HasSubstr("\033[38;2;"));
  // Empty says the same as unset: no-color.org.
  EXPECT_THAT(on_terminal("cnn-predict", arguments, "xterm-256color", ""), HasSubstr("\033[38;2;"));
  for (const auto& term : kDumb) {
    const std::string text = on_terminal("cnn-predict", arguments, term);
    EXPECT_FALSE(has_escapes(text)) << text;
    EXPECT_THAT(text, HasSubstr("3-blue-on-cream.png"));
  }
  const std::string plain = on_terminal("cnn-predict", arguments, "xterm-256color", "1");
  EXPECT_FALSE(has_escapes(plain)) << plain;
  // The same lines as where stdout is no terminal.
  EXPECT_EQ(plain, run_command("cnn-predict", arguments).out);
}

TEST(Terminal, ShowsTwoHalvesOfHalfBlocks) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {"--set", "training.steps=1"}).code, 0);
  const std::string text =
      on_terminal("cnn-predict",
                  {"--model", (temp / "run" / "model.safetensors").string(), "--show", "--top", "1",
                   std::string(CNN_SOURCE_DIR) + "/data/samples/4-as-in-mnist.png"},
                  "xterm");
  std::istringstream lines(text);
  int drawn = 0;
  for (std::string line; std::getline(lines, line);) {
    int blocks = 0;
    for (std::size_t at = 0; (at = line.find("▀", at)) != std::string::npos; ++at) ++blocks;
    if (blocks == 0) continue;
    ++drawn;
    EXPECT_EQ(blocks, 28 + 28);
    EXPECT_TRUE(line.ends_with("\033[0m")) << "the colours go on";
  }
  EXPECT_EQ(drawn, 14);
}

}  // namespace
}  // namespace cnn
