// A file's promised sizes never decide an allocation before they are checked against what the file
// holds: each reader refuses files of a few hundred bytes that promise much, with hardly any
// memory.

#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "data/idx.hpp"
#include "run/model.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_files.hpp"
#include "support/sanitizers.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

enum Outcome { kAccepted, kRefused, kOutOfMemory, kElse };

// Memory that this process may write to, in bytes: the sixth field of statm (proc(5)).
rlim_t writable_memory() {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

// What `read` comes to in a process that may take 16 MiB more than it has.
Outcome outcome_with_little_memory(const std::function<void()>& read) {
  constexpr rlim_t kAllowed = rlim_t{16} << 20;
  const pid_t child = ::fork();
  if (child == 0) {
    // What earlier tests have given back must not be had without asking the system.
    ::malloc_trim(0);
    // Not RLIMIT_AS: the allocator keeps address space in reserve, for all threads that ever ran.
    const rlimit limit{writable_memory() + kAllowed, RLIM_INFINITY};
    int outcome = kAccepted;
    try {
      if (::setrlimit(RLIMIT_DATA, &limit) != 0) ::_exit(kElse);
      read();
    } catch (const FileError&) {
      outcome = kRefused;
    } catch (const std::bad_alloc&) {
      outcome = kOutOfMemory;
    }
    ::_exit(outcome);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? static_cast<Outcome>(WEXITSTATUS(status)) : kElse;
}

class Promises : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory goes beyond any limit";
  }

  Outcome outcome(const std::string& bytes,
                  const std::function<void(const std::filesystem::path&)>& read) const {
    write_bytes(path_, bytes);
    return outcome_with_little_memory([&] { read(path_); });
  }

  TempDir dir_;
  std::filesystem::path path_ = dir_ / "file";
};

TEST_F(Promises, OfAnIdxFile) {
  const std::string header = idx_header({4, 32768, 32768});
  const auto read = [](const std::filesystem::path& path) { read_idx(path, IdxKind::images); };
  EXPECT_EQ(outcome(header + std::string(1000, 'x'), read), kRefused);
  EXPECT_EQ(outcome(gzip(header + std::string(1000, 'x')), read), kRefused);
}

TEST_F(Promises, OfAPicture) {
  const auto read = [](const std::filesystem::path& path) { read_image(path); };
  std::string jpeg = gray_jpeg();
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x10\x00\x10\x00", 4);  // height, width
  const std::vector<std::string> files = {
      png_file({4096, 4096, 16, 6, 0}, std::string(1000, '\0')),
      bmp_file(4096, 4096, 32, "", std::string(1000, 'x')),
      "P6 4096 4096 255\n" + std::string(1000, 'x'),
      jpeg,
  };
  for (const std::string& file : files) {
    EXPECT_EQ(outcome(file, read), kRefused) << file.substr(1, 3);
  }
}

TEST_F(Promises, OfAModelsTensors) {
  const std::string header = R"({"w":{"dtype":"F32","shape":[268435456],)"
                             R"("data_offsets":[0,1073741824]}})";
  const std::string file =
      std::string{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0} + header;
  const auto read = [](const std::filesystem::path& path) { read_tensors(path); };
  EXPECT_EQ(outcome(file + std::string(1000, 'x'), read), kRefused);
}

// The tensors of a small network, the configuration of one with 1.2 GB of weights.
TEST_F(Promises, OfAModelsConfiguration) {
  {
    const TinyRun run(tiny_config("  epochs: 1\n"), dir_.path(), 1);
    save_model(path_, run.info, run.network);
  }
  TensorFile file = read_tensors(path_);
  std::string& config = file.metadata["config"];
  const std::size_t count = config.rfind("count: 4");
  ASSERT_NE(count, std::string::npos);
  config.replace(count, 8, "count: 1600");
  file.metadata["input"] = "1 512 512";
  std::vector<NamedTensor> tensors;
  for (const TensorFile::Entry& entry : file.tensors) {
    tensors.push_back({entry.name, entry.dims, entry.data});
  }
  write_tensors(path_, tensors, file.metadata);
  EXPECT_EQ(outcome_with_little_memory([&] { load_model(path_); }), kRefused);
}

// The limit is one: a picture that keeps its promise takes more.
TEST_F(Promises, TheLimitIsFelt) {
  const auto read = [&] { read_image(path_); };
  write_bytes(path_, "P6 64 64 255\n");
  std::filesystem::resize_file(path_, 13 + 64 * 64 * 3);
  EXPECT_EQ(outcome_with_little_memory(read), kAccepted);
  // More than earlier tests may have left in the allocator's hands.
  const auto take = [] {
    std::vector<char> block(std::size_t{1} << 29);
    if (block[block.size() / 2] != 0) throw std::bad_alloc();
  };
  EXPECT_EQ(outcome_with_little_memory(take), kOutOfMemory);
}

}  // namespace
}  // namespace cnn
