#include "run/weights.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "formats/tensor_file.hpp"
#include "support/example_options.hpp"
#include "support/temp_dir.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

template <typename Expected>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Expected& error) {
    return error.what();
  }
  return "no error";
}

// A body and a head of two classes.
Network body_and_head() {
  Network network(
      {1, 4, 4},
      {layer_spec("conv", "conv1", "{count: 2, kernel: 3}"), layer_spec("batch_norm", "bn1"),
       layer_spec("fc", "fc1", "{count: 5}"), layer_spec("fc", "head", "{count: 2}")});
  network.initialise(1);
  return network;
}

class Weights : public testing::Test {
 protected:
  // A file with tensors of these shapes, of which all values are 0.5.
  void write(const std::vector<std::pair<std::string, Dims>>& tensors) {
    std::vector<NamedTensor> named;
    const std::vector<float> half(1000, 0.5F);
    for (const auto& [name, dims] : tensors) {
      named.push_back({name, dims, std::span(half).first(element_count(dims))});
    }
    write_tensors(path_, named, {});
  }

  std::vector<std::string> load(const WeightsOptions& options = {}) {
    return load_weights(path_, network_, options);
  }

  Real first_value(const std::string& parameter) const {
    for (const Parameter& p : network_.parameters()) {
      if (p.name == parameter) return network_.value(p)[0];
    }
    ADD_FAILURE() << "no " << parameter;
    return 0;
  }

  TempDir directory_;
  std::filesystem::path path_ = directory_.path() / "w.safetensors";
  Network network_ = body_and_head();
};

using Tensors = std::vector<std::pair<std::string, Dims>>;

// As PyTorch calls them, for a head of three classes.
Tensors torch_tensors() {
  return {{"module.features.1.weight", {2, 1, 3, 3}},
          {"module.features.1.bias", {2}},
          {"module.features.10.weight", {2}},
          {"module.features.10.bias", {2}},
          {"module.features.10.running_mean", {2}},
          {"module.features.10.running_var", {2}},
          {"module.fc1.weight", {5, 8}},
          {"module.fc1.bias", {5}},
          {"module.head.weight", {3, 5}},
          {"module.head.bias", {3}}};
}

TEST_F(Weights, ForeignNamesAndAHeadOfOtherClasses) {
  write(torch_tensors());
  const Real head = first_value("head.weight");
  const WeightsOptions options{{"head"}, {"module.=", "features.1=conv1", "features.10=bn1"}};
  EXPECT_EQ(load(options), std::vector<std::string>{});
  for (const char* name : {"conv1.weight", "conv1.bias", "bn1.running_var", "fc1.weight"}) {
    EXPECT_EQ(first_value(name), Real{0.5}) << name;
  }
  EXPECT_EQ(first_value("head.weight"), head);
}

TEST_F(Weights, AResetLayerNeedNotBeThere) {
  Tensors tensors = torch_tensors();
  tensors.resize(8);
  write(tensors);
  load({{"head"}, {"module.features.1=conv1", "module.features.10=bn1", "module.="}});
  EXPECT_EQ(first_value("fc1.bias"), Real{0.5});
}

TEST_F(Weights, TheErrorProposesWhatWouldHelp) {
  write(torch_tensors());
  const std::string message = message_of<FileError>([&] { load({{}, {"module.="}}); });
  EXPECT_NE(message.find("\n  head.weight is [3, 5], expected [2, 5]"), std::string::npos)
      << message;
  EXPECT_NE(message.find("--rename features.1.=conv1. --rename features.10.=bn1."),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("\n  to start anew what does not fit: --reset head"), std::string::npos)
      << message;
}

TEST_F(Weights, AFileOfAnotherNetworkIsNotToBeReset) {
  write({{"x.weight", {7}}});
  const std::string message = message_of<FileError>([&] { load(); });
  EXPECT_EQ(message.find("--re"), std::string::npos) << message;
}

TEST_F(Weights, ARenameThatFitsNothingIsRefused) {
  write(torch_tensors());
  EXPECT_EQ(message_of<FileError>([&] {
              load({{}, {"modul.=x"}});
            }),
            path_.string() +
                ": error: no tensor's name begins with 'modul.', which --rename modul.=x is for; "
                "the first is called 'module.features.1.weight'");
}

TEST_F(Weights, TwoTensorsOfOneNameAreRefused) {
  write({{"a.weight", {2}}, {"b.weight", {2}}});
  EXPECT_EQ(message_of<FileError>([&] {
              load({{}, {"a=b"}});
            }),
            path_.string() + ": error: two tensors are called 'b.weight' after --rename");
}

TEST_F(Weights, OptionsThatMakeNoSenseAreMistakesOfUsage) {
  write(torch_tensors());
  EXPECT_EQ(message_of<ConfigError>([&] {
              load({{"hed"}, {}});
            }),
            "error: --reset: no layer 'hed' has weights\n  did you mean 'head'?  layers with "
            "weights: conv1 bn1 fc1 head");
  for (const char* text : {"module.", "=x", ""}) {
    EXPECT_NE(message_of<ConfigError>([&] {
                load({{}, {text}});
              }).find("--rename must be as in"),
              std::string::npos)
        << text;
  }
}

TEST(RenameTensor, HoldsInOrderAndNeverCutsANumber) {
  EXPECT_EQ(rename_tensor("module.conv1.weight", {"module.=", "conv=c"}), "c1.weight");
  EXPECT_EQ(rename_tensor("features.10.weight", {"features.1=conv1"}), "features.10.weight");
  EXPECT_EQ(rename_tensor("old.weight", {"old=new"}), "new.weight");
  EXPECT_EQ(rename_tensor("a.b=c.weight", {"a=d=e"}), "d=e.b=c.weight");
}

TEST(PyTorchFile, IsRefusedWithTheLinesThatConvertIt) {
  const TempDir directory;
  const std::filesystem::path zip = directory.path() / "a.pth";
  write_file(zip, std::string("PK\x03\x04\0\0\0\0\0\0\0\0", 12));
  const std::string message = message_of<FileError>([&] { read_tensors(zip); });
  EXPECT_EQ(message, zip.string() +
                         ": error: is a file of PyTorch, which Python alone can read; convert it:\n"
                         "  import torch, safetensors.torch\n"
                         "  w = torch.load(\"" +
                         zip.string() +
                         "\", map_location=\"cpu\", weights_only=True)\n"
                         "  safetensors.torch.save_file({k: v.clone().contiguous() for k, v in "
                         "w.get(\"state_dict\", w).items()}, \"" +
                         (directory.path() / "a.safetensors").string() + "\")");
  const std::filesystem::path pickle = directory.path() / "weights";
  write_file(pickle, std::string("\x80\x02\x8a\nl\xfc\x9c"
                                 "F\xf9 ",
                                 10));
  EXPECT_NE(message_of<FileError>([&] { read_tensors(pickle); }).find("of PyTorch"),
            std::string::npos);
}

// A length of 640 has the bytes of a pickle's start.
TEST(PyTorchFile, AHeaderOfItsLengthIsNone) {
  const TempDir directory;
  const std::filesystem::path path = directory.path() / "a.safetensors";
  const std::string header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}";
  write_file(path, std::string("\x80\x02\0\0\0\0\0\0", 8) + header +
                       std::string(640 - header.size(), ' '));
  EXPECT_EQ(read_tensors(path).tensors.size(), 1U);
}

}  // namespace
}  // namespace cnn
