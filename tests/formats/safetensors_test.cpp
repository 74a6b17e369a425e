#include "formats/safetensors.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/file.hpp"
#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLimit = std::size_t{1} << 30;
constexpr const char* kDamaged =
    "; it is damaged, or another program has changed it and kept the metadata entries 'checksum' "
    "and 'format'";

// The file of that header and that many bytes of data, as any tool might write it.
std::string file_of(const std::string& header, std::size_t data = 0) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + std::string(data, '\x01');
}

std::string header_of(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return file.substr(sizeof length, length);
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

class SafetensorsTest : public testing::Test {
 protected:
  void put(std::string_view bytes) const { write_bytes(path_, bytes); }

  TensorFile read() const { return read_safetensors(path_); }

  // What reading the file says, without the path and what all these messages begin with.
  std::string error() const {
    const std::string message = file_error_of([&] { read(); });
    const std::string start = path_.string() + ": error: no valid safetensors file: ";
    EXPECT_EQ(message.substr(0, start.size()), start);
    return message.substr(std::min(start.size(), message.size()));
  }

  std::string error_of_header(const std::string& header, std::size_t data = 0) const {
    put(file_of(header, data));
    return error();
  }

  // The file that every test of a damaged one begins with: 3 tensors, one of them empty, and
  // metadata.
  std::string sample() const {
    const std::vector<float> weight = {1, -2, 3.5F, 0, 1e-30F, 6};
    const std::vector<float> bias = {7, 8};
    write_safetensors(
        path_,
        std::vector<NamedTensor>{
            {"conv1.weight", {2, 3}, weight}, {"conv1.bias", {2}, bias}, {"none", {0, 4}, {}}},
        {{"config", "name: x\n"}, {"escape", "\x1f\""}});
    return read_file(path_, kLimit);
  }

  TempDir dir_;
  fs::path path_ = dir_ / "model.safetensors";
};

TEST_F(SafetensorsTest, ReadsWhatItWrote) {
  std::vector<float> weight(24);
  std::iota(weight.begin(), weight.end(), 0.5F);
  const std::vector<float> odd = {-0.0F, std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::quiet_NaN(),
                                  std::numeric_limits<float>::denorm_min()};
  const std::vector<float> one = {42};
  const Metadata metadata = {{"config", "name: \"ü\"\n\tx: 1\n"},
                             {"", "empty key"},
                             {"quotes \" and \\ and \x01\x1f\x7f", ""},
                             {"\"checksum\":\"00000000\"", "\"checksum\":\"00000000\""}};
  write_safetensors(path_,
                    std::vector<NamedTensor>{{"b.weight", {2, 3, 4, 1}, weight},
                                             {"a", {4}, odd},
                                             {"scalar", {}, one},
                                             {"empty", {3, 0}, {}}},
                    metadata);
  const TensorFile file = read();
  EXPECT_EQ(file.path, path_);
  EXPECT_EQ(file.metadata, metadata);
  ASSERT_EQ(file.tensors.size(), 4U);
  EXPECT_EQ(file.tensors[0].name, "b.weight");
  EXPECT_EQ(file.tensors[0].dims, (Dims{2, 3, 4, 1}));
  EXPECT_EQ(file.tensors[0].data, weight);
  EXPECT_EQ(file.tensors[1].name, "a");
  EXPECT_EQ(std::memcmp(file.tensors[1].data.data(), odd.data(), sizeof(float) * odd.size()), 0);
  EXPECT_EQ(file.tensors[2].dims, Dims());
  EXPECT_EQ(file.tensors[2].data, one);
  EXPECT_EQ(file.tensors[3].dims, (Dims{3, 0}));
  EXPECT_TRUE(file.tensors[3].data.empty());
}

TEST_F(SafetensorsTest, FindsByName) {
  sample();
  const TensorFile file = read();
  ASSERT_NE(file.find("conv1.bias"), nullptr);
  EXPECT_EQ(file.find("conv1.bias")->data, (std::vector<float>{7, 8}));
  EXPECT_EQ(file.find("conv1"), nullptr);
}

TEST_F(SafetensorsTest, NothingAtAllIsAFile) {
  write_safetensors(path_, {}, {});
  EXPECT_TRUE(read().tensors.empty());
  EXPECT_TRUE(read().metadata.empty());
  put(file_of("{}"));
  EXPECT_TRUE(read().tensors.empty());
}

// The bytes, worked out by hand from the format's specification.
TEST_F(SafetensorsTest, WritesTheseBytes) {
  const std::vector<float> data = {1, -2};
  write_safetensors(path_, std::vector<NamedTensor>{{"x", {1, 2}, data}}, {{"k", "v"}});
  const std::string bytes = read_file(path_, kLimit);
  const std::string header = R"({"__metadata__":{"checksum":"########","format":"cnn 1","k":"v"},)"
                             R"("x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  const std::size_t padded = (header.size() + 7) / 8 * 8;
  ASSERT_EQ(bytes.size(), 8 + padded + 8);
  EXPECT_EQ(bytes.substr(0, 8), std::string({static_cast<char>(padded), 0, 0, 0, 0, 0, 0, 0}));
  std::string written = header_of(bytes);
  const std::size_t digits = written.find("\"checksum\":\"") + 12;
  written.replace(digits, 8, "########");
  EXPECT_EQ(written, header + std::string(padded - header.size(), ' '));
  EXPECT_EQ(bytes.substr(8 + padded), std::string("\0\0\x80\x3F\0\0\0\xC0", 8));
}

TEST_F(SafetensorsTest, TheSameContentGivesTheSameBytes) {
  const std::string first = sample();
  fs::remove(path_);
  EXPECT_EQ(sample(), first);
}

TEST_F(SafetensorsTest, TheDataStartAtAMultipleOfEight) {
  for (std::size_t length = 0; length < 9; ++length) {
    write_safetensors(path_, {}, {{"k", std::string(length, 'v')}});
    EXPECT_EQ(read_file(path_, kLimit).size() % 8, 0U);
  }
}

TEST_F(SafetensorsTest, EntriesOfItsOwnCannotBeReplaced) {
  write_safetensors(path_, {}, {{"checksum", "mine"}, {"format", "pt"}, {"k", "v"}});
  EXPECT_EQ(read().metadata, (Metadata{{"k", "v"}}));
}

TEST_F(SafetensorsTest, NoticesEveryFlippedBit) {
  const std::string whole = sample();
  ASSERT_EQ(read().tensors.size(), 3U);
  ASSERT_NE(whole.find("\\u001f"), std::string::npos);  // whose meaning a flipped bit may keep
  ASSERT_EQ(header_of(whole).back(), ' ');              // and padding
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string broken = whole;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    put(broken);
    EXPECT_FALSE(error().empty()) << "bit " << bit % 8 << " of byte " << bit / 8;
  }
}

