#include "base/file.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLimit = 1 << 20;

// No file of this process may grow beyond `bytes`, as on a disk that is full; write then stops
// short and fails.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(WriteFile, WhatIsWrittenIsRead) {
  const TempDir dir;
  const std::string text("zero \0 byte, \xFF and\r\n", 20);
  write_file(dir / "a", text);
  EXPECT_EQ(read_file(dir / "a", kLimit), text);
  write_file(dir / "empty", "");
  EXPECT_EQ(read_file(dir / "empty", 0), "");
  EXPECT_EQ(dir.names(), (std::vector<std::string>{"a", "empty"}));
}

TEST(WriteFile, JoinsPartsInOrder) {
  const TempDir dir;
  const std::string first = "first ";
  const std::string second(300'000, 's');
  const std::vector<std::span<const std::byte>> parts = {
      std::as_bytes(std::span(first)), {}, std::as_bytes(std::span(second))};
  write_file(dir / "a", parts);
  EXPECT_EQ(read_file(dir / "a", kLimit), first + second);
}

TEST(WriteFile, ReplacesALongerFile) {
  const TempDir dir;
  write_file(dir / "a", "something longer");
  write_file(dir / "a", "short");
  EXPECT_EQ(read_file(dir / "a", kLimit), "short");
  EXPECT_EQ(dir.names(), std::vector<std::string>{"a"});
}

TEST(WriteFile, TakesANameInTheCurrentDirectory) {
  const TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  write_file("a", "text");
  fs::current_path(before);
  EXPECT_EQ(read_file(dir / "a", kLimit), "text");
}

TEST(WriteFile, TakesANameAsLongAsAnyMayBe) {
  const TempDir dir;
  const std::string name(255, 'n');
  const fs::path left = dir / ("." + std::string(220, 'n') + ".99999999-0.tmp");
  std::ofstream(left) << "half";
  write_file(dir / name, "first");
  write_file(dir / name, "second");
  EXPECT_EQ(read_file(dir / name, kLimit), "second");
  EXPECT_EQ(dir.names(), std::vector<std::string>{name});
}

TEST(WriteFile, HasThePermissionsOfTheUmask) {
  const TempDir dir;
  const mode_t before = ::umask(0027);
  write_file(dir / "a", "text");
  ::umask(before);
  EXPECT_EQ(fs::status(dir / "a").permissions(), static_cast<fs::perms>(0640));
}

TEST(WriteFile, ReplacesASymbolicLinkNotItsTarget) {
  const TempDir dir;
  write_file(dir / "target", "old");
  fs::create_symlink("target", dir / "link");
  write_file(dir / "link", "new");
  EXPECT_EQ(read_file(dir / "target", kLimit), "old");
  EXPECT_EQ(read_file(dir / "link", kLimit), "new");
  EXPECT_FALSE(fs::is_symlink(dir / "link"));
}

TEST(WriteFile, AFullDiskKeepsTheOldFileAndLeavesNothing) {
  const TempDir dir;
  write_file(dir / "last", "old");
  const std::string text(200'000, 'x');
  std::string message;
  {
    const FullDisk disk(65'536);
    message = file_error_of([&] { write_file(dir / "last", text); });
  }
  EXPECT_EQ(message, (dir / "last").string() + ": error: cannot write: File too large");
  EXPECT_EQ(read_file(dir / "last", kLimit), "old");
  EXPECT_EQ(dir.names(), std::vector<std::string>{"last"});
}

TEST(WriteFile, IsNotInTheWayOfALeftOverTemporaryFile) {
  const TempDir dir;
  const std::string leftover = ".last." + std::to_string(::getpid()) + "-0.tmp";
  write_bytes(dir / leftover, "half a ch");
  const int held = ::open((dir / leftover).c_str(), O_RDWR);  // so it cannot be removed
  ASSERT_EQ(::flock(held, LOCK_EX | LOCK_NB), 0);
  write_file(dir / "last", "whole");
  ::close(held);
  EXPECT_EQ(read_file(dir / "last", kLimit), "whole");
  EXPECT_EQ(read_file(dir / leftover, kLimit), "half a ch");
}

TEST(WriteFile, SaysWhyItCannot) {
  const TempDir dir;
  const fs::path nowhere = dir / "missing" / "a";
  EXPECT_EQ(file_error_of([&] { write_file(nowhere, "text"); }),
            nowhere.string() +
                ": error: cannot create a temporary file beside it: No such file or directory");

  write_file(dir / "file", "text");
  const fs::path below = dir / "file" / "a";
  EXPECT_EQ(file_error_of([&] { write_file(below, "text"); }),
            below.string() + ": error: cannot create a temporary file beside it: Not a directory");

  const fs::path long_name = dir / std::string(300, 'n');
  EXPECT_EQ(
      file_error_of([&] { write_file(long_name, "text"); }),
      long_name.string() + ": error: cannot create a temporary file beside it: File name too long");
}

TEST(WriteFile, RemovesWhatTheDeadLeftOfTheSameFileAlone) {
  const TempDir temp;
  const fs::path held = temp / ".a.1234567-1.tmp";
  for (const char* name : {".a.1234567-0.tmp", ".a.1234567-1.tmp", ".b.1234567-0.tmp", ".a.tmp"}) {
    std::ofstream(temp / name) << "half";
  }
  const int descriptor = ::open(held.c_str(), O_RDWR);
  ASSERT_EQ(::flock(descriptor, LOCK_EX | LOCK_NB), 0);
  write_file(temp / "a", "text");
  EXPECT_FALSE(fs::exists(temp / ".a.1234567-0.tmp"));
  EXPECT_TRUE(fs::exists(held));
  EXPECT_TRUE(fs::exists(temp / ".b.1234567-0.tmp"));
  EXPECT_TRUE(fs::exists(temp / ".a.tmp"));
  ::close(descriptor);
}

TEST(WriteFile, RefusesWhatIsNoFile) {
  const TempDir dir;
  EXPECT_EQ(file_error_of([&] { write_file(dir.path(), "text"); }),
            dir.path().string() + ": error: cannot write: is a directory, not a file");
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(file_error_of([&] { write_file(dir / "pipe", "text"); }),
            (dir / "pipe").string() + ": error: cannot write: is a pipe, not a file");
  // By a link: a check that fails would replace the link, not the machine's device.
  fs::create_symlink("/dev/null", dir / "link");
  EXPECT_EQ(file_error_of([&] { write_file(dir / "link", "text"); }),
            (dir / "link").string() + ": error: cannot write: is a device, not a file");
  EXPECT_EQ(dir.names(), (std::vector<std::string>{"link", "pipe"}));
  EXPECT_TRUE(fs::is_symlink(dir / "link"));
}

TEST(WriteFile, AReaderSeesTheOldOrTheNewFile) {
  const TempDir dir;
  const std::string small(1'000, 'a');
  const std::string large(500'000, 'b');
  write_file(dir / "a", small);
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) write_file(dir / "a", i % 2 == 0 ? large : small);
    write_file(dir / "end", "");
  });
  int torn = 0;
  while (!fs::exists(dir / "end")) {
    const std::string text = read_file(dir / "a", kLimit);
    if (text != small && text != large) ++torn;
  }
  writer.join();
  EXPECT_EQ(torn, 0);
}

TEST(ReadFile, HoldsToItsLimit) {
  const TempDir dir;
  write_file(dir / "a", "12345");
  EXPECT_EQ(read_file(dir / "a", 5), "12345");
  EXPECT_EQ(file_error_of([&] { read_file(dir / "a", 4); }),
            (dir / "a").string() + ": error: is too large: 5 bytes, at most 4 are accepted");
}

// Files of /proc are regular, and say that they hold nothing.
TEST(ReadFile, ReadsAFileThatDoesNotKnowItsSize) {
  EXPECT_EQ(read_file("/proc/self/status", kLimit).substr(0, 5), "Name:");
  EXPECT_EQ(file_error_of([] { read_file("/proc/self/status", 9); }),
            "/proc/self/status: error: is too large: more than 9 bytes, at most 9 are accepted");
}

TEST(ReadFile, RefusesWhatIsNoFileWithoutWaiting) {
  const TempDir dir;
  EXPECT_EQ(file_error_of([&] { read_file(dir / "a", kLimit); }),
            (dir / "a").string() + ": error: cannot open: No such file or directory");
  EXPECT_EQ(file_error_of([&] { read_file(dir.path(), kLimit); }),
            dir.path().string() + ": error: is a directory, not a file");
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(file_error_of([&] { read_file(dir / "pipe", kLimit); }),
            (dir / "pipe").string() + ": error: is a pipe, not a file");
  EXPECT_EQ(file_error_of([&] { read_file("/dev/zero", kLimit); }),
            "/dev/zero: error: is a device, not a file");
}

TEST(ListDirectory, GivesThePathsOfWhatItHolds) {
  const TempDir dir;
  EXPECT_TRUE(list_directory(dir.path()).empty());
  write_file(dir / "a", "");
  fs::create_directory(dir / ".hidden");
  std::vector<fs::path> paths = list_directory(dir.path());
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(paths, (std::vector<fs::path>{dir / ".hidden", dir / "a"}));
}

TEST(ListDirectory, SaysWhyItCannot) {
  const TempDir dir;
  EXPECT_EQ(file_error_of([&] { list_directory(dir / "none"); }),
            (dir / "none").string() + ": error: cannot list: No such file or directory");
  write_file(dir / "file", "");
  EXPECT_EQ(file_error_of([&] { list_directory(dir / "file"); }),
            (dir / "file").string() + ": error: cannot list: Not a directory");
}

TEST(InputFile, ReadsPieceByPiece) {
  const TempDir dir;
  write_file(dir / "a", "abcde");
  InputFile file(dir / "a");
  EXPECT_EQ(file.size(), 5U);
  std::string piece(3, ' ');
  EXPECT_EQ(file.read(std::as_writable_bytes(std::span(piece))), 3U);
  EXPECT_EQ(piece, "abc");
  EXPECT_EQ(file.read(std::as_writable_bytes(std::span(piece))), 2U);
  EXPECT_EQ(piece.substr(0, 2), "de");
  EXPECT_EQ(file.read(std::as_writable_bytes(std::span(piece))), 0U);
}

TEST(DisplayPath, KeepsTheNameOfALink) {
  const TempDir temp;
  const fs::path before = fs::current_path();
  fs::create_directories(temp / "here/below");
  fs::create_directory_symlink(temp / "here", temp / "door");
  fs::create_symlink("/dev/zero", temp / "here/below/zero.png");
  fs::current_path(temp / "here");
  EXPECT_EQ(display_path(temp / "here/below/zero.png"), "below/zero.png");
  EXPECT_EQ(display_path("./below"), "below");
  EXPECT_EQ(display_path(temp / "door/below"), "below");
  EXPECT_EQ(display_path(temp / "here2"), (temp / "here2").string());
  fs::current_path(before);
}

TEST(Printable, ShowsNothingATerminalWouldObey) {
  EXPECT_EQ(printable("conv1.weight"), "conv1.weight");
  EXPECT_EQ(printable("\x1b[31m\n\x7f"), "\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m größer"),
            "\\u009b"
            "31m größer");
}

TEST(Printable, CutsLongNamesBetweenCharacters) {
  EXPECT_EQ(printable(std::string(80, 'n')), std::string(80, 'n'));
  EXPECT_EQ(printable(std::string(81, 'n')), std::string(80, 'n') + "…");
  EXPECT_EQ(printable(std::string(79, 'n') + "ö"), std::string(79, 'n') + "ö");
  EXPECT_EQ(printable(std::string(79, 'n') + "öö"), std::string(79, 'n') + "ö…");
}

}  // namespace
}  // namespace cnn
