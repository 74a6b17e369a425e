// The images themselves: of each class some and their mean, and what `augment` makes of some.

#pragma once

#include "report/pictures.hpp"
#include "report/scored_run.hpp"
#include "report/template.hpp"

namespace cnn::report {

// Of the scored images, of at most 50 classes.
void add_samples(Fields& fields, const ScoredRun& run, PictureBudget& budget);
// Eight of the scored images, each beside what it would have been in the first epochs. Nothing
// where a run does not distort.
void add_augmented(Fields& fields, const ScoredRun& run, PictureBudget& budget);

}  // namespace cnn::report
