// The resolved configuration, line by line, with what differs from the defaults marked.

#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "report/template.hpp"
#include "run/run_config.hpp"

namespace cnn::report {

// Adds the list "yaml": per line "pieces", each a text, which may be "changed".
void add_configuration(Fields& fields, const RunConfig& config);

// Each key that decides the result, with its value: {"training.alpha", "0.01"},
// {"network.conv1.count", "20"}. Those of maps within maps are one.
std::vector<std::pair<std::string, std::string>> flat_configuration(const RunConfig& config);

// Those of them that could be left out: with their default, or in a map with nothing but defaults.
std::set<std::string> default_keys(const RunConfig& config);

}  // namespace cnn::report
