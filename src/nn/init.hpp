// Initialisation of weights. Biases start at zero.

#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/random.hpp"
#include "base/view.hpp"

namespace cnn {

class OptionVisitor;

struct Init {
  enum class Type {
    xavier,    // uniform on ±sqrt(6 / (fan_in + fan_out))      (Glorot, Bengio 2010)
    he,        // normal with deviation sqrt(2 / fan_in)        (He et al. 2015)
    gaussian,  // normal with the given deviation
    constant,  // the given value
  };
  static constexpr std::array<std::string_view, 4> kTypeNames = {"xavier", "he", "gaussian",
                                                                 "constant"};
  Type type = Type::xavier;
  double deviation = 0.01;  // gaussian
  double value = 0.0;       // constant

  bool operator==(const Init&) const = default;
};

// `type` and exactly the parameter of it: the keys of a layer's `init`.
void visit(OptionVisitor& visitor, Init& init);

// How many inputs feed one output of a layer, and how many outputs one input feeds.
struct Fan {
  double in = 1;
  double out = 1;
};

// Assigns all of `weights`; a pure function of its arguments.
void initialise(const Init& init, Fan fan, const Random& random, View weights);

}  // namespace cnn
