// The gradients of every layer of the registry, over all that its options allow: kernels 1 to 7,
// strides 1 to 3, pads 0 to 2, dilations 1 to 3, square and not, one or two groups, batches of 1 to
// 5, every choice and every switch.
// Which options a layer has it tells itself, so that a new one is covered as soon as it is
// registered.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "nn/gradient_check.hpp"
#include "nn/registry.hpp"
#include "support/draw.hpp"

namespace cnn {
namespace {

constexpr bool kIsDouble = sizeof(Real) == sizeof(double);
constexpr std::size_t kDirections = kIsDouble ? kEveryValue : 8;

struct Setting {
  Size2 kernel{1, 1};
  Size2 stride{1, 1};
  Size2 pad{0, 0};
  Size2 dilation{1, 1};
  int groups = 1;
  std::size_t choice = 0;  // among all combinations of what the layer lets choose
  bool flag = true;        // is every switch as it usually is?
  int samples = 2;
};

// Gives a layer the options of a setting, and finds out which it has.
class SettingVisitor final : public OptionVisitor {
 public:
  explicit SettingVisitor(const Setting& setting) : setting_(setting) {}

  bool has_window = false;
  bool has_flag = false;
  std::size_t choices = 1;

  void integer(std::string_view key, std::int64_t& value, Bounds, Presence) override {
    value = key == "groups" ? setting_.groups : 4;
  }
  void real(std::string_view, double&, Bounds, Presence) override {}  // the default
  void size2(std::string_view key, Size2& value, Bounds, Presence) override {
    has_window = true;
    value = key == "kernel"   ? setting_.kernel
            : key == "stride" ? setting_.stride
            : key == "pad"    ? setting_.pad
                              : setting_.dilation;
  }
  void boolean(std::string_view, bool& value) override {
    has_flag = true;
    value = value == setting_.flag;
  }
  void one_of(std::string_view, std::size_t& index, std::span<const std::string_view> names,
              Presence) override {
    index = setting_.choice / choices % names.size();
    choices *= names.size();
  }

 private:
  const Setting& setting_;
};

SettingVisitor options_of(const LayerEntry& entry) {
  static constexpr Setting kAny;
  SettingVisitor visitor(kAny);
  entry.make()->options(visitor);
  return visitor;
}

std::vector<Setting> windows() {
  std::vector<Setting> settings;
  for (int i = 0; i < 7 * 3 * 3 * 5; ++i) {
    const int kernel = i % 7 + 1;
    const int stride = i / 7 % 3 + 1;
    const int pad = i / 21 % 3;
    settings.push_back({.kernel = {kernel, kernel},
                        .stride = {stride, stride},
                        .pad = {pad, pad},
                        .samples = i / 63 + 1});
  }
  Draw draw(1);
  for (int i = 0; i < 120; ++i) {
    settings.push_back({.kernel = draw.size2(1, 7),
                        .stride = draw.size2(1, 3),
                        .pad = draw.size2(0, 2),
                        .dilation = draw.size2(1, 3),
                        .groups = draw.integer(1, 2),
                        .samples = draw.integer(1, 5)});
  }
  return settings;
}

std::vector<Setting> all_settings(const LayerEntry& entry) {
  const SettingVisitor options = options_of(entry);
  std::vector<Setting> plain;
  for (int samples = 1; samples <= 5; ++samples) plain.push_back({.samples = samples});
  std::vector<Setting> settings;
  for (Setting setting : options.has_window ? windows() : plain) {
    for (setting.choice = 0; setting.choice < options.choices; ++setting.choice) {
      setting.flag = true;
      settings.push_back(setting);
      // Half of them, also without.
      if (options.has_flag && settings.size() % 2 == 0) {
        setting.flag = false;
        settings.push_back(setting);
      }
    }
  }
  return settings;
}

// Two rows and three columns of windows, and a column left over where the stride allows it.
Shape image_for(const Setting& s) {
  const Size2 kernel = naive::extent({.input = {}, .kernel = s.kernel, .dilation = s.dilation});
  const int height = kernel.height + s.stride.height - 2 * s.pad.height;
  const int width = kernel.width + 2 * s.stride.width + s.stride.width / 2 - 2 * s.pad.width;
  return {2, std::max(1, height), std::max(1, width)};
}

std::string text(const Setting& s) {
  return "kernel " + to_string(s.kernel) + " stride " + to_string(s.stride) + " pad " +
         to_string(s.pad) + " dilation " + to_string(s.dilation) + " groups " +
         std::to_string(s.groups) + " choice " + std::to_string(s.choice) + " flag " +
         std::to_string(s.flag) + " samples " + std::to_string(s.samples);
}

class LayerGradients : public testing::TestWithParam<std::size_t> {
 protected:
  static const LayerEntry& entry() { return layer_entries()[GetParam()]; }
};

TEST_P(LayerGradients, AgreeWithCentralDifferences) {
  const std::vector<Setting> settings = all_settings(entry());
  std::size_t planned = 0;
  for (const Setting& setting : settings) {
    const std::unique_ptr<Layer> layer = entry().make();
    SettingVisitor visitor(setting);
    layer->options(visitor);
    const std::vector<Shape> inputs(entry().example_inputs, image_for(setting));
    LayerPlan plan;
    try {
      plan = layer->plan(inputs);
    } catch (const ShapeError&) {
      continue;  // pooling wants windows that hold a pixel
    }
    ++planned;
    for (const GradientComparison& c :
         check_layer_gradients(*layer, plan, inputs, static_cast<std::size_t>(setting.samples),
                               kDirections, planned)) {
      EXPECT_EQ(c.verdict, Verdict::agrees)
          << c.gradient << " is off by " << c.error << " at " << text(setting);
    }
  }
  EXPECT_GE(planned, settings.size() * 3 / 4);
}

INSTANTIATE_TEST_SUITE_P(Registry, LayerGradients,
                         testing::Range(std::size_t{0}, layer_entries().size()),
                         [](const auto& place) {
                           return std::string(layer_entries()[place.param].type);
                         });

}  // namespace
}  // namespace cnn
