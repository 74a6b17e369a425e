#include "kernels/packed_product.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/draw.hpp"

namespace cnn {
namespace {

constexpr Real kUntouched = 1e6;

struct Extents {
  std::size_t samples, inputs, outputs;
};

class PackedProductTest : public testing::TestWithParam<Extents> {
 protected:
  std::vector<Real> drawn(std::size_t count, bool whole) {
    std::vector<Real> numbers(count);
    whole ? draw_.integers(numbers, 3) : draw_.reals(numbers, 1);
    return numbers;
  }

  // y, behind which nothing may be written.
  std::vector<Real> product(CView packed, bool biased, const OutputRange& range = {}) {
    std::vector<Real> y(n_ * outputs_ + 1, kUntouched);
    for (std::size_t first = 0; first < outputs_; first += step_) {
      product_.multiply(n_, {first, std::min(first + step_, outputs_)}, x_, w_, packed,
                        biased ? CView(bias_) : CView(), View(y).first(n_ * outputs_), scratch_,
                        range);
    }
    EXPECT_EQ(y.back(), kUntouched);
    y.pop_back();
    return y;
  }

  void draw(bool whole) {
    x_ = drawn(n_ * inputs_, whole);
    w_ = drawn(outputs_ * inputs_, whole);
    bias_ = drawn(outputs_, whole);
  }

  const std::size_t n_ = GetParam().samples;
  const std::size_t inputs_ = GetParam().inputs;
  const std::size_t outputs_ = GetParam().outputs;
  const PackedProduct product_{outputs_, inputs_};
  std::size_t step_ = PackedProduct::step();
  Draw draw_{1};
  std::vector<Real> x_, w_, bias_;
  // Not a number wherever something is read that was not written.
  std::vector<Real> scratch_ =
      std::vector<Real>(product_.scratch(), std::numeric_limits<Real>::quiet_NaN());
};

TEST_P(PackedProductTest, IsTheDefinition) {
  draw(true);  // whole numbers: sums are exact in whatever order
  for (const bool biased : {true, false}) {
    const std::vector<Real> y = product({}, biased);
    const std::vector<Real> held = product({}, biased, {.low = 0});
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t f = 0; f < outputs_; ++f) {
        Real sum = biased ? bias_[f] : 0;
        for (std::size_t k = 0; k < inputs_; ++k) sum += x_[i * inputs_ + k] * w_[f * inputs_ + k];
        ASSERT_EQ(y[i * outputs_ + f], sum) << i << ", " << f;
        ASSERT_EQ(held[i * outputs_ + f], std::max(sum, Real{0}));
      }
    }
  }
}

TEST_P(PackedProductTest, HasTheSameBitsInWhateverCompany) {
  draw(false);
  const std::vector<Real> parts = product({}, true);
  std::vector<Real> packed(product_.packed(), kUntouched);
  product_.pack(w_, packed);
  EXPECT_EQ(product(packed, true), parts);
  step_ = outputs_;
  EXPECT_EQ(product(packed, true), parts);
  for (std::size_t i = 0; i < n_; ++i) {
    std::vector<Real> alone(outputs_);
    product_.multiply(1, {0, outputs_}, CView(x_).subspan(i * inputs_), w_, packed, bias_, alone,
                      scratch_);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(),
                           parts.begin() + static_cast<std::ptrdiff_t>(i * outputs_)))
        << "sample " << i;
  }
}

// One sample and many; a panel, less, more, and several; with and without lanes that are left over.
INSTANTIATE_TEST_SUITE_P(Extents, PackedProductTest,
                         testing::Values(Extents{1, 800, 500}, Extents{2, 7, 10},
                                         Extents{3, 100, 64}, Extents{32, 65, 129},
                                         Extents{50, 12, 1}, Extents{7, 1, 33},
                                         Extents{64, 200, 72}, Extents{5, 1030, 40}),
                         [](const auto& tested) {
                           const Extents& e = tested.param;
                           return std::to_string(e.samples) + "x" + std::to_string(e.inputs) + "x" +
                                  std::to_string(e.outputs);
                         });

}  // namespace
}  // namespace cnn
