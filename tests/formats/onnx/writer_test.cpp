#include "formats/onnx/writer.hpp"

#include <string>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "formats/onnx/layer_nodes.hpp"
#include "support/temp_dir.hpp"

namespace cnn::onnx {
namespace {

std::string written(const Model& model) {
  const TempDir directory;
  const std::size_t bytes = write_model(directory / "a.onnx", model);
  std::string text = read_file(directory / "a.onnx", 1 << 20);
  EXPECT_EQ(text.size(), bytes);
  return text;
}

// Field by field, by hand from onnx.proto: a key is the field's number times 8 plus the kind of its
// value, 0 for a number, 2 for a length and as many bytes, 5 for four bytes.
TEST(OnnxWriter, WritesTheFormatsFields) {
  Model model;
  model.producer = "p";
  model.producer_version = "1";
  model.graph = "g";
  model.nodes.push_back({"n", "Op", {"x"}, {"y"}, {{"a", std::int64_t{-1}}, {"f", 1.0F}}});
  model.nodes.push_back({"m", "O", {}, {}, {{"s", std::string("t")}, {"i", Dims{1, 300}}}});
  const std::array<float, 1> one = {1};
  model.initializers.push_back(constant("w", {1, 1}, one));
  model.inputs.push_back({"x", ElementType::uint8, {std::string("b"), std::int64_t{3}}});
  model.metadata = {{"k", "v"}};

  using namespace std::string_literals;
  const std::string integer =
      "\x0A\x01"s
      "a"
      "\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\xA0\x01\x02"s;
  const std::string real =
      "\x0A\x01"s
      "f"
      "\x15\x00\x00\x80\x3F\xA0\x01\x01"s;
  const std::string node =
      "\x0A\x01"s
      "x"
      "\x12\x01"
      "y"
      "\x1A\x01"
      "n"
      "\x22\x02"
      "Op"
      "\x2A\x11"s +
      integer + "\x2A\x0B"s + real;
  const std::string text =
      "\x0A\x01"s
      "s"
      "\x22\x01"
      "t"
      "\xA0\x01\x03"s;
  const std::string list =
      "\x0A\x01"s
      "i"
      "\x40\x01\x40\xAC\x02\xA0\x01\x07"s;
  const std::string other =
      "\x1A\x01"s
      "m"
      "\x22\x01"
      "O"
      "\x2A\x09"s +
      text + "\x2A\x0B"s + list;
  const std::string tensor =
      "\x08\x01\x08\x01\x10\x01\x42\x01"s
      "w"
      "\x4A\x04\x00\x00\x80\x3F"s;
  const std::string shape =
      "\x0A\x03\x12\x01"s
      "b"
      "\x0A\x02\x08\x03"s;
  const std::string input =
      "\x0A\x01"s
      "x"
      "\x12\x0F\x0A\x0D\x08\x02\x12\x09"s +
      shape;
  const auto field = [](char key, const std::string& value) {
    return std::string(1, key) + static_cast<char>(value.size()) + value;
  };
  const std::string graph = field('\x0A', node) + field('\x0A', other) + field('\x12', "g") +
                            field('\x2A', tensor) + field('\x5A', input);
  const std::string size = {static_cast<char>(0x80 | (graph.size() & 0x7F)),
                            static_cast<char>(graph.size() >> 7)};
  EXPECT_EQ(written(model),
            "\x08\x08\x12\x01"s
            "p"
            "\x1A\x01"
            "1"
            "\x3A"s +
                (graph.size() < 128 ? std::string(1, static_cast<char>(graph.size())) : size) +
                graph +
                "\x42\x04\x0A\x00\x10\x0D"s
                "\x72\x06\x0A\x01"
                "k"
                "\x12\x01"
                "v"s);
}

TEST(OnnxWriter, KeepsDataWhereTheyAre) {
  std::vector<float> values(1000, 2.5F);
  Model model;
  model.initializers.push_back(
      {"w", ElementType::float32, {1000}, std::as_bytes(std::span(values)), {}});
  const std::string before = written(model);
  values[999] = 3;
  const std::string after = written(model);
  EXPECT_EQ(before.size(), after.size());
  EXPECT_NE(before, after);
}

}  // namespace
}  // namespace cnn::onnx
