// The resolved configuration, line by line, with what differs from the defaults marked.

#pragma once

#include "report/template.hpp"
#include "run/run_config.hpp"

namespace cnn::report {

// Adds the list "yaml": per line "pieces", each a text, which may be "changed".
void add_configuration(Fields& fields, const RunConfig& config);

}  // namespace cnn::report
