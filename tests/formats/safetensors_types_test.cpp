// Numbers of other types than F32 in safetensors files, as other tools write them.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/file.hpp"
#include "formats/safetensors.hpp"
#include "support/file_error_of.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

class SafetensorsTypes : public testing::Test {
 protected:
  // A file of one tensor "t" of these numbers.
  template <typename Number>
  void put(const std::string& dtype, const std::vector<Number>& numbers) const {
    put(dtype, numbers.size(),
        {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)});
  }
  void put(const std::string& dtype, std::size_t count, const std::string& data) const {
    put_file(R"({"t":{"dtype":")" + dtype + R"(","shape":[)" + std::to_string(count) +
                 R"(],"data_offsets":[0,)" + std::to_string(data.size()) + "]}}",
             data);
  }
  void put_file(const std::string& header, const std::string& data) const {
    const std::uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    write_file(path_, bytes + header + data);
  }

  std::vector<float> read() const { return read_safetensors(path_).tensors.at(0).data; }

  TempDir dir_;
  std::filesystem::path path_ = dir_ / "file";
};

// Sign, exponent and mantissa of `bits`, by the definition of the format.
double defined(std::uint32_t bits, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int most = (1 << exponent_bits) - 1;
  const double sign = bits >> (exponent_bits + mantissa_bits) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> mantissa_bits) & most;
  const double fraction =
      std::ldexp(static_cast<double>(bits & ((1U << mantissa_bits) - 1)), -mantissa_bits);
  if (exponent == most) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  return exponent == 0 ? sign * std::ldexp(fraction, 1 - bias)
                       : sign * std::ldexp(1 + fraction, exponent - bias);
}

// All numbers of 16 bits.
TEST_F(SafetensorsTypes, HalvesBecomeTheSameFloats) {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  struct Format {
    const char* dtype;
    int exponent_bits;
    int mantissa_bits;
  };
  for (const Format& format : {Format{"F16", 5, 10}, Format{"BF16", 8, 7}}) {
    put(format.dtype, all);
    const std::vector<float> found = read();
    ASSERT_EQ(found.size(), all.size());
    for (std::uint32_t i = 0; i < 65536; ++i) {
      const double expected = defined(i, format.exponent_bits, format.mantissa_bits);
      const double value = found[i];
      ASSERT_TRUE(std::isnan(expected) ? std::isnan(value) : value == expected)
          << format.dtype << " " << i << ": " << value << ", expected " << expected;
      ASSERT_EQ(std::signbit(value), i >= 32768) << format.dtype << " " << i;
    }
  }
}

TEST_F(SafetensorsTypes, DoublesBecomeTheNearestFloats) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  put("F64", std::vector<double>{0.1, -2.5, 1 + 0x1p-24, 1 + 3 * 0x1p-24, 1 + 0x1p-24 + 0x1p-50,
                                 0x1p-149, 0x1p-150, 1e300, -1e300, kInfinity, -0.0});
  const std::vector<float> expected = {0.1F,
                                       -2.5F,
                                       1,
                                       1 + 0x1p-22F,
                                       1 + 0x1p-23F,
                                       0x1p-149F,
                                       0,
                                       static_cast<float>(kInfinity),
                                       -static_cast<float>(kInfinity),
                                       static_cast<float>(kInfinity),
                                       -0.0F};
  EXPECT_EQ(read(), expected);
  EXPECT_TRUE(std::signbit(read().back()));
}

// More than what is converted at once.
TEST_F(SafetensorsTypes, LongTensorsAreReadWhole) {
  std::vector<double> numbers(20'000);
  std::vector<float> expected;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<double>(i) / 8;
    expected.push_back(static_cast<float>(i) / 8);
  }
  put("F64", numbers);
  EXPECT_EQ(read(), expected);
}

// Also one that the format did not have yet, whose size nobody can tell from its shape.
TEST_F(SafetensorsTypes, OthersArePassedOver) {
  for (const std::string dtype : {"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"}) {
    put(dtype, 4, "abcd");
    const TensorFile::Entry entry = read_safetensors(path_).tensors.at(0);
    EXPECT_FALSE(entry.is_read);
    EXPECT_EQ(entry.dtype, dtype);
    EXPECT_EQ(entry.dims, Dims{4});
    EXPECT_TRUE(entry.data.empty());
  }
  for (const std::string dtype : {"I16", "U16", "I32", "U32", "I64", "U64"}) {
    put(dtype, 1, std::string(static_cast<std::size_t>(std::stoi(dtype.substr(1))) / 8, 'x'));
    EXPECT_FALSE(read_safetensors(path_).tensors.at(0).is_read) << dtype;
  }
  put("F4", 7, "abcd");
  EXPECT_FALSE(read_safetensors(path_).tensors.at(0).is_read);
  // What follows is where it is said to be.
  put_file(R"({"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
           R"("w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
           std::string("????????\0\0\x80\x3F", 12));
  EXPECT_EQ(read_safetensors(path_).find("w")->data, std::vector<float>{1});
}

TEST_F(SafetensorsTypes, SizesAreCheckedAgainstTheType) {
  const auto error = [&](const std::string& dtype, std::size_t bytes) {
    put(dtype, 3, std::string(bytes, 'x'));
    return file_error_of([&] { read(); });
  };
  EXPECT_NE(error("F16", 12).find("its shape takes 6 bytes, its data_offsets are [0,12]"),
            std::string::npos);
  EXPECT_NE(error("F64", 12).find("its shape takes 24 bytes"), std::string::npos);
  EXPECT_NE(error("I64", 3).find("its shape takes 24 bytes"), std::string::npos);
}

// A damaged byte of what is passed over is a damaged file all the same.
TEST_F(SafetensorsTypes, TheChecksumCoversAllTypes) {
  const std::vector<float> data = {1, 2};
  write_safetensors(path_, std::vector<NamedTensor>{{"t", {2}, data}}, {});
  std::string bytes = read_file(path_, 1 << 20);
  bytes.replace(bytes.find("F32"), 3, "I32");
  const std::size_t digits = bytes.find("\"checksum\":\"") + 12;
  bytes.replace(digits, 8, 8, '0');
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  char text[9];
  std::snprintf(text, sizeof text, "%08lx", crc);
  bytes.replace(digits, 8, text);
  write_file(path_, bytes);
  EXPECT_FALSE(read_safetensors(path_).tensors.at(0).is_read);
  bytes.back() ^= 1;
  write_file(path_, bytes);
  EXPECT_NE(file_error_of([&] { read(); }).find("its checksum does not fit"), std::string::npos);
}

}  // namespace
}  // namespace cnn