TEST_F(SafetensorsTest, RefusesAFileTruncatedAnywhere) {
  const std::string whole = sample();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    EXPECT_FALSE(error().empty()) << size << " bytes";
  }
  put(whole.substr(0, whole.size() - 1));
  EXPECT_EQ(error(), "truncated: the header promises 32 bytes of tensors, got 31");
  put(whole + "x");
  EXPECT_EQ(error(), "1 bytes after the last tensor");
}

TEST_F(SafetensorsTest, SaysThatTheChecksumDoesNotFit) {
  std::string damaged = sample();
  damaged.back() ^= 1;
  put(damaged);
  EXPECT_EQ(error(), std::string("its checksum does not fit") + kDamaged);

  damaged = sample();
  const std::size_t digits = damaged.find("\"checksum\":\"") + 12;
  damaged[digits] = damaged[digits] == '0' ? '1' : '0';
  put(damaged);
  EXPECT_EQ(error(), std::string("its checksum does not fit") + kDamaged);

  damaged = sample();
  replace(damaged, "checksum", "bhecksum");
  put(damaged);
  EXPECT_EQ(error(), std::string("it lacks its checksum") + kDamaged);

  damaged = sample();
  replace(damaged, "format", "gormat");
  put(damaged);
  EXPECT_EQ(error(), std::string("its checksum does not fit") + kDamaged);
}

