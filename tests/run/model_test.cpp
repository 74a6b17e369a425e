#include "run/model.hpp"

#include <cstring>
#include <functional>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "run/weights.hpp"
#include "support/files.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Model, ComesBackAsItWasSaved) {
  const TempDir directory;
  RunConfig config = tiny_config("  epochs: 1\n");
  config.data.normalize = true;  // mean and scale are numbers of many digits
  const TinyRun run(config, directory.path(), 1);
  ASSERT_GT(run.info.preprocessing.mean[0], 0);
  save_model(run.directory.model(), run.info, run.network);
  const Model model = load_model(run.directory.model());
  EXPECT_TRUE(std::ranges::equal(model.network.values(), run.network.values()));
  EXPECT_EQ(model.info.input, run.info.input);
  EXPECT_EQ(model.info.classes, run.info.classes);
  EXPECT_EQ(model.info.preprocessing, run.info.preprocessing);
  EXPECT_EQ(model.info.images, run.info.images);
  EXPECT_EQ(to_yaml(model.info.config, ConfigText::portable),
            to_yaml(run.info.config, ConfigText::portable));
}

TEST(Model, FileDoesNotDependOnThreadsOrRunDirectory) {
  const TempDir one, two;
  RunConfig config = tiny_config("  epochs: 1\n  threads: 1\n");
  const TinyRun a(config, one.path(), 1);
  config.training.threads = 2;
  config.output.dir = two.path();
  const TinyRun b(config, two.path(), 2);
  save_model(a.directory.model(), a.info, a.network);
  save_model(b.directory.model(), b.info, b.network);
  EXPECT_TRUE(same_bytes(a.directory.model(), b.directory.model()));
}

TEST(Model, ParametersHaveTheFieldsNamesAndLayout) {
  const TempDir directory;
  const TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  save_model(run.directory.model(), run.info, run.network);
  const TensorFile file = read_tensors(run.directory.model());
  ASSERT_NE(file.find("conv1.weight"), nullptr);
  EXPECT_EQ(file.find("conv1.weight")->dims, (Dims{3, 1, 3, 3}));
  EXPECT_EQ(file.find("conv1.bias")->dims, (Dims{3}));
  EXPECT_EQ(file.find("fc1.weight")->dims, (Dims{4, 48}));
}

TEST(Model, WeightsOfAnotherToolAreTakenOverByName) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  const std::vector<float> extra(2);
  std::vector<NamedTensor> tensors = {{"surplus", {2}, extra}};
  std::vector<std::vector<float>> values;
  for (const Parameter& p : run.network.parameters()) values.emplace_back(p.size, 0.5F);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Parameter& p = run.network.parameters()[i];
    tensors.push_back({p.name, p.dims, values[i]});
  }
  const auto path = directory.path() / "weights.safetensors";
  write_tensors(path, tensors, {});
  EXPECT_EQ(load_weights(path, run.network), std::vector<std::string>{"surplus"});
  EXPECT_EQ(run.network.value(run.network.parameters()[0])[0], Real{0.5});
}

// A file of another tool: each tensor of the network as `dtype`, zeros of that many bytes each, and
// what the network does not ask for.
void write_foreign(const std::filesystem::path& path, const Network& network,
                   const std::string& dtype, std::size_t bytes) {
  std::string header =
      R"({"bn1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]})";
  std::size_t begin = 8;
  for (const Parameter& p : network.parameters()) {
    std::string dims;
    for (const std::int64_t extent : p.dims)
      dims += (dims.empty() ? "" : ",") + std::to_string(extent);
    const std::size_t end = begin + p.size * bytes;
    header += ",\"" + p.name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + dims +
              R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
    begin = end;
  }
  header += "}";
  const std::uint64_t length = header.size();
  std::string start(sizeof length, '\0');
  std::memcpy(start.data(), &length, sizeof length);
  write_file(path, start + header + std::string(begin, '\0'));
}

TEST(Model, WeightsOfOtherToolsAreConvertedAndCountersPassedOver) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  const auto path = directory.path() / "weights.safetensors";
  struct Type {
    const char* name;
    std::size_t bytes;
  };
  for (const Type type : {Type{"F16", 2}, Type{"BF16", 2}, Type{"F64", 8}}) {
    run.network.initialise(1);
    write_foreign(path, run.network, type.name, type.bytes);
    EXPECT_EQ(load_weights(path, run.network), std::vector<std::string>{"bn1.num_batches_tracked"});
    for (const Real value : run.network.values()) ASSERT_EQ(value, 0) << type.name;
  }
  write_foreign(path, run.network, "I32", 4);
  const std::string message = message_of([&] { load_weights(path, run.network); });
  EXPECT_NE(message.find("conv1.weight is of type 'I32', expected F32, F16, BF16 or F64"),
            std::string::npos)
      << message;
}

