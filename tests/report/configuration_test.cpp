#include "report/configuration.hpp"

#include <gtest/gtest.h>

namespace cnn::report {
namespace {

// The configuration with [brackets] around what is marked.
std::string marked(const std::string& yaml) {
  Fields fields;
  add_configuration(fields, parse_config("run", yaml));
  return render_text(
      "{{#yaml}}{{#pieces}}{{#changed}}[{{text}}]{{/changed}}{{^changed}}{{text}}{{/changed}}"
      "{{/pieces}}\n{{/yaml}}",
      fields);
}

TEST(ReportConfiguration, MarksWhatDiffersFromTheDefaults) {
  const std::string text = marked(
      "name: run\n"
      "data: {dir: /data, augment: {shift: 2}}\n"
      "network:\n"
      "  - conv: {count: 3, kernel: 5, init: he}\n"
      "  - pool: {type: max, kernel: 2}\n"
      "  - fc: {count: 10}\n"
      "training: {epochs: 3, batch: 64, schedule: {policy: step, gamma: 0.5, every: 2 epochs}}\n");
  EXPECT_NE(text.find("augment: {[shift: 2], rotate: 0, "), std::string::npos) << text;
  EXPECT_NE(text.find("[count: 3], [kernel: 5], stride: 1"), std::string::npos) << text;
  EXPECT_NE(text.find("[init: {type: he}]"), std::string::npos) << text;
  EXPECT_NE(text.find("init: {type: xavier}}"), std::string::npos) << text;
  EXPECT_NE(text.find("  [epochs: 3]\n  batch: 64\n"), std::string::npos) << text;
  EXPECT_NE(text.find("[policy: step], [gamma: 0.5], [every: 2 epochs]"), std::string::npos)
      << text;
}

TEST(ReportConfiguration, TellsKeysWithTheirDefault) {
  const std::set<std::string> keys = default_keys(
      parse_config("run",
                   "name: run\ndata: {dir: /data, augment: {shift: 2}}\nnetwork:\n  - conv: "
                   "{count: 3, kernel: 5}\n  - fc: {count: 10}\ntraining: {epochs: 3}\n"));
  for (const char* key : {"data.augment.rotate", "network.conv1.stride", "training.batch"}) {
    EXPECT_TRUE(keys.contains(key)) << key;
  }
  for (const char* key : {"data.augment.shift", "network.conv1.count", "training.epochs"}) {
    EXPECT_FALSE(keys.contains(key)) << key;
  }
}

}  // namespace
}  // namespace cnn::report
