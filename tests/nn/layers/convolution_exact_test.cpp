// Convolution against its definition, to the last bit: small integers, of which every sum is an
// integer below 2^24 that both number types hold exactly, in whatever order it is added up. (The
// method is that of oneDNN's benchdnn.)

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/winograd.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

// A way to compute a convolution. One that the layer would not choose by itself for every shape
// gets a line of its own here, and all tests below with it.
struct Path {
  const char* name;
  std::unique_ptr<Layer> (*make)(std::string_view options);
};

const Path kPaths[] = {
    {"Chosen", [](std::string_view options) { return make_layer("conv", options); }},
};

void PrintTo(const Path& path, std::ostream* out) {
  *out << path.name;
}

struct ConvolutionCase {
  naive::Slide slide;
  int count = 1;  // kernels
  int n = 1;      // samples
  bool bias = true;
  bool wants_dx = true;
};

std::string options(const ConvolutionCase& c) {
  return "{count: " + std::to_string(c.count) + ", kernel: " + option_text(c.slide.kernel) +
         ", stride: " + option_text(c.slide.stride) + ", pad: " + option_text(c.slide.pad) +
         ", groups: " + std::to_string(c.slide.groups) +
         ", dilation: " + option_text(c.slide.dilation) + ", bias: " + (c.bias ? "true" : "false") +
         "}";
}

std::string to_string(const ConvolutionCase& c) {
  return std::to_string(c.n) + " of " + cnn::to_string(c.slide.input) + " " + options(c);
}

// ---- Shapes: each function draws one kind, which some path may treat in its own way ----

ConvolutionCase any_shape(Draw& draw) {
  return {draw.slide(), draw.integer(1, 4)};
}

// Holes between the taps.
ConvolutionCase dilated(Draw& draw) {
  ConvolutionCase c = any_shape(draw);
  c.slide.dilation = draw.dilation(c.slide);
  return c;
}

// Groups of channels, now and then with holes, too.
ConvolutionCase grouped(Draw& draw) {
  ConvolutionCase c = draw.integer(0, 1) == 0 ? any_shape(draw) : dilated(draw);
  c.slide.groups = draw.integer(2, 4);
  c.slide.input.channels = c.slide.groups * draw.integer(1, 3);
  c.count = c.slide.groups * draw.integer(1, 3);
  return c;
}

// One channel a group, as between two pointwise convolutions; 3x3 now and then.
ConvolutionCase depthwise(Draw& draw) {
  ConvolutionCase c = any_shape(draw);
  if (draw.integer(0, 1) == 0) c.slide = {c.slide.input, {3, 3}, {1, 1}, {1, 1}};
  c.slide.groups = c.slide.input.channels;
  c.count = c.slide.groups * draw.integer(1, 2);
  return c;
}

// Single pixels: x is its own column matrix, or that of each group.
ConvolutionCase pointwise(Draw& draw) {
  const Size2 image = draw.size2(1, 8);
  ConvolutionCase c{{{draw.integer(1, 24), image.height, image.width}, {1, 1}},
                    draw.integer(1, 24)};
  c.slide.groups = draw.groups(c.slide.input.channels, c.count);
  return c;
}

// One position, all of the image.
ConvolutionCase whole_image(Draw& draw) {
  const Size2 image = draw.size2(1, 7);
  return {{{draw.integer(1, 6), image.height, image.width}, image, draw.size2(1, 4)},
          draw.integer(1, 6)};
}

// A kernel larger than the image, that fits within its padding.
ConvolutionCase larger_than_image(Draw& draw) {
  const Size2 image = draw.size2(1, 4);
  const Size2 pad = draw.size2(1, 4);
  const Size2 kernel = {image.height + draw.integer(1, 2 * pad.height),
                        image.width + draw.integer(1, 2 * pad.width)};
  return {{{draw.integer(1, 4), image.height, image.width}, kernel, draw.size2(1, 3), pad},
          draw.integer(1, 4)};
}

// Windows with gaps between them: some pixels are never read.
ConvolutionCase stride_beyond_kernel(Draw& draw) {
  const Size2 image = draw.size2(3, 14);
  const Size2 kernel = draw.size2(1, 3);
  const Size2 stride = {kernel.height + draw.integer(1, 3), kernel.width + draw.integer(1, 3)};
  return {{{draw.integer(1, 4), image.height, image.width}, kernel, stride, draw.size2(0, 2)},
          draw.integer(1, 5)};
}

// A grey image under square kernels, as in a first layer.
ConvolutionCase first_layer(Draw& draw) {
  const Size2 image = draw.size2(5, 14);
  const int kernel = draw.integer(2, 5);
  const int pad = draw.integer(0, kernel / 2);
  return {{{1, image.height, image.width}, {kernel, kernel}, {1, 1}, {pad, pad}},
          draw.integer(1, 20)};
}

// 3x3 kernels that keep the image's size, as in a deep network.
ConvolutionCase same_size(Draw& draw) {
  const Size2 image = draw.size2(2, 9);
  return {{{draw.integer(1, 8), image.height, image.width}, {3, 3}, {1, 1}, {1, 1}},
          draw.integer(1, 8)};
}

