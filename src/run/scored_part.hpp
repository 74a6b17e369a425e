// Which images a model is scored on, where neither training nor the test set alone says it.

#pragma once

#include <optional>
#include <string>

#include "run/run_config.hpp"

namespace cnn {

// `split`: "test", "validation", "train", or empty for the default. `dir`, unless empty, is a set
// that stands in for the configuration's: from then on `data` names that. One that has a part only
// is scored whole, unless `split` names another. The default is `by_default`; without one it is
// test where there is such a part or one was held out, otherwise validation; train if there is
// neither.
DataPart choose_part(const std::string& split, const std::string& dir,
                     std::optional<DataPart> by_default, DataConfig& data);

}  // namespace cnn
