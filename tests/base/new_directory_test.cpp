#include "base/new_directory.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// Their process lives: its lock says so.
TEST(NewDirectory, LeavesThoseThatAreBeingMadeAlone) {
  const TempDir temp;
  NewDirectory one(temp / "set"), other(temp / "set");
  write_file(one.at("a"), "one");
  write_file(other.at("a"), "other");
  one.take_place();
  EXPECT_EQ(read_file(temp / "set/a", 100), "one");
  other.take_place();
  EXPECT_EQ(read_file(temp / "set/a", 100), "other");
  EXPECT_EQ(list_directory(temp.path()).size(), 1U);
}

TEST(NewDirectory, RemovesWhatADeadProcessLeft) {
  const TempDir temp;
  const fs::path left = temp / ".set.1-7.tmp", kept = temp / ".set.1-8.tmp";
  fs::create_directories(left);
  write_file(left / "a", "half");
  fs::create_directories(kept / "of somebody else");
  write_file(temp / ".sets.1-7.tmp", "");
  fs::create_directory_symlink(kept, temp / ".set.1-9.tmp");
  { const NewDirectory made(temp / "set"); }
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_EQ(list_directory(temp.path()).size(), 3U);
}

}  // namespace
}  // namespace cnn