// Channels that fill vector registers.
ConvolutionCase whole_vectors(Draw& draw) {
  const Size2 image = draw.size2(3, 6);
  const int kernel = draw.integer(1, 3);
  const int pad = draw.integer(0, kernel / 2);
  return {{{16 * draw.integer(1, 2), image.height, image.width},
           {kernel, kernel},
           draw.size2(1, 2),
           {pad, pad}},
          16 * draw.integer(1, 2)};
}

using Kind = ConvolutionCase (*)(Draw&);
constexpr Kind kKinds[] = {any_shape,   any_shape,         any_shape,
                           any_shape,   pointwise,         whole_image,
                           first_layer, larger_than_image, stride_beyond_kernel,
                           same_size,   whole_vectors,     dilated,
                           grouped,     depthwise};

// The i-th of a series of shapes.
ConvolutionCase draw_shape(Draw& draw, int i) {
  ConvolutionCase c = kKinds[static_cast<std::size_t>(i) % std::size(kKinds)](draw);
  c.n = draw.integer(1, 5);
  c.bias = draw.integer(0, 3) > 0;
  c.wants_dx = draw.integer(0, 3) > 0;
  return c;
}

// The layers of well-known networks, whole. (Two samples: more would only take longer.)
std::vector<ConvolutionCase> known_layers() {
  return {
      {{{1, 28, 28}, {5, 5}}, 20, 2},                    // LeNet, as in Caffe
      {{{20, 12, 12}, {5, 5}}, 50, 2},                   //
      {{{1, 28, 28}, {5, 5}, {1, 1}, {2, 2}}, 6, 2},     // LeNet-5
      {{{6, 14, 14}, {5, 5}}, 16, 2},                    //
      {{{1, 28, 28}, {9, 9}}, 20, 2},                    // UFLDL
      {{{6, 12, 12}, {5, 5}}, 12, 2},                    // DeepLearnToolbox
      {{{1, 28, 28}, {3, 3}, {1, 1}, {1, 1}}, 64, 2},    // as in VGG
      {{{64, 28, 28}, {3, 3}, {1, 1}, {1, 1}}, 64, 1},   //
      {{{64, 14, 14}, {3, 3}, {1, 1}, {1, 1}}, 128, 1},  //
      {{{3, 32, 32}, {3, 3}, {1, 1}, {1, 1}}, 16, 2},    // as in ResNet, on CIFAR
      {{{16, 32, 32}, {3, 3}, {2, 2}, {1, 1}}, 32, 2},   //
      {{{16, 32, 32}, {1, 1}, {2, 2}}, 32, 2},           //
      {{{32, 16, 16}, {1, 1}}, 64, 2},                   //
      // As in MobileNet and ResNeXt, and in DeepLab.
      {{{32, 14, 14}, {3, 3}, {1, 1}, {1, 1}, false, {1, 1}, 32}, 32, 2},
      {{{32, 14, 14}, {3, 3}, {2, 2}, {1, 1}, false, {1, 1}, 8}, 64, 2},
      {{{16, 14, 14}, {3, 3}, {1, 1}, {2, 2}, false, {2, 2}}, 16, 2},
  };
}

// ---- Comparing ----

// The largest magnitude of values for which sums of `terms` products, and one value more, stay
// below 2^24.
int exact_bound(std::size_t terms) {
  const double largest = std::sqrt(0x1p24 / static_cast<double>(terms + 1));
  return std::min(32, static_cast<int>(largest));
}

// The longest sum of forward (a patch), dx (a pixel's windows in all kernels) and dweight (all
// positions).
std::size_t longest_sum(const ConvolutionCase& c) {
  const auto taps = c.slide.kernel.height * c.slide.kernel.width;
  const Size2 output = naive::positions(c.slide);
  return static_cast<std::size_t>(std::max(
      {c.slide.input.channels * taps, c.count * taps, c.n * output.height * output.width}));
}

// Winograd's transforms multiply values by up to 10 in each direction, and need room for that:
// there the integers are -1, 0 and 1.
int bound_of(const ConvolutionCase& c) {
  const Window window = make_window(c.slide.input, c.slide.kernel, c.slide.stride, c.slide.pad);
  return Winograd::pays(window, c.count) ? 1 : exact_bound(longest_sum(c));
}

// How many results there were and how many of them were not zero: zeros prove little.
struct Census {
  std::size_t all = 0;
  std::size_t non_zero = 0;

  void add(const Values& results) {
    all += results.size();
    non_zero += results.size() - static_cast<std::size_t>(std::ranges::count(results, 0.0));
  }
  double share() const { return static_cast<double>(non_zero) / static_cast<double>(all); }
};

struct Censuses {
  Census y, dx, dweight, dbias;
};

// benchdnn mistrusts a comparison with fewer results other than zero.
constexpr double kTrusted = 0.3;

