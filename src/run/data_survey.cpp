#include "run/data_survey.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include "cnn/error.hpp"

#include "data/sources/picture_source.hpp"
#include "run/memory_need.hpp"
#include "run/training_data.hpp"

namespace cnn {
namespace {

bool is_usable(const ImageLook& look) {
  return look.fault.empty();
}

// The part as training would know it, without pixels. All images are in it, or the usable ones.
Dataset labels_of(const DataSource& source, const std::vector<ImageLook>& looks, bool all) {
  Dataset dataset;
  dataset.origin = {source.describe(), source.describe()};
  dataset.class_names = source.class_names();
  for (const ImageLook& look : looks) {
    if (!all && !is_usable(look)) continue;
    dataset.labels.push_back(look.label);
    if (!look.file.empty()) dataset.file_names.push_back(look.file);
  }
  return dataset;
}

// Adds the part to the survey; its classes are in the order of the configuration.
void look_at_part(const DataConfig& config, DataPart part, const ReadOptions& options,
                  DataSurvey& survey) {
  const std::unique_ptr<DataSource> source = config.source.open(part);
  PartSurvey& added = survey.parts.emplace_back(PartSurvey{part, source->look(options)});
  Dataset dataset = labels_of(*source, added.images, true);
  order_classes(dataset, config.classes);
  for (std::size_t i = 0; i < added.images.size(); ++i) added.images[i].label = dataset.labels[i];
  std::vector<std::string>& classes = survey.classes;
  const std::vector<std::string>& names =
      dataset.class_names.empty() ? config.classes : dataset.class_names;
  if (classes.size() < names.size()) classes = names;
  for (std::size_t k = classes.size(); k < dataset.class_count(); ++k) {
    classes.push_back(std::to_string(k));
  }
}

struct HashOfHash {
  std::size_t operator()(const std::array<std::uint64_t, 2>& hash) const { return hash[0]; }
};

}  // namespace

std::vector<std::uint32_t> PartSurvey::usable() const {
  std::vector<std::uint32_t> places;
  for (std::uint32_t i = 0; i < images.size(); ++i) {
    if (is_usable(images[i])) places.push_back(i);
  }
  return places;
}

std::vector<std::size_t> PartSurvey::per_class(std::size_t classes) const {
  std::vector<std::size_t> counts(classes);
  for (const ImageLook& look : images) {
    if (is_usable(look)) ++counts.at(look.label);
  }
  return counts;
}

std::vector<std::pair<Size2, std::size_t>> PartSurvey::sizes() const {
  std::map<std::pair<int, int>, std::size_t> counts;
  for (const ImageLook& look : images) {
    if (is_usable(look)) ++counts[{look.shape.height, look.shape.width}];
  }
  std::vector<std::pair<Size2, std::size_t>> result;
  for (const auto& [size, count] : counts) result.push_back({{size.first, size.second}, count});
  std::ranges::stable_sort(result, std::greater<>{},
                           [](const auto& entry) { return entry.second; });
  return result;
}

std::size_t PartSurvey::gray() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      images, [](const ImageLook& look) { return is_usable(look) && look.gray; }));
}

const PartSurvey* DataSurvey::find(DataPart part) const {
  const auto found = std::ranges::find(parts, part, &PartSurvey::part);
  return found == parts.end() ? nullptr : &*found;
}

const PartSurvey& DataSurvey::main() const {
  const PartSurvey* const training = find(DataPart::train);
  return training != nullptr ? *training : parts.front();
}

DataSurvey survey_data(const DataConfig& config, const ReadOptions& options) {
  check_parts(config);
  const std::vector<DataPart> parts = config.source.parts();
  if (parts.empty()) config.source.open(DataPart::train);  // which says what was looked for
  DataSurvey survey;
  for (const DataPart part : parts) {
    try {
      look_at_part(config, part, options, survey);
    } catch (const FileError& error) {
      survey.faults.push_back({part, error.what()});
    }
  }
  if (survey.parts.empty()) throw FileError(survey.faults.front().message);
  return survey;
}

