#include "nn/init.hpp"

#include <algorithm>
#include <cmath>

#include "config/options.hpp"

namespace cnn {
namespace {

void fill_normal(double deviation, const Random& random, View weights) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<Real>(deviation * random.normal(i));
  }
}

}  // namespace

void visit(OptionVisitor& visitor, Init& init) {
  visitor.choice("type", init.type, Init::kTypeNames, Presence::required);
  if (init.type == Init::Type::gaussian) {
    visitor.real("deviation", init.deviation, {.low = 0, .high = kLargestReal});
  }
  if (init.type == Init::Type::constant) {
    visitor.real("value", init.value, {-kLargestReal, kLargestReal});
  }
}

void initialise(const Init& init, Fan fan, const Random& random, View weights) {
  switch (init.type) {
    case Init::Type::xavier: {
      const double bound = std::sqrt(6.0 / (fan.in + fan.out));
      for (std::size_t i = 0; i < weights.size(); ++i) {
        weights[i] = static_cast<Real>(bound * (2.0 * random.uniform(i) - 1.0));
      }
      break;
    }
    case Init::Type::he:
      fill_normal(std::sqrt(2.0 / fan.in), random, weights);
      break;
    case Init::Type::gaussian:
      fill_normal(init.deviation, random, weights);
      break;
    case Init::Type::constant:
      std::fill(weights.begin(), weights.end(), static_cast<Real>(init.value));
      break;
  }
}

}  // namespace cnn
