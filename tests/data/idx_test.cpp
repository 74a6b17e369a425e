#include "data/idx.hpp"

#include <chrono>
#include <numeric>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/arena.hpp"
#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

using Dims32 = std::vector<std::uint32_t>;
using Bytes = std::vector<std::uint8_t>;

Bytes counted(std::size_t count) {
  Bytes bytes(count);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

// One file, which each test fills as it likes.
class IdxTest : public testing::Test {
 protected:
  void put(std::string_view bytes) const { write_bytes(path_, bytes); }

  // What reading the file says, without the path and ": error: ".
  std::string error(IdxKind kind = IdxKind::images) const {
    const std::string message = file_error_of([&] { read_idx(path_, kind); });
    const std::string start = path_.string() + ": error: ";
    EXPECT_EQ(message.substr(0, start.size()), start);
    return message.substr(std::min(start.size(), message.size()));
  }

  std::string header_error(IdxKind kind = IdxKind::images) const {
    return file_error_of([&] { read_idx_header(path_, kind); });
  }

  TempDir dir_;
  std::filesystem::path path_ = dir_ / "file";
};

// Three images of 2x2, as every test of a broken file begins.
std::string three_images() {
  std::string bytes = idx_header({3, 2, 2});
  for (char value = 0; value < 12; ++value) bytes += value;
  return bytes;
}

class IdxRoundTrip : public IdxTest, public testing::WithParamInterface<Packing> {};

TEST_P(IdxRoundTrip, KeepsDimsAndValues) {
  const std::vector<std::pair<Dims32, IdxKind>> cases = {
      {{1}, IdxKind::labels},           {{1000}, IdxKind::labels},
      {{3, 2, 2}, IdxKind::images},     {{7, 28, 28}, IdxKind::images},
      {{2, 3, 5, 4}, IdxKind::images},  {{1, 1, 32768}, IdxKind::images},
      {{700, 28, 28}, IdxKind::images},  // more than one buffer
  };
  for (const auto& [dims, kind] : cases) {
    std::size_t count = 1;
    for (const std::uint32_t extent : dims) count *= extent;
    const Bytes values = counted(count);
    write_idx(path_, dims, values, GetParam());
    const Idx idx = read_idx(path_, kind);
    EXPECT_EQ(idx.dims, dims);
    EXPECT_EQ(idx.values, values);
    const Idx header = read_idx_header(path_, kind);
    EXPECT_EQ(header.dims, dims);
    EXPECT_TRUE(header.values.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Packings, IdxRoundTrip, testing::Values(Packing::plain, Packing::gzip),
                         [](const auto& packing) {
                           return packing.param == Packing::gzip ? "Gzip" : "Plain";
                         });

// Zeros shrink a thousandfold: the destination has to grow several times.
TEST_F(IdxTest, ReadsWhatShrinksWell) {
  const Bytes values(500 * 64 * 64, 0);
  write_idx(path_, {500, 64, 64}, values, Packing::gzip);
  EXPECT_LT(std::filesystem::file_size(path_) * 500, values.size());
  EXPECT_EQ(read_idx(path_, IdxKind::images).values, values);
}

TEST_F(IdxTest, ReadsGzipMembersInARow) {
  const std::string bytes = three_images();
  put(gzip(bytes.substr(0, 9)) + gzip("") + gzip(bytes.substr(9)));
  EXPECT_EQ(read_idx(path_, IdxKind::images).values, counted(12));
}

TEST_F(IdxTest, RefusesWhatIsNotIdx) {
  put("");
  EXPECT_EQ(error(), "no IDX file: holds only 0 bytes");
  put(std::string("\0\0\x08", 3));
  EXPECT_EQ(error(), "no IDX file: holds only 3 bytes");
  put(gzip("ab"));
  EXPECT_EQ(error(), "no IDX file: holds only 2 bytes after decompression");
  put("\x89PNG\r\n");
  EXPECT_EQ(error(), "no IDX file: begins with 89 50 4e 47, expected 00 00 08 and the rank");
  put("<!DOCTYPE html>");
  EXPECT_EQ(error(),
            "no IDX file: begins with 3c 21 44 4f (a web page?), expected 00 00 08 and the rank");
}

TEST_F(IdxTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(error(), "cannot open: No such file or directory");
  std::filesystem::create_directory(path_);
  EXPECT_EQ(error(), "is a directory, not a file");
}

TEST_F(IdxTest, NamesTheOtherTypes) {
  const std::vector<std::pair<char, std::string>> types = {
      {'\x09', "signed bytes (IDX type 09)"},    {'\x0B', "16-bit integers (IDX type 0b)"},
      {'\x0C', "32-bit integers (IDX type 0c)"}, {'\x0D', "32-bit floats (IDX type 0d)"},
      {'\x0E', "64-bit floats (IDX type 0e)"},   {'\xA7', "an unknown type (IDX type a7)"},
  };
  for (const auto& [type, name] : types) {
    std::string bytes = three_images();
    bytes[2] = type;
    put(bytes);
    EXPECT_EQ(error(), "holds " + name + ", only unsigned bytes (08) are supported");
  }
}

TEST_F(IdxTest, TellsImagesFromLabels) {
  put(three_images());
  EXPECT_EQ(error(IdxKind::labels),
            "holds images (IDX rank 3), expected labels (rank 1); are the two files swapped?");
  put(idx_header({1}) + "a");
  EXPECT_EQ(error(IdxKind::images),
            "holds labels (IDX rank 1), expected images (rank 3: n, height, width; or rank 4: n, "
            "channels, height, width); are the two files swapped?");
}

TEST_F(IdxTest, RefusesOtherRanks) {
  for (const std::size_t rank : {0U, 2U, 5U, 255U}) {
    put(idx_header(Dims32(rank, 1)) + "a");
    EXPECT_EQ(error(IdxKind::labels),
              "has IDX rank " + std::to_string(rank) + ", expected labels (rank 1)");
    EXPECT_EQ(error(IdxKind::images),
              "has IDX rank " + std::to_string(rank) +
                  ", expected images (rank 3: n, height, width; or rank 4: n, channels, height, "
                  "width)");
  }
}

TEST_F(IdxTest, RefusesAbsurdExtents) {
  constexpr std::uint32_t kHalf = 1U << 31;
  const std::vector<std::pair<Dims32, std::string>> cases = {
      {{0, 2, 2}, "0 images of 2x2: each extent must be 1 to 2147483647"},
      {{3, 0, 2}, "3 images of 0x2: each extent must be 1 to 32768"},
      {{3, 2, 0}, "3 images of 2x0: each extent must be 1 to 32768"},
      {{3, 2, 32769}, "3 images of 2x32769: each extent must be 1 to 32768"},
      {{1, 32768, 3400}, "1 images of 32768x3400: an image has at most 110 million pixels"},
      {{3, 40000, 2, 2}, "3 images of 40000x2x2: each extent must be 1 to 32768"},
      {{kHalf, 2, 2}, "2147483648 images of 2x2: each extent must be 1 to 2147483647"},
      {{kHalf, kHalf, kHalf},
       "2147483648 images of 2147483648x2147483648: each extent must be 1 to 2147483647"},
      {{kHalf - 1, 3, 3}, "2147483647 images of 3x3: more than 17179869184 bytes"},
      // 2^31 · 2^15 · 2^15 · 2^15 is beyond 64 bits.
      {{kHalf - 1, 32768, 32768, 32768},
       "2147483647 images of 32768x32768x32768: more than 17179869184 bytes"},
  };
  for (const auto& [dims, reason] : cases) {
    for (const std::string& bytes : {idx_header(dims), gzip(idx_header(dims))}) {
      put(bytes);
      EXPECT_EQ(error(),
                "header promises " + reason + "; the file is damaged or not meant for this");
      EXPECT_NE(header_error().find(reason), std::string::npos);
    }
  }
  put(idx_header({kHalf}));
  EXPECT_EQ(error(IdxKind::labels),
            "header promises 2147483648 labels: each extent must be 1 to 2147483647; the file is "
            "damaged or not meant for this");
}

TEST_F(IdxTest, RefusesAFileTruncatedAnywhere) {
  const std::string whole = three_images();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    const std::string promise = "truncated: header promises 3 images of 2x2 (28 bytes), got " +
                                std::to_string(size) + "; the download is probably incomplete";
    EXPECT_EQ(error(), size < 4    ? "no IDX file: holds only " + std::to_string(size) + " bytes"
                       : size < 16 ? "truncated: ends within its header"
                                   : promise);
    EXPECT_FALSE(header_error().empty());
  }
}

TEST_F(IdxTest, RefusesGzipTruncatedAnywhere) {
  const std::string whole = gzip(three_images());
  for (std::size_t size = 2; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    error();
  }
  constexpr std::size_t kTrailer = 8;
  put(whole.substr(0, whole.size() - kTrailer));
  EXPECT_EQ(error(),
            "truncated: gzip's checksum at the end is missing; the download is probably "
            "incomplete");
}

TEST_F(IdxTest, SaysHowMuchOfACompressedFileCame) {
  put(gzip(three_images().substr(0, 20)));
  EXPECT_EQ(error(),
            "truncated: header promises 3 images of 2x2 (28 bytes), got 20 after decompression; "
            "the download is probably incomplete");
  put(gzip(idx_header({5}) + "ab"));
  EXPECT_EQ(error(IdxKind::labels),
            "truncated: header promises 5 labels (13 bytes), got 10 after decompression; the "
            "download is probably incomplete");
}

// 1032 times the file's length is the most that deflate can hold.
TEST_F(IdxTest, TellsFromTheHeaderWhatACompressedFileCannotHold) {
  const std::string file = gzip(idx_header({1, 300, 300}));
  put(file);
  const std::string reason = "truncated: header promises 1 images of 300x300 (90016 bytes), but " +
                             std::to_string(file.size()) + " compressed bytes hold " +
                             std::to_string(1032 * file.size()) + " at most";
  EXPECT_NE(header_error().find(reason), std::string::npos) << header_error();
  EXPECT_EQ(error().substr(0, reason.size()), reason);
}

TEST_F(IdxTest, RefusesMoreThanTheMachinesMemory) {
  constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 34;
  if (physical_memory() >= kLargestFile) GTEST_SKIP() << "no IDX file is larger than the memory";
  const auto images = static_cast<std::uint32_t>(physical_memory() >> 20) + 1;
  put(idx_header({images, 1024, 1024}));
  EXPECT_NE(header_error().find("more than this machine's memory of"), std::string::npos);
}

// Whatever is read has the size that its header promises and the bytes that stand behind it.
TEST_F(IdxTest, AnyByteMayHaveAnyValue) {
  const std::string whole = three_images();
  int refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[i] = static_cast<char>(value);
      put(changed);
      try {
        const Idx idx = read_idx(path_, IdxKind::images);
        ASSERT_EQ(4 + 4 * idx.dims.size() + idx.values.size(), changed.size());
        ASSERT_TRUE(std::equal(idx.values.rbegin(), idx.values.rend(), changed.rbegin(),
                               [](std::uint8_t a, char b) { return a == std::uint8_t(b); }));
      } catch (const FileError&) {
        ++refused;
      }
    }
  }
  // Of the 16 bytes of the header each but for a few has one value that fits the file's length.
  EXPECT_GE(refused, 16 * 250);
}