// What another program makes of our file: the same entries, laid out in its own way.
TEST_F(SafetensorsTest, RefusesAChecksumThatIsNotInItsPlace) {
  EXPECT_EQ(error_of_header(R"({"__metadata__": {"checksum": "00000000", "format": "cnn 1"}})"),
            std::string("its checksum does not fit") + kDamaged);
  EXPECT_EQ(error_of_header(R"({"__metadata__":{"checksum":"123","format":"cnn 1"}})"),
            std::string("its checksum does not fit") + kDamaged);
  EXPECT_EQ(error_of_header(R"({"__metadata__":{"checksum":""}})"),
            std::string("its checksum does not fit") + kDamaged);
}

// CRC-32 of these files, with the digits set to 0, computed with Python's zlib.crc32.
TEST_F(SafetensorsTest, RefusesAFormatOfTheFuture) {
  EXPECT_EQ(error_of_header(R"({"__metadata__":{"checksum":"47915763","format":"cnn 2"}})"),
            "its format is 'cnn 2', this version reads 'cnn 1'");
  EXPECT_EQ(error_of_header(R"({"__metadata__":{"checksum":"e9abd746"}})"),
            "its format is not named, this version reads 'cnn 1'");
}

TEST_F(SafetensorsTest, ReadsFilesOfOtherTools) {
  put(file_of(R"({"__metadata__": {"format": "pt"}, "w": {"shape": [2], "dtype": "F32", )"
              R"("data_offsets": [0, 8]}}   )",
              8));
  EXPECT_EQ(read().metadata, (Metadata{{"format", "pt"}}));
  EXPECT_EQ(read().tensors.at(0).dims, Dims{2});
}

TEST_F(SafetensorsTest, OrdersTensorsByTheirData) {
  std::string bytes = file_of(R"({"late":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
                              R"("empty":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},)"
                              R"("early":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})");
  put(bytes + std::string("\0\0\x80\x3F\0\0\0\xC0", 8));
  const TensorFile file = read();
  ASSERT_EQ(file.tensors.size(), 3U);
  EXPECT_EQ(file.tensors[0].name, "early");
  EXPECT_EQ(file.tensors[0].data, std::vector<float>{1});
  EXPECT_EQ(file.tensors[1].name, "empty");
  EXPECT_EQ(file.tensors[2].name, "late");
  EXPECT_EQ(file.tensors[2].data, std::vector<float>{-2});
}

TEST_F(SafetensorsTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(file_error_of([&] { read(); }),
            path_.string() + ": error: cannot open: No such file or directory");
  EXPECT_EQ(file_error_of([&] { read_safetensors(dir_.path()); }),
            dir_.path().string() + ": error: is a directory, not a file");
}

TEST_F(SafetensorsTest, SaysWhatItLooksLike) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it is empty"},
      {"abc", "it holds only 3 bytes; it looks like text, a configuration perhaps"},
      {"\x89PNG\r\n\x1A\n more",
       "a header of 727905341920923785 bytes in a file of 13 bytes; it looks like a PNG picture"},
      {"\xFF\xD8\xFF\xE0....", "it looks like a JPEG picture"},
      {"PK\x03\x04....",
       "it looks like a zip archive, as torch.save writes; save the weights with safetensors"},
      {"\x80\x02}q\x01X\x01\x02",
       "it looks like a Python pickle; save the weights with safetensors"},
      {"\x89HDF\r\n\x1A\n", "it looks like an HDF5 file"},
      {gzip("abc"), "it looks like gzip data"},
      {idx_header({1, 28, 28}), "it looks like an IDX data file"},
      {"name: lenet\ndata:\n", "it looks like text, a configuration perhaps"},
      {"{\"a\": 1, \"b\": 2}", "it looks like text, a configuration perhaps"},
  };
  for (const auto& [bytes, message] : cases) {
    put(bytes);
    const std::string found = error();
    EXPECT_TRUE(found.ends_with(message)) << found << " ends with " << message;
  }
}