void expect_trusted(const Censuses& seen) {
  for (const Census& census : {seen.y, seen.dx, seen.dweight, seen.dbias}) {
    EXPECT_GE(census.share(), kTrusted) << "too many zeros to trust the comparison";
  }
}

bool all_nan(CView view) {
  return std::ranges::all_of(view, [](Real value) { return std::isnan(value); });
}

class ExactConvolution : public testing::TestWithParam<Path> {
 protected:
  // The layer with drawn integers everywhere, also where backward adds.
  static LayerHarness drawn(Draw& draw, const ConvolutionCase& c) {
    LayerHarness layer(GetParam().make(options(c)), {c.slide.input}, static_cast<std::size_t>(c.n));
    const int bound = bound_of(c);
    draw.integers(layer.input(), bound);
    draw.integers(layer.doutput(), bound);
    for (std::size_t k = 0; k < layer.plan().parameters.size(); ++k) {
      draw.integers(layer.parameter(k), bound);
      draw.integers(layer.dparameter(k), bound);
    }
    if (!c.wants_dx) layer.leave_out(0);
    return layer;
  }

  // Runs the layer both ways and compares everything it has written.
  static void expect_exact(Draw& draw, const ConvolutionCase& c, Censuses& seen) {
    SCOPED_TRACE(to_string(c));
    LayerHarness layer = drawn(draw, c);
    const auto n = static_cast<std::size_t>(c.n);
    const Values weight = values(layer.parameter(0));
    const Values bias = c.bias ? values(layer.parameter(1)) : Values();
    Values dweight = values(layer.dparameter(0));
    Values dbias = c.bias ? values(layer.dparameter(1)) : Values();
    layer.forward();
    layer.backward();
    for (std::size_t i = 0; i < n; ++i) {
      const Values x = part(layer.input(), i, n);
      const Values y = naive::convolve(c.slide, x, weight, bias);
      const naive::ConvolutionGradients d =
          naive::convolve_backward(c.slide, x, weight, part(layer.doutput(), i, n));
      ASSERT_EQ(part(layer.output(), i, n), y);
      seen.y.add(y);
      if (c.wants_dx) {
        ASSERT_EQ(part(layer.dinput(), i, n), d.dx);
        seen.dx.add(d.dx);
      }
      add(dweight, d.dweight);
      if (c.bias) add(dbias, d.dbias);
    }
    ASSERT_EQ(values(layer.dparameter(0)), dweight);
    seen.dweight.add(dweight);
    if (c.bias) {
      ASSERT_EQ(values(layer.dparameter(1)), dbias);
      seen.dbias.add(dbias);
    }
    ASSERT_TRUE(c.wants_dx || all_nan(layer.dinput())) << "wrote a gradient nobody wants";
    ASSERT_TRUE(layer.canaries_intact());
  }
};

TEST_P(ExactConvolution, EqualsTheDefinitionOnTenThousandRandomShapes) {
  Draw draw(1);
  Censuses seen;
  for (int i = 0; i < 10'000 && !HasFailure(); ++i) expect_exact(draw, draw_shape(draw, i), seen);
  expect_trusted(seen);
}

TEST_P(ExactConvolution, EqualsTheDefinitionInTheLayersOfKnownNetworks) {
  Draw draw(2);
  Censuses seen;
  for (const ConvolutionCase& c : known_layers()) expect_exact(draw, c, seen);
  expect_trusted(seen);
}

// The lecture computes the error terms by sliding the kernel, rotated by 180°, over the padded
// (and, for larger strides, dilated) δ; we compute them as col2im(Wᵀ·δ). Strides of 1, 2 and 3 in
// turn, with rows that no window reaches among them.
TEST_P(ExactConvolution, InputGradientIsTheLecturesConvolutionWithTheRotatedKernel) {
  Draw draw(3);
  Census seen;
  int out_of_reach = 0;  // shapes whose last rows no window reads
  for (int i = 0; i < 999 && !HasFailure(); ++i) {
    ConvolutionCase c = i % 2 == 0 ? any_shape(draw) : grouped(draw);
    const int stride = i % 3 + 1;
    c.slide.stride = {stride, stride};
    const int left_over =
        (c.slide.input.height + 2 * c.slide.pad.height - naive::extent(c.slide).height) % stride;
    if (left_over > c.slide.pad.height) ++out_of_reach;
    SCOPED_TRACE(to_string(c));
    LayerHarness layer = drawn(draw, c);
    layer.forward();
    layer.backward();
    const Values dx =
        naive::textbook_dx(c.slide, values(layer.parameter(0)), values(layer.doutput()));
    EXPECT_EQ(values(layer.dinput()), dx);
    seen.add(dx);
  }
  EXPECT_GE(seen.share(), kTrusted);
  EXPECT_GT(out_of_reach, 10);
}

INSTANTIATE_TEST_SUITE_P(Paths, ExactConvolution, testing::ValuesIn(kPaths),
                         [](const auto& path_info) { return std::string(path_info.param.name); });

}  // namespace
}  // namespace cnn
