// A few numbers of a pass, as the lecture writes them on its slides: what a pooling layer does with
// some windows and with their δ, a kernel with rot180 of it, and what slides over the padded δ.

#pragma once

#include "nn/traced_pass.hpp"
#include "report/template.hpp"

namespace cnn::report {

// After pass.go_back. Adds the numbers of the first layer that pools windows of at most 4x4, one of
// maxima if there is any, where δ is largest; and those of a kernel of the first convolution, if it
// is at most 7x7: the one whose map has the most large δ side by side. With strides and dilations
// of 1, without groups and up to 5x5 those δ go back through it.
void add_close_ups(Fields& fields, const Network& network, const TracedPass& pass);

}  // namespace cnn::report