TEST_F(SafetensorsTest, ChecksTheHeadersLength) {
  put(std::string("\x03\0\0\0\0\0\0\0{}", 10));
  EXPECT_EQ(error(), "a header of 3 bytes in a file of 10 bytes");
  put(std::string(8, '\xFF') + "{}");
  EXPECT_EQ(error(), "a header of 18446744073709551615 bytes in a file of 10 bytes");
  put(file_of(""));
  EXPECT_EQ(error(), "the header does not begin with '{'");
  EXPECT_EQ(error_of_header(" {}"), "the header does not begin with '{'");
  EXPECT_EQ(error_of_header("[]"), "the header does not begin with '{'");

  // 100,000,001 bytes of header are too many, even if they are there.
  put(std::string("\x01\xE1\xF5\x05\0\0\0\0{}", 10));
  fs::resize_file(path_, 100'000'100);
  EXPECT_EQ(error(), "a header of 100000001 bytes in a file of 100000100 bytes");
}

TEST_F(SafetensorsTest, RefusesMoreThanFourGiB) {
  put(file_of("{}"));
  fs::resize_file(path_, (std::uintmax_t{1} << 32) + 1);  // a hole: takes no room on the disk
  EXPECT_EQ(error(), "it holds 4294967297 bytes, at most 4294967296 are accepted");
}

TEST_F(SafetensorsTest, RefusesBrokenJson) {
  EXPECT_EQ(error_of_header("{"), "header: no valid JSON at byte 2");
  EXPECT_EQ(error_of_header("{} x"), "header: no valid JSON at byte 4");
  EXPECT_EQ(error_of_header("{}{}"), "header: no valid JSON at byte 3");
  for (const char* header : {"{\"a\"}", "{a:{}}", "{'a':{}}", "{\"__metadata__\":{},}", "{/**/}",
                             "{\"a\x01\":{}}", "{\"a\":NaN}", "{\"a\":{\"shape\":[01]}}",
                             "{\"a\":{\"shape\":[1e999]}}", "{\"\\ud800\":{}}"}) {
    EXPECT_TRUE(error_of_header(header).starts_with("header: no valid JSON at byte ")) << header;
  }
}

TEST_F(SafetensorsTest, RefusesWhatIsNotUtf8) {
  for (const char* bytes : {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) {
    EXPECT_EQ(
        error_of_header(std::string("{\"__metadata__\":{\"k\":\"") + bytes + "\"}}").substr(0, 29),
        "header: no valid JSON at byte");
  }
}

// A parser that stops at the zero byte would see "{}" and miss the rest.
TEST_F(SafetensorsTest, RefusesAZeroByteInTheHeader) {
  EXPECT_EQ(error_of_header(std::string("{}\0 anything", 12)), "the header holds a zero byte");
}

TEST_F(SafetensorsTest, RefusesDuplicateKeysEverywhere) {
  const std::string tensor = R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  EXPECT_EQ(error_of_header(R"({"a":)" + tensor + R"(,"b":)" + tensor + R"(,"a":)" + tensor + "}"),
            "header: 'a' appears twice");
  EXPECT_EQ(error_of_header(R"({"__metadata__":{},"__metadata__":{}})"),
            "header: '__metadata__' appears twice");
  EXPECT_EQ(error_of_header(R"({"__metadata__":{"k":"1","l":"2","k":"1"}})"),
            "header: 'k' appears twice");
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"F32","dtype":"F32"}})"),
            "header: 'dtype' appears twice");
  EXPECT_EQ(error_of_header(R"({"a":{"shape":[0],"shape":[0]}})"), "header: 'shape' appears twice");
  EXPECT_EQ(error_of_header(R"({"a":{"data_offsets":[0,0],"data_offsets":[0,0]}})"),
            "header: 'data_offsets' appears twice");
}

