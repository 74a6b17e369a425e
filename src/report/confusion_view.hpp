// What a model gets right and wrong: headline, mistakes with their pictures, the confusion matrix,
// the table of classes, calibration.

#pragma once

#include "report/scored_run.hpp"
#include "report/template.hpp"

namespace cnn::report {

// Of a run that was scored.
void add_results(Fields& fields, ScoredRun& run);

}  // namespace cnn::report