TEST_F(IdxTest, RefusesBytesAfterTheEnd) {
  put(three_images() + "xyz");
  EXPECT_EQ(error(),
            "too long: header promises 3 images of 2x2 (28 bytes), got 31; it is damaged or "
            "something else");
  put(gzip(three_images() + "x"));
  const std::string more =
      "too long: header promises 3 images of 2x2 (28 bytes), got more after decompression; it is "
      "damaged or something else";
  EXPECT_EQ(error(), more);
  put(gzip(three_images()) + gzip("x"));
  EXPECT_EQ(error(), more);
  put(gzip(three_images()) + "xyz");
  EXPECT_EQ(error(), "bytes after the end of the gzip data; fetch the file again");
  put(gzip(three_images()) + "\x1F");
  EXPECT_EQ(error(),
            "truncated: gzip's checksum at the end is missing; the download is probably "
            "incomplete");
}

// Some bits mean nothing: the time in gzip's header, the padding at the end of the compressed data.
TEST_F(IdxTest, NoFlippedBitOfACompressedFileChangesTheValues) {
  const std::string whole = gzip(three_images());
  std::size_t noticed = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string broken = whole;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    put(broken);
    try {
      EXPECT_EQ(read_idx(path_, IdxKind::images).values, counted(12)) << "bit " << bit;
    } catch (const FileError&) {
      ++noticed;
    }
  }
  constexpr std::size_t kGzipHeader = 10;
  EXPECT_GT(noticed, 8 * (whole.size() - kGzipHeader) - 8);
}