TEST(Model, MissingAndMisshapenTensorsAreAllListed) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  const std::vector<float> data(4);
  const std::vector<NamedTensor> tensors = {{"conv1.bias", {4}, data}, {"other", {4}, data}};
  const auto path = directory.path() / "weights.safetensors";
  write_tensors(path, tensors, {});
  const std::string message = message_of([&] { load_weights(path, run.network); });
  EXPECT_NE(message.find("conv1.weight [3, 1, 3, 3] is missing"), std::string::npos) << message;
  EXPECT_NE(message.find("conv1.bias is [4], expected [3]"), std::string::npos) << message;
  EXPECT_NE(message.find("other is left over"), std::string::npos) << message;
}

TEST(Model, WeightsWithoutConfigurationAreNoModel) {
  const TempDir directory;
  const auto path = directory.path() / "weights.safetensors";
  write_tensors(path, {}, {});
  const std::string message = message_of([&] { load_model(path); });
  EXPECT_NE(message.find("holds weights only"), std::string::npos) << message;
}

TEST(Model, ANonFiniteWeightIsNeverSaved) {
  const TempDir directory;
  TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  run.network.value(run.network.parameters()[3])[1] = std::numeric_limits<Real>::infinity();
  EXPECT_THROW(save_model(run.directory.model(), run.info, run.network), DivergedError);
  EXPECT_FALSE(std::filesystem::exists(run.directory.model()));
}

