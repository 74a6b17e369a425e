// CIFAR-10 and CIFAR-100 in their binary form: records of a label (CIFAR-100: a coarse one and a
// fine one) and 3072 bytes, 32x32 red, green, blue. (Krizhevsky, "Learning multiple layers of
// features from tiny images", 2009.)

#pragma once

#include <memory>

#include "data/source.hpp"

namespace cnn {

std::unique_ptr<SourceFormat> make_cifar_format();

}  // namespace cnn
