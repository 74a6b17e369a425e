#include "run/scored_part.hpp"

#include <vector>

#include "base/paths.hpp"

namespace cnn {

namespace {

DataPart part_to_judge_by(const DataConfig& data) {
  if (data.test > 0 || data.source.has(DataPart::test)) return DataPart::test;
  return data.has_validation() ? DataPart::validation : DataPart::train;
}

}  // namespace

DataPart choose_part(const std::string& split, const std::string& dir,
                     std::optional<DataPart> by_default, DataConfig& data) {
  if (!dir.empty()) {
    data.source.set_dir(resolved(dir));
    data.classes.clear();  // the names of its classes are its own matter
  }
  const auto chosen = [&] {
    if (split == "test") return DataPart::test;
    if (split == "validation") return DataPart::validation;
    if (split == "train") return DataPart::train;
    return by_default ? *by_default : part_to_judge_by(data);
  };
  if (dir.empty()) return chosen();
  const std::vector<DataPart> parts = data.source.parts();
  if (parts.size() != 1) return chosen();
  // Nothing was held out of it: it is scored whole.
  data.test = data.validation = 0;
  data.fold = {};
  return split.empty() ? parts.front() : chosen();
}

}  // namespace cnn