// A file that is whole, checksum and all, but holds nonsense.
TEST(Model, NonFiniteNumbersInAFileAreRefused) {
  const TempDir directory;
  const TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  save_model(run.directory.model(), run.info, run.network);
  TensorFile file = read_tensors(run.directory.model());
  const auto rewritten = [&] {
    std::vector<NamedTensor> tensors;
    for (const TensorFile::Entry& entry : file.tensors) {
      tensors.push_back({entry.name, entry.dims, entry.data});
    }
    const auto path = directory.path() / "rewritten.safetensors";
    write_tensors(path, tensors, file.metadata);
    return message_of([&] { load_model(path); });
  };
  EXPECT_EQ(rewritten(), "no error");
  const std::string mean = file.metadata["mean"];
  for (const char* bad : {"inf", "nan", "1 2", "", "x"}) {
    file.metadata["mean"] = bad;
    EXPECT_NE(rewritten().find("metadata entry 'mean'"), std::string::npos) << bad;
  }
  file.metadata["mean"] = mean;
  file.tensors.back().data[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(rewritten().find(file.tensors.back().name + " holds a value that is not finite"),
            std::string::npos)
      << rewritten();
}

// A model's file with other metadata; what loading it says and gives.
class DescribedSet : public testing::Test {
 protected:
  void write(const Metadata& metadata) const {
    const TensorFile file = read_tensors(saved_);
    std::vector<NamedTensor> tensors;
    for (const TensorFile::Entry& entry : file.tensors) {
      tensors.push_back({entry.name, entry.dims, entry.data});
    }
    write_tensors(path_, tensors, metadata);
  }

  TempDir directory_;
  TinyRun run_{tiny_config("  epochs: 1\n"), directory_.path(), 1};
  std::filesystem::path saved_ = directory_ / "saved";
  std::filesystem::path path_ = directory_ / "described";
};

TEST_F(DescribedSet, ComesBackAsItWasSaved) {
  ModelInfo info = run_.info;
  info.images = {.border_low = 0.25,
                 .border_high = 8.625,
                 .centred = true,
                 .box = 20,
                 .drawings = {0.52137, 18, 21, 254, 1.0 / 3, 4.6123456789}};
  save_model(saved_, info, run_.network);
  EXPECT_EQ(load_model(saved_).info.images, info.images);
}

TEST_F(DescribedSet, MayLackItsDrawingsInAnOlderFile) {
  ModelInfo info = run_.info;
  info.images = {0, 9, true, 20, {0.5, 18, 20, 254, 1.6, 4.6}};
  save_model(saved_, info, run_.network);
  Metadata metadata = read_tensors(saved_).metadata;
  ASSERT_EQ(metadata.erase("drawings"), 1U);
  write(metadata);
  const ImageStatistics expected{0, 9, true, 20};
  EXPECT_EQ(load_model(path_).info.images, expected);
}

TEST_F(DescribedSet, IsRefusedIfItMakesNoSense) {
  save_model(saved_, run_.info, run_.network);
  Metadata metadata = read_tensors(saved_).metadata;
  // No numbers, too few, too many; negative, endless, larger than any picture; the range the wrong
  // way round.
  for (const char* bad :
       {"", "x", "0.5 18 20 254 1.6", "0.5 18 20 254 1.6 4.6 7", "-0.5 18 20 254 1.6 4.6",
        "0.5 18 20 254 1.6 inf", "0.5 18 20 254 nan 4.6", "0.5 18 1e9 254 1.6 4.6",
        "0.5 20 18 254 1.6 4.6", "0.5 18 20 300 1.6 4.6", "0.5 18 20 254 4.6 1.6"}) {
    metadata["drawings"] = bad;
    write(metadata);
    const std::string message = message_of([&] { load_model(path_); });
    EXPECT_NE(message.find("metadata entry 'drawings'"), std::string::npos) << bad << message;
  }
}

// A small model and a small checkpoint, as bytes.
struct SmallFiles {
  SmallFiles() {
    const TempDir directory;
    const TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
    save_model(directory / "model", run.info, run.network);
    const Solver solver(run.network, {});
    save_checkpoint(directory / "checkpoint", run.info, run.network, solver, {}, "data");
    model = slurp(directory / "model");
    checkpoint = slurp(directory / "checkpoint");
  }

  std::string model;
  std::string checkpoint;
};

bool loads(const std::filesystem::path& path, const std::string& bytes, bool as_checkpoint) {
  write_bytes(path, bytes);
  try {
    as_checkpoint ? void(load_checkpoint(path)) : void(load_model(path));
    return true;
  } catch (const FileError&) {
    return false;
  }
}

TEST(Model, RefusesAFileTruncatedAnywhere) {
  const SmallFiles files;
  const TempDir directory;
  const auto path = directory / "cut";
  EXPECT_TRUE(loads(path, files.model, false));
  EXPECT_TRUE(loads(path, files.checkpoint, true));
  for (std::size_t size = 0; size < files.model.size(); ++size) {
    ASSERT_FALSE(loads(path, files.model.substr(0, size), false)) << size << " bytes of a model";
  }
  for (std::size_t size = 0; size < files.checkpoint.size(); ++size) {
    ASSERT_FALSE(loads(path, files.checkpoint.substr(0, size), true))
        << size << " bytes of a checkpoint";
  }
}

TEST(Model, NoticesEveryFlippedBitOfItsWeights) {
  const SmallFiles files;
  const TempDir directory;
  const auto path = directory / "flipped";
  std::uint64_t header = 0;
  std::memcpy(&header, files.model.data(), sizeof header);
  std::string bytes = files.model;
  for (std::size_t bit = 8 * (sizeof header + header); bit < 8 * bytes.size(); ++bit) {
    const char kept = bytes[bit / 8];
    bytes[bit / 8] = static_cast<char>(kept ^ (1 << bit % 8));
    ASSERT_FALSE(loads(path, bytes, false)) << "bit " << bit % 8 << " of byte " << bit / 8;
    bytes[bit / 8] = kept;
  }
}

// A hostile file's texts reach the terminal as part of messages, class names as they are.
TEST(Model, ControlCharactersInMetadataAreRefusedAndEscaped) {
  const TempDir directory;
  const TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  save_model(run.directory.model(), run.info, run.network);
  const TensorFile file = read_tensors(run.directory.model());
  const auto path = directory / "hostile";
  for (const std::string key : {"classes", "mean", "input", "border", "box", "drawings"}) {
    Metadata metadata = file.metadata;
    metadata[key] = "\x1b[2J\n1\n2\n3\n";
    write_tensors(path, {}, metadata);
    const std::string message = message_of([&] { load_model(path); });
    EXPECT_NE(message.find("metadata entry '" + key + "'"), std::string::npos) << message;
    EXPECT_NE(message.find("\\x1b[2J"), std::string::npos) << message;
    EXPECT_FALSE(has_control(message)) << key;
  }
}

// As the configuration refuses them.
TEST(Model, TwoClassesOfOneNameAreRefused) {
  const TempDir directory;
  const TinyRun run(tiny_config("  epochs: 1\n"), directory.path(), 1);
  save_model(run.directory.model(), run.info, run.network);
  Metadata metadata = read_tensors(run.directory.model()).metadata;
  std::string& classes = metadata["classes"];
  classes = classes.substr(0, classes.find('\n') + 1) + classes;
  write_tensors(directory / "twice", {}, metadata);
  const std::string message = message_of([&] { load_model(directory / "twice"); });
  EXPECT_NE(message.find("metadata entry 'classes' names '0' twice"), std::string::npos) << message;
}

TEST(Fingerprint, ChangesWithOnePixelAndOneLabel) {
  const Dataset dataset = make_dataset({1, 8, 8}, 10, 4, 1);
  Dataset pixel = dataset, label = dataset;
  pixel.pixels[5] ^= 1;
  label.labels[5] ^= 1;
  EXPECT_NE(fingerprint(dataset), fingerprint(pixel));
  EXPECT_NE(fingerprint(dataset), fingerprint(label));
  EXPECT_EQ(fingerprint(dataset), fingerprint(make_dataset({1, 8, 8}, 10, 4, 1)));
}

}  // namespace
}  // namespace cnn
