// The order of system calls that makes a written file survive a power cut. The functions here stand
// before the C library's in this test binary: they note the call, then make it.

#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

struct Call {
  std::string what;
  fs::path path;  // the file, directory, or file renamed
  fs::path to = {};
  std::uintmax_t bytes = 0;  // in the file, if it is one
};

// Where the calls of this thread are noted while somebody wants to know.
thread_local std::vector<Call>* noted = nullptr;

fs::path path_of(int descriptor) {
  if (descriptor == AT_FDCWD) return fs::current_path();
  return fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor));
}

void note(Call call) {
  if (noted == nullptr) return;
  if (fs::is_regular_file(call.path)) call.bytes = fs::file_size(call.path);
  noted->push_back(std::move(call));
}

std::vector<Call> calls_of_writing(const fs::path& path, const std::string& text) {
  std::vector<Call> calls;
  noted = &calls;
  write_file(path, text);
  noted = nullptr;
  return calls;
}

}  // namespace

extern "C" int fsync(int descriptor) {
  note({"fsync", path_of(descriptor)});
  return static_cast<int>(syscall(SYS_fsync, descriptor));
}

extern "C" int renameat(int from_directory, const char* from, int to_directory,
                        const char* to) noexcept {
  note({"rename", path_of(from_directory) / from, path_of(to_directory) / to});
  return static_cast<int>(syscall(SYS_renameat2, from_directory, from, to_directory, to, 0));
}

namespace {

TEST(WriteFile, SecuresTheBytesThenReplacesTheFileThenSecuresTheName) {
  const TempDir temp;
  const fs::path directory = fs::canonical(temp.path());
  const fs::path target = directory / "last.safetensors";
  write_file(target, "older");
  const std::vector<Call> calls = calls_of_writing(target, "newer bytes");
  ASSERT_EQ(calls.size(), 3U);

  EXPECT_EQ(calls[0].what, "fsync");
  EXPECT_EQ(calls[0].path.parent_path(), directory);  // where a rename can reach the target from
  EXPECT_NE(calls[0].path, target);
  EXPECT_EQ(calls[0].bytes, 11U);

  EXPECT_EQ(calls[1].what, "rename");
  EXPECT_EQ(calls[1].path, calls[0].path);
  EXPECT_EQ(calls[1].to, target);

  EXPECT_EQ(calls[2].what, "fsync");
  EXPECT_EQ(calls[2].path, directory);
}

}  // namespace
}  // namespace cnn
