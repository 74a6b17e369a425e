// The names of classes: models and data sets that know the same classes may have them in different
// orders.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cnn/dataset.hpp"

namespace cnn {

// The index in `there` of each name of `here`. Nothing unless both hold the same names; where one
// of them repeats a name, nothing unless both are equal.
std::optional<std::vector<std::size_t>> match_classes(std::span<const std::string> here,
                                                      std::span<const std::string> there);

// What differs between two lists that do not match: "it lacks 'cat', 'dog' and has 'cow'", at most
// five names of each kind.
std::string class_difference(std::span<const std::string> here, std::span<const std::string> there);

// Throws FileError, naming the data set, if a name is not UTF-8 text, or holds a control character:
// no table and no model file could hold it.
void require_class_names(const Dataset& dataset);

// Gives each image the label that its class has among `classes`, those of a model, which are the
// data set's from then on. A data set without names keeps its labels. Throws FileError if an image
// is of a class that is not among them, and as require_class_names.
void adopt_classes(Dataset& dataset, const std::vector<std::string>& classes);

}  // namespace cnn