TEST_F(SafetensorsTest, RefusesOtherTypes) {
  for (const char* value : {"null", "true", "1", "-1", "1.5", "[]", "\"x\""}) {
    EXPECT_EQ(error_of_header(std::string("{\"a\":") + value + "}"), "header: 'a' is no object");
    EXPECT_EQ(error_of_header(std::string("{\"__metadata__\":") + value + "}"),
              "header: '__metadata__' is no object");
  }
  for (const char* value : {"null", "true", "1", "-1", "1.5", "[]", "{}"}) {
    EXPECT_EQ(error_of_header(std::string("{\"__metadata__\":{\"k\":") + value + "}}"),
              "header: metadata entry 'k' is no string");
    EXPECT_EQ(error_of_header(std::string("{\"a\":{\"dtype\":") + value + "}}"),
              "header: tensor 'a': 'dtype' is of the wrong type");
  }
  for (const char* field : {"shape", "data_offsets"}) {
    const std::string start = std::string("{\"a\":{\"") + field + "\":";
    for (const char* value : {"null", "true", "1", "-1", "1.5", "{}", "\"x\""}) {
      EXPECT_EQ(error_of_header(start + value + "}}"),
                std::string("header: tensor 'a': '") + field + "' is of the wrong type");
    }
    for (const char* value : {"null", "true", "-1", "1.0", "1e0", "18446744073709551616", "\"1\"",
                              "[1]", "{\"b\":1}"}) {
      EXPECT_EQ(error_of_header(start + "[0," + value + "]}}"),
                std::string("header: tensor 'a': '") + field +
                    "' holds something else than whole numbers from 0 up");
    }
  }
}

TEST_F(SafetensorsTest, RefusesDeepNestingAtOnce) {
  EXPECT_EQ(error_of_header("{\"a\":" + std::string(5'000'000, '[')), "header: 'a' is no object");
}

TEST_F(SafetensorsTest, RefusesIncompleteAndUnknownFields) {
  const std::string lacks = "header: tensor 'a': lacks one of dtype, shape, data_offsets";
  EXPECT_EQ(error_of_header(R"({"a":{}})"), lacks);
  EXPECT_EQ(error_of_header(R"({"a":{"shape":[0],"data_offsets":[0,0]}})"), lacks);
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"F32","data_offsets":[0,0]}})"), lacks);
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"F32","shape":[0]}})"), lacks);
  EXPECT_EQ(error_of_header(R"({"a":{"dtype":"F32","offsets":[0,0]}})"),
            "header: tensor 'a': unknown key 'offsets'");
}

TEST_F(SafetensorsTest, ChecksShapesAgainstOffsets) {
  const auto error_with = [&](const std::string& shape, const std::string& offsets) {
    return error_of_header(
        R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}", 24);
  };
  const std::string a = "header: tensor 'a': ";
  EXPECT_EQ(error_with("[2,3]", "[0,20]"),
            a + "its shape takes 24 bytes, its data_offsets are [0,20]");
  EXPECT_EQ(error_with("[2,3]", "[24,0]"),
            a + "its shape takes 24 bytes, its data_offsets are [24,0]");
  EXPECT_EQ(error_with("[]", "[0,24]"), a + "its shape takes 4 bytes, its data_offsets are [0,24]");
  EXPECT_EQ(error_with("[0]", "[0,24]"),
            a + "its shape takes 0 bytes, its data_offsets are [0,24]");
  EXPECT_EQ(error_with("[6]", "[0]"), a + "data_offsets hold 1 numbers, expected 2");
  EXPECT_EQ(error_with("[6]", "[]"), a + "data_offsets hold 0 numbers, expected 2");
  EXPECT_EQ(error_with("[6]", "[0,24,24]"), a + "data_offsets hold 3 numbers, expected 2");
  // 2^62 · 4 bytes is 2^64, that is 0; and so is the product of these four.
  EXPECT_EQ(error_with("[4611686018427387904]", "[0,0]"), a + "an extent of 4611686018427387904");
  EXPECT_EQ(error_with("[65536,65536,65536,16384]", "[0,0]"), a + "its shape is too large");
  EXPECT_EQ(error_with("[4294967296,4294967296]", "[0,24]"), a + "its shape is too large");
  EXPECT_EQ(error_with("[2147483648]", "[0,8589934592]"), a + "its shape is too large");
  EXPECT_EQ(error_with("[6]", "[18446744073709551592,0]"),
            a + "its shape takes 24 bytes, its data_offsets are [18446744073709551592,0]");
}

