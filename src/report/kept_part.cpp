#include "report/kept_part.hpp"

#include <utility>

#include "data/class_names.hpp"

namespace cnn::report {
namespace {

// By the seed, from the training part.
bool is_drawn(const DataConfig& data, DataPart part) {
  if (part == DataPart::train) return true;
  return part == DataPart::test ? data.test > 0 : data.holds_validation_out();
}

}  // namespace

KeptPart::Source KeptPart::source_of(const ModelInfo& info, const DataConfig& data, DataPart part) {
  RunConfig section;
  section.data = data;
  section.data.augment = {};  // of training alone
  Source source{to_yaml(section, ConfigText::portable), part, {}, info.input, info.classes, {}};
  if (is_drawn(data, part)) source.seed = info.config.training.seed;
  if (data.source.keeps_pictures()) source.images = info.images;
  return source;
}

std::shared_ptr<const PartData> KeptPart::read(const ModelInfo& info, const DataConfig& data,
                                               DataPart part, int threads) {
  Source source = source_of(info, data, part);
  if (kept_ && source_ == source) return kept_;
  kept_.reset();  // two sets may be more than the memory holds
  ReadOptions reading;
  reading.threads = threads;
  reading.preparation = preparation_of(info);
  PartData read = load_part(data, part, info.config.training.seed, reading);
  adopt_classes(read.dataset, info.classes);
  require_fit(read.dataset, info);
  kept_ = std::make_shared<const PartData>(std::move(read));
  source_ = std::move(source);
  return kept_;
}

}  // namespace cnn::report