std::size_t survey_bytes(const DataConfig& config, int threads) {
  std::size_t kept = 0, reading = 0;
  for (const DataPart part : config.source.parts()) {
    try {
      const std::unique_ptr<DataSource> source = config.source.open(part);
      // A look, its place in the table of duplicates, and in lists of those that can be used.
      constexpr std::size_t kPerImage = sizeof(ImageLook) + 100;
      kept += source->count() * kPerImage;
      const std::size_t pixels =
          config.source.keeps_pictures() ? 0 : dataset_bytes(source->header());
      reading = std::max(reading, pixels + source->reading_bytes(threads));
    } catch (const FileError&) {
      continue;  // the survey says what is wrong
    }
  }
  return kept + reading;
}

Duplicates find_duplicates(const DataSurvey& survey) {
  Duplicates found;
  std::unordered_map<std::array<std::uint64_t, 2>, ImagePlace, HashOfHash> first;
  for (std::size_t p = 0; p < survey.parts.size(); ++p) {
    for (std::size_t i = 0; i < survey.parts[p].images.size(); ++i) {
      const ImageLook& look = survey.parts[p].images[i];
      if (!is_usable(look)) continue;
      const auto [entry, is_new] = first.try_emplace(look.hash, ImagePlace{p, i});
      if (is_new) continue;
      const std::size_t part = entry->second.part;
      ++(part == p ? found.within : found.across);
      if (part != p && survey.parts[part].part == DataPart::train) ++found.leaked;
      constexpr std::size_t kMostExamples = 20;
      if (found.examples.size() < kMostExamples) {
        found.examples.push_back({entry->second, ImagePlace{p, i}});
      }
    }
  }
  return found;
}

DataConfig settled(DataConfig config, const DataSurvey& survey) {
  if (!config.source.keeps_pictures()) return config;
  PictureOptions pictures = config.source.pictures();
  const PartSurvey& main = survey.main();
  const auto sizes = main.sizes();
  if (!pictures.size && !sizes.empty()) {
    std::vector<Size2> all;
    for (const ImageLook& look : main.images) all.push_back(look.size());
    const int side = advised_size(std::move(all));
    pictures.size = sizes.size() == 1 ? sizes.front().first : Size2{side, side};
  }
  if (!pictures.colour) {
    pictures.colour = main.gray() == main.usable().size() ? PictureOptions::Colour::gray
                                                          : PictureOptions::Colour::rgb;
  }
  config.source.set_pictures(pictures);
  return config;
}

Shape image_shape(const DataConfig& settled, const DataSurvey& survey) {
  const PictureOptions& pictures = settled.source.pictures();
  if (settled.source.keeps_pictures() && pictures.size) {
    return {pictures.channels(), pictures.size->height, pictures.size->width};
  }
  return survey.main().images.front().shape;
}

void require_readable(const DataConfig& config, const DataSurvey& survey, DataPart part) {
  const auto fault = std::ranges::find(survey.faults, part, &PartFault::part);
  if (fault != survey.faults.end()) throw FileError(fault->message);
  const PartSurvey* const found = survey.find(part);
  const std::unique_ptr<DataSource> source = config.source.open(part);
  if (found == nullptr) return;
  source->require_usable(found->images);
  const PartSurvey& main = survey.main();
  if (config.source.keeps_pictures() || &main == found) return;
  const Shape &shape = found->images.front().shape, &wanted = main.images.front().shape;
  if (shape == wanted) return;
  throw other_shape_error(source->describe(), shape, config.source.open(main.part)->describe(),
                          wanted);
}

void require_trainable(const DataConfig& config, const DataSurvey& survey) {
  require_readable(config, survey, DataPart::train);
  const std::unique_ptr<DataSource> source = config.source.open(DataPart::train);
  Dataset training = labels_of(*source, survey.find(DataPart::train)->images, false);
  if (!training.class_names.empty()) training.class_names = survey.classes;  // in their order
  require_images_to_train(config, training);
  if (config.source.has(DataPart::validation)) {
    require_readable(config, survey, DataPart::validation);
  }
}

}  // namespace cnn
