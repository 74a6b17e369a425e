// Whether one of two models is better, by images that both were scored on.

#pragma once

#include <cstddef>

namespace cnn {

// McNemar's test (1947), exact and two-sided: how likely a difference at least this large is if
// images that only one of two models gets right fall to either with equal chance. 1 for none.
double mcnemar_p(std::size_t only_first, std::size_t only_second);

}  // namespace cnn
