#include "run/scored_part.hpp"

#include <vector>

#include "base/paths.hpp"

namespace cnn {

DataPart choose_part(const std::string& split, const std::string& dir, DataPart by_default,
                     DataConfig& data) {
  const DataPart part = split == "validation" ? DataPart::validation
                        : split == "train"    ? DataPart::train
                        : split == "test"     ? DataPart::test
                                              : by_default;
  if (dir.empty()) return part;
  data.source.set_dir(resolved(dir));
  data.classes.clear();  // the names of its classes are its own matter
  const std::vector<DataPart> parts = data.source.parts();
  if (parts.size() != 1) return part;
  // Nothing was held out of it: it is scored whole.
  data.test = data.validation = 0;
  data.fold = {};
  return split.empty() ? parts.front() : part;
}

DataPart part_to_judge_by(const DataConfig& data) {
  if (data.test > 0 || data.source.has(DataPart::test)) return DataPart::test;
  const bool validates = data.validation > 0 || data.source.has(DataPart::validation);
  return validates ? DataPart::validation : DataPart::train;
}

}  // namespace cnn