TEST_F(SafetensorsTest, RefusesHolesOverlapsAndLeftovers) {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + a +
           R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" + b + "}}";
  };
  put(file_of(two("[0,8]", "[8,16]"), 16));
  EXPECT_EQ(read().tensors.size(), 2U);
  EXPECT_EQ(error_of_header(two("[0,8]", "[4,12]"), 12), "tensor 'b' overlaps another");
  EXPECT_EQ(error_of_header(two("[0,8]", "[0,8]"), 8), "tensor 'b' overlaps another");
  EXPECT_EQ(error_of_header(two("[0,8]", "[12,20]"), 20),
            "4 bytes before tensor 'b' belong to none");
  EXPECT_EQ(error_of_header(two("[12,20]", "[4,12]"), 20),
            "4 bytes before tensor 'b' belong to none");
  EXPECT_EQ(error_of_header(two("[0,8]", "[8,16]"), 12),
            "truncated: the header promises 16 bytes of tensors, got 12");
  EXPECT_EQ(error_of_header(two("[0,8]", "[8,16]"), 19), "3 bytes after the last tensor");
  EXPECT_EQ(error_of_header("{}", 5), "5 bytes after the last tensor");
}

TEST_F(SafetensorsTest, ShowsHostileNamesHarmlessly) {
  const std::string name = "\\u001b[2J" + std::string(1'000'000, 'n');
  const std::string message = error_of_header("{\"" + name + "\":1}");
  EXPECT_LT(message.size(), 150U);
  EXPECT_TRUE(message.starts_with("header: '\\x1b[2Jnnn")) << message;
}

TEST_F(SafetensorsTest, WritesUtf8Only) {
  const std::string start = path_.string() + ": error: cannot write: ";
  EXPECT_EQ(file_error_of([&] {
              write_safetensors(path_, {}, {{"k", "a\xFF"}});
            }),
            start + "'a\\xff' is not valid UTF-8");
  EXPECT_EQ(file_error_of([&] {
              write_safetensors(path_, {}, {{"\xC3", "v"}});
            }),
            start + "'\\xc3' is not valid UTF-8");
  EXPECT_EQ(file_error_of([&] {
              write_safetensors(path_, std::vector<NamedTensor>{{"\xA0", {0}, {}}}, {});
            }),
            start + "'\\xa0' is not valid UTF-8");
  EXPECT_FALSE(fs::exists(path_));
}

// Nobody could read it. The data are address space without memory behind it: touching them would
// crash.
TEST_F(SafetensorsTest, WritesNoMoreThanFourGiB) {
  constexpr std::size_t kBytes = std::size_t{1} << 32;
  void* const nothing =
      ::mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(nothing, MAP_FAILED);
  const std::span<const float> data(static_cast<const float*>(nothing), kBytes / sizeof(float));
  const std::string message = file_error_of([&] {
    write_safetensors(path_, std::vector<NamedTensor>{{"w", {1 << 30}, data}}, {});
  });
  ::munmap(nothing, kBytes);
  EXPECT_TRUE(message.starts_with(path_.string() + ": error: cannot write: 42949")) << message;
  EXPECT_TRUE(message.ends_with(" bytes are more than a reader would accept")) << message;
}

TEST_F(SafetensorsTest, AFailedWriteKeepsTheOldFile) {
  const std::string whole = sample();
  EXPECT_THROW(write_safetensors(path_, {}, {{"k", "\xFF"}}), FileError);
  EXPECT_EQ(read_file(path_, kLimit), whole);
  EXPECT_EQ(dir_.names(), std::vector<std::string>{"model.safetensors"});
}

}  // namespace
}  // namespace cnn