TEST_F(IdxTest, SaysWhatIsWrongWithTheCompressedData) {
  std::string broken = gzip(three_images());
  broken[broken.size() - 8] ^= 1;
  put(broken);
  EXPECT_EQ(error(), "corrupt gzip data (incorrect data check); fetch the file again");
  broken = gzip(three_images());
  broken.back() ^= 1;
  put(broken);
  EXPECT_EQ(error(), "corrupt gzip data (incorrect length check); fetch the file again");
  put("\x1F\x8B\x08\xFF and so on");
  EXPECT_EQ(error(), "corrupt gzip data (unknown header flags set); fetch the file again");
}

TEST_F(IdxTest, PromisesDecideNoAllocation) {
  const auto peak_kib = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  // 2 GiB, 16 GiB and 1 GiB, promised by files of some bytes.
  const std::vector<Dims32> promises = {
      {(1U << 31) - 1, 1, 1}, {171, 10000, 10000}, {10, 10000, 10000}};
  const long before = peak_kib();
  const auto start = std::chrono::steady_clock::now();
  for (const Dims32& dims : promises) {
    const std::string bytes = idx_header(dims) + std::string(1000, 'x');
    put(bytes);
    EXPECT_EQ(error().substr(0, 10), "truncated:");
    put(gzip(bytes));
    EXPECT_EQ(error().substr(0, 10), "truncated:");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  constexpr long kAllowedKib = 32 << 10;
  EXPECT_LT(peak_kib() - before, kAllowedKib);
}

// A megabyte behind a promise of 12 bytes: read no further than a byte, so that the checksum at its
// end, which is wrong, is never met.
TEST_F(IdxTest, StopsABombAtThePromisedEnd) {
  std::string bomb = gzip(three_images() + std::string(1 << 20, '\0'));
  bomb.back() ^= 1;
  put(bomb);
  EXPECT_EQ(error().substr(0, 9), "too long:");
}

}  // namespace
}  // namespace cnn
