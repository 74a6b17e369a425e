#include "support/draw.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace cnn {

int Draw::integer(int low, int high) {
  const auto count = static_cast<std::uint32_t>(high - low) + 1;
  return low + static_cast<int>(generator_() % count);
}

double Draw::real(double low, double high) {
  return low + (high - low) * static_cast<double>(generator_() >> 20) * 0x1p-12;
}

Size2 Draw::size2(int low, int high) {
  const int height = integer(low, high);
  return {height, integer(low, high)};
}

naive::Slide Draw::slide() {
  const Size2 image = size2(1, 12);
  const Size2 pad = size2(0, 3);
  const int kernel_height = integer(1, std::min(5, image.height + 2 * pad.height));
  const int kernel_width = integer(1, std::min(5, image.width + 2 * pad.width));
  return {
      {integer(1, 5), image.height, image.width}, {kernel_height, kernel_width}, size2(1, 4), pad};
}

Size2 Draw::dilation(const naive::Slide& s) {
  const auto most = [](int padded, int kernel) {
    return kernel == 1 ? 3 : std::min(3, (padded - 1) / (kernel - 1));
  };
  const int height = integer(1, most(s.input.height + 2 * s.pad.height, s.kernel.height));
  return {height, integer(1, most(s.input.width + 2 * s.pad.width, s.kernel.width))};
}

int Draw::groups(int channels, int count) {
  const int common = std::gcd(channels, count);
  const int groups = integer(1, common);
  return common % groups == 0 ? groups : common;
}

void Draw::integers(View values, int bound) {
  for (Real& value : values) value = static_cast<Real>(integer(-bound, bound));
}

void Draw::reals(View values, double bound) {
  for (Real& value : values) value = static_cast<Real>(real(-bound, bound));
}

void Draw::grid(View values, double spacing) {
  const double middle = static_cast<double>(values.size() / 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<Real>((static_cast<double>(i) - middle + 0.5) * spacing);
  }
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[static_cast<std::size_t>(generator_() % i)]);
  }
}

}  // namespace cnn
