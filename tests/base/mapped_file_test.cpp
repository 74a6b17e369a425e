#include "base/mapped_file.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/sanitizers.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(const MappedFile& file) {
  return {file.bytes().begin(), file.bytes().end()};
}

TEST(MappedFile, HoldsTheBytesOfTheFileThatWasOpened) {
  const TempDir temp;
  const fs::path path = temp / "file";
  write(path, "some bytes");
  std::optional<MappedFile> file;
  file.emplace(InputFile(path));
  EXPECT_EQ(text_of(*file), "some bytes");
  write(temp / "other", "others");
  fs::rename(temp / "other", path);
  EXPECT_EQ(text_of(*file), "some bytes");
  fs::remove(path);
  EXPECT_EQ(text_of(*file), "some bytes");
}

TEST(MappedFile, RefusesAFileThatGrowsOrShrinksWhileItIsRead) {
  const TempDir temp;
  for (const char* text : {"more bytes than before", "fewer"}) {
    write(temp / "file", "some bytes");
    const InputFile input(temp / "file");
    write(temp / "file", text);
    try {
      const MappedFile file(input);
      FAIL();
    } catch (const FileError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("file: error: changes while it is read"));
    }
  }
}

// Pages that are gone: a message and an exit code in a program, a signal in a library.
TEST(MappedFileDeathTest, EndsWhereThePagesAreGone) {
  const TempDir temp;
  const fs::path path = temp / "file";
  const auto look_behind_the_end = [&] {
    write(path, std::string(100'000, 'x'));
    const MappedFile file{InputFile(path)};
    const MappedFile other{InputFile(path)};
    fs::resize_file(path, 10);
    return file.bytes()[90'000];
  };
  // Sanitizers have a report of their own.
  if (!kSanitized) {
    EXPECT_EXIT(look_behind_the_end(), testing::KilledBySignal(SIGBUS), "");
  }
  EXPECT_EXIT(
      {
        end_where_mapped_bytes_are_gone(3);
        look_behind_the_end();
      },
      testing::ExitedWithCode(3), "/file: error: became shorter, or cannot be read any more");
}

}  // namespace
}  // namespace cnn
