#include "support/values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace cnn {
namespace {

void expect_same_size(std::size_t a, std::size_t b) {
  if (a != b) throw std::invalid_argument("test data of different sizes");
}

}  // namespace

Values values(CView view) {
  return {view.begin(), view.end()};
}

Values part(CView view, std::size_t i, std::size_t n) {
  const std::size_t size = view.size() / n;
  return values(view.subspan(i * size, size));
}

void assign(View view, const Values& from) {
  expect_same_size(view.size(), from.size());
  for (std::size_t i = 0; i < from.size(); ++i) view[i] = static_cast<Real>(from[i]);
}

void add(Values& a, const Values& b) {
  expect_same_size(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
}

double largest_difference(const Values& a, const Values& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i] - b[i]);
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, difference);
  }
  return largest;
}

double inner_product(const Values& a, const Values& b) {
  expect_same_size(a.size(), b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace cnn
