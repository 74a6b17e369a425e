#include "formats/onnx/reader.hpp"

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "formats/onnx/layer_nodes.hpp"
#include "formats/onnx/writer.hpp"
#include "support/file_error_of.hpp"
#include "support/temp_dir.hpp"

namespace cnn::onnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

std::string error_of(const std::string& bytes) {
  return file_error_of([&] { parse_model("a.onnx", bytes); });
}

Model small_model() {
  Model model;
  model.producer = "p";
  model.graph = "g";
  const std::array<float, 2> numbers = {1.5F, -2};
  const std::array<std::int64_t, 1> one = {300};
  model.nodes.push_back({"n", "Op", {"x", ""}, {"y"}, {{"i", std::int64_t{-7}}, {"f", 0.5F}}});
  model.nodes.push_back({"m",
                         "Constant",
                         {},
                         {"c"},
                         {{"value", constant("", {1}, one)}, {"l", Dims{}}, {"s", "t"s}}});
  model.initializers.push_back(constant("w", {1, 2}, numbers));
  model.inputs.push_back({"x", ElementType::float32, {"batch"s, std::int64_t{3}}});
  model.outputs.push_back({"y", ElementType::float32, {std::int64_t{3}}});
  model.metadata = {{"k", "v"}};
  return model;
}

std::string bytes_of(const Model& model) {
  const TempDir directory;
  write_model(directory / "a.onnx", model);
  return read_file(directory / "a.onnx", 1 << 20);
}

TEST(OnnxReader, ReadsWhatIsWritten) {
  const std::string bytes = bytes_of(small_model());
  const Model model = parse_model("a.onnx", bytes);
  EXPECT_EQ(model.opset, 13);
  EXPECT_EQ(model.graph, "g");
  EXPECT_THAT(model.nodes[0].inputs, ElementsAre("x", ""));
  EXPECT_EQ(std::get<std::int64_t>(model.nodes[0].attributes[0].value), -7);
  EXPECT_EQ(model.inputs[0].dims[0], Extent("batch"s));
  EXPECT_THAT(floats_of("a.onnx", model.initializers[0]), ElementsAre(1.5F, -2.0F));
  EXPECT_EQ(bytes_of(model).size(), bytes.size());
}

// float_data, int64_data and double_data, alone and packed, as other tools write them.
TEST(OnnxReader, ReadsDataInEachForm) {
  const auto numbers = [](const std::string& tensor) {
    return floats_of("a.pb", parse_tensor("a.pb", tensor));
  };
  EXPECT_THAT(numbers("\x08\x02\x10\x01\x22\x08\x00\x00\x80\x3F\x00\x00\x00\x40"s),
              ElementsAre(1, 2));
  EXPECT_THAT(numbers("\x08\x01\x10\x01\x25\x00\x00\x80\x3F"s), ElementsAre(1));
  EXPECT_THAT(numbers("\x08\x02\x10\x07\x3A\x03\x05\xAC\x02"s), ElementsAre(5, 300));
  EXPECT_THAT(numbers("\x10\x06\x28\x07"s), ElementsAre(7));
  EXPECT_THAT(numbers("\x08\x01\x10\x0A\x2A\x03\x80\xF8\x00"s), ElementsAre(1));  // half 0x3C00
  EXPECT_THAT(numbers("\x08\x01\x10\x02\x4A\x01\xFF"s), ElementsAre(255));
}

TEST(OnnxReader, RefusesWhatIsBroken) {
  EXPECT_THAT(error_of(""), HasSubstr("a.onnx: error: is no ONNX file: it holds no graph"));
  EXPECT_THAT(error_of("\x3A\x05"), HasSubstr("ends beyond the end"));
  EXPECT_THAT(error_of("\x38\x01"), HasSubstr("a number where a message is expected"));
  EXPECT_THAT(error_of("\x0B"), HasSubstr("unknown kind"));
  EXPECT_THAT(error_of(std::string(11, '\xFF')), HasSubstr("more than 64 bits"));
  // Cut anywhere: refused, or what is left ends between two fields.
  const std::string bytes = bytes_of(small_model());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    try {
      parse_model("a.onnx", std::string_view(bytes).substr(0, length));
    } catch (const FileError&) {
    }
  }
}

TEST(OnnxReader, BoundsWhatFewBytesBecome) {
  std::string nodes;
  for (int i = 0; i < 1'100'000; ++i) nodes += "\x0A\x00"s;
  std::string graph = "\x3A"s;
  for (std::size_t n = nodes.size(); n > 0; n >>= 7) {
    graph += static_cast<char>((n & 0x7F) | (n >= 0x80 ? 0x80 : 0));
  }
  EXPECT_THAT(error_of(graph + nodes), HasSubstr("more than a million parts"));
}

TEST(OnnxReader, RefusesTensorsThatDoNotAddUp) {
  const auto error = [](const std::string& tensor) {
    return file_error_of([&] { floats_of("a.pb", parse_tensor("a.pb", tensor)); });
  };
  EXPECT_THAT(error("\x08\x02\x10\x01\x4A\x04\x00\x00\x80\x3F"s),
              HasSubstr("has 4 bytes, expected 8"));
  EXPECT_THAT(error("\x08\xFF\xFF\xFF\xFF\x7F\x08\xFF\xFF\xFF\xFF\x7F\x10\x01"s),
              HasSubstr("extents that no tensor has"));
  EXPECT_THAT(error("\x08\x01\x10\x08"s), HasSubstr("of type 8, which is not read"));
  EXPECT_THAT(error("\x6A\x00"s), HasSubstr("another file"));
}

}  // namespace
}  // namespace cnn::onnx
