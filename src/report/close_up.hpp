// A few numbers of a pass, as the lecture writes them on its slides: what a pooling layer does with
// some windows and with their δ, and a kernel with rot180 of it.

#pragma once

#include "nn/traced_pass.hpp"
#include "report/template.hpp"

namespace cnn::report {

// After pass.go_back. Adds the numbers of the first layer that pools windows of at most 4x4, where
// δ is largest, and those of the first kernel of the first convolution, if it is at most 7x7.
void add_close_ups(Fields& fields, const Network& network, const TracedPass& pass);

}  // namespace cnn::report
