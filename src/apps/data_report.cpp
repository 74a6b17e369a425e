#include "apps/data_report.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/report.hpp"
#include "apps/sheet.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "data/image/fit.hpp"
#include "run/memory_need.hpp"

namespace cnn::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostNamed = 20;
constexpr std::size_t kMostClassRows = 100;
constexpr std::size_t kMostSizes = 100;

std::string where(const DataConfig& config) {
  if (!config.source.dir().empty()) return config.source.dir().string();
  return config.source.open(config.source.parts().front())->describe();
}

// The file, or "test:17" in an array.
std::string name_of(const DataSurvey& survey, const ImagePlace& place) {
  const PartSurvey& part = survey.parts[place.part];
  const std::string& file = part.images[place.image].file;
  return file.empty() ? std::string(part_name(part.part)) + ":" + std::to_string(place.image)
                      : file;
}

// What the images of all parts take in memory, each brought to its size or as it is.
std::size_t image_bytes(const DataConfig& config, const DataSurvey& survey) {
  const bool fixed = config.source.keeps_pictures() && config.source.pictures().size;
  const std::size_t size = fixed ? image_shape(settled(config, survey), survey).size() : 0;
  std::size_t bytes = 0;
  for (const PartSurvey& part : survey.parts) {
    for (const ImageLook& look : part.images) {
      if (look.fault.empty()) bytes += fixed ? size : look.shape.size();
    }
  }
  return bytes;
}

std::string sizes_text(const PartSurvey& part) {
  const auto sizes = part.sizes();
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(sizes.size(), kShown); ++i) {
    const auto& [size, count] = sizes[i];
    text += fmt::format("{}{}x{}", i > 0 ? ", " : "", size.width, size.height);
    if (sizes.size() > 1) text += fmt::format(" ({})", count);
  }
  if (sizes.size() > kShown) text += fmt::format(" and {} other sizes", sizes.size() - kShown);
  return text;
}

std::string part_table(const DataSurvey& survey) {
  std::string text = "\npart         images     gray   colour   broken  width x height\n";
  for (const PartSurvey& part : survey.parts) {
    const std::size_t images = part.usable().size(), gray = part.gray();
    text += fmt::format("{:<10} {:>8} {:>8} {:>8} {:>8}  {}\n", part_name(part.part), images, gray,
                        images - gray, part.images.size() - images, sizes_text(part));
  }
  return text;
}

std::string class_table(const DataSurvey& survey) {
  const std::size_t width = std::max<std::size_t>(widest(survey.classes), 5);
  std::string text = fmt::format("\n{:<{}}", "class", width);
  std::vector<std::vector<std::size_t>> counts;
  for (const PartSurvey& part : survey.parts) {
    counts.push_back(part.per_class(survey.classes.size()));
    text += fmt::format("  {:>10}", part_name(part.part));
  }
  text += "\n";
  for (std::size_t k = 0; k < std::min(survey.classes.size(), kMostClassRows); ++k) {
    text += fmt::format("{:<{}}", survey.classes[k], width);
    for (const auto& of_part : counts) text += fmt::format("  {:>10}", of_part[k]);
    text += "\n";
  }
  if (survey.classes.size() > kMostClassRows) {
    text += fmt::format("and {} more, see --json\n", survey.classes.size() - kMostClassRows);
  }
  return text;
}

std::string broken_text(const DataSurvey& survey) {
  std::size_t broken = 0;
  std::string list;
  for (const PartSurvey& part : survey.parts) {
    for (const ImageLook& look : part.images) {
      if (look.fault.empty() || ++broken > kMostNamed) continue;
      list += "  " + display_path(look.file) + ": " + look.fault + "\n";
    }
  }
  if (broken == 0) return "";
  if (broken > kMostNamed) list += fmt::format("  and {} more\n", broken - kMostNamed);
  return fmt::format("\n{} {} cannot be used\n{}", broken, broken == 1 ? "file" : "files", list);
}

std::string duplicates_text(const DataSurvey& survey) {
  const Duplicates found = find_duplicates(survey);
  if (found.within + found.across == 0) return "\nno picture is there twice\n";
  std::string text = fmt::format(
      "\nthere before with the same pixels: {} within a part, {} in another part{}\n", found.within,
      found.across, found.across > 0 ? " (a score on those says little)" : "");
  for (const auto& [first, second] : found.examples) {
    text += "  " + display_path(name_of(survey, second)) + " = " +
            display_path(name_of(survey, first)) + "\n";
  }
  if (found.within + found.across > found.examples.size()) text += "  …\n";
  return text;
}

Json part_json(const DataSurvey& survey, const PartSurvey& part) {
  const std::size_t images = part.usable().size(), gray = part.gray();
  Json json;
  json["images"] = images;
  json["per_class"] = part.per_class(survey.classes.size());
  json["sizes"] = Json::array();
  for (const auto& [size, count] : part.sizes()) {
    if (json["sizes"].size() == kMostSizes) break;
    json["sizes"].push_back(Json::array({size.height, size.width, count}));
  }
  json["gray"] = gray;
  json["colour"] = images - gray;
  json["broken"] = Json::array();
  for (const ImageLook& look : part.images) {
    if (look.fault.empty()) continue;
    json["broken"].push_back({{"file", as_utf8(look.file)}, {"error", as_utf8(look.fault)}});
  }
  return json;
}

// ---- the sheet ----

constexpr std::size_t kColumns = 10;
constexpr int kLargestSide = 96;
constexpr int kSmallestSide = 48;

// What a picture has on the sheet.
struct Cell {
  Shape shape;
  int times = 1;  // that each pixel is repeated
};

// At most kLargestSide high and wide, in the same proportions.
Size2 shrunk(Size2 size) {
  const int longer = std::max(size.height, size.width);
  if (longer <= kLargestSide) return size;
  const auto side = [&](int from) { return std::max(1, from * kLargestSide / longer); };
  return {side(size.height), side(size.width)};
}

Cell cell_of(const Shape& image) {
  const Size2 size = shrunk({image.height, image.width});
  Cell cell{{image.channels == 3 ? 3 : 1, size.height, size.width}};
  const int longer = std::max(image.height, image.width);
  if (longer < kSmallestSide) {
    cell.times = kSmallestSide / longer;
    cell.shape.height *= cell.times;
    cell.shape.width *= cell.times;
  }
  return cell;
}

std::vector<std::uint8_t> shown_in(const Cell& cell, const Shape& image,
                                   std::span<const std::uint8_t> pixels) {
  const std::size_t taken = image.size() / static_cast<std::size_t>(image.channels) *
                            static_cast<std::size_t>(cell.shape.channels);
  const auto kept = pixels.first(taken);
  if (cell.times == 1) {
    const Image picture{{cell.shape.channels, image.height, image.width},
                        {kept.begin(), kept.end()}};
    return fitted(picture, {cell.shape.height, cell.shape.width}, Fit::stretch).pixels;
  }
  const auto width = static_cast<std::size_t>(cell.shape.width);
  const auto times = static_cast<std::size_t>(cell.times);
  std::vector<std::uint8_t> result(cell.shape.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t row = i / width / times, column = i % width / times;
    result[i] = kept[row * (width / times) + column];
  }
  return result;
}

// Places of images of one class, spread over all of them.
std::vector<std::uint32_t> spread(const std::vector<std::uint32_t>& places) {
  const std::size_t count = std::min(places.size(), kColumns);
  std::vector<std::uint32_t> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(places[i * places.size() / count]);
  return chosen;
}

std::size_t rows_of(const DataSurvey& survey) {
  return std::min(survey.classes.size(), kSheetRows);
}

}  // namespace

std::string data_text(const DataConfig& config, const DataSurvey& survey) {
  const std::size_t bytes = image_bytes(config, survey);
  std::size_t images = 0;
  for (const PartSurvey& part : survey.parts) images += part.usable().size();
  return fmt::format("{}: {}, {} {} in {} {}\n", display_path(where(config)),
                     config.source.format_name(), images, images == 1 ? "image" : "images",
                     survey.classes.size(), survey.classes.size() == 1 ? "class" : "classes") +
         part_table(survey) + class_table(survey) + broken_text(survey) + duplicates_text(survey) +
         fmt::format("\nin memory: {}{}\n", bytes_text(static_cast<double>(bytes)),
                     config.source.keeps_pictures() && !config.source.pictures().size &&
                             survey.main().sizes().size() > 1
                         ? ", as the pictures are"
                         : "");
}

std::string data_json(const DataConfig& config, const DataSurvey& survey) {
  Json json;
  json["format"] = config.source.format_name();
  json["classes"] = Json::array();
  for (const std::string& name : survey.classes) json["classes"].push_back(as_utf8(name));
  json["parts"] = Json::object();
  for (const PartSurvey& part : survey.parts) {
    json["parts"][std::string(part_name(part.part))] = part_json(survey, part);
  }
  const Duplicates found = find_duplicates(survey);
  Json& duplicates = json["duplicates"] = Json::object();
  duplicates["within"] = found.within;
  duplicates["across"] = found.across;
  duplicates["examples"] = Json::array();
  for (const auto& [first, second] : found.examples) {
    duplicates["examples"].push_back(
        Json::array({as_utf8(name_of(survey, first)), as_utf8(name_of(survey, second))}));
  }
  json["bytes"] = image_bytes(config, survey);
  return shown_json(json.dump(2)) + "\n";
}

Image sample_sheet(DataConfig config, const DataSurvey& survey, const ReadOptions& options) {
  const PartSurvey& part = survey.main();
  config = settled(std::move(config), survey);
  PictureOptions pictures = config.source.pictures();
  if (pictures.size) {
    // Photographs by the hundred are not kept as large as they are.
    pictures.size = shrunk(*pictures.size);
    config.source.set_pictures(pictures);
  }
  std::vector<std::vector<std::uint32_t>> of_class(survey.classes.size());
  for (const std::uint32_t i : part.usable()) of_class[part.images[i].label].push_back(i);
  std::vector<std::uint32_t> chosen;
  for (std::size_t k = 0; k < rows_of(survey); ++k) {
    const std::vector<std::uint32_t> of_row = spread(of_class[k]);
    chosen.insert(chosen.end(), of_row.begin(), of_row.end());
  }
  const Dataset read = config.source.open(part.part)->read_some(options, chosen);
  const Cell cell = cell_of(read.shape);
  Sheet sheet(cell.shape, rows_of(survey), kColumns, true);
  std::size_t next = 0;
  for (std::size_t k = 0; k < rows_of(survey); ++k) {
    sheet.write(k, fmt::format("{} ({})", survey.classes[k], of_class[k].size()));
    for (std::size_t column = 0; column < spread(of_class[k]).size(); ++column, ++next) {
      sheet.put(k, column,
                std::span<const std::uint8_t>(shown_in(cell, read.shape, read.image(next))));
    }
  }
  return std::move(sheet).take();
}

std::size_t sheet_bytes(const DataConfig& config, int threads) {
  constexpr std::size_t kCopies = 4;  // the sheet, its pixels in another order, the file
  std::size_t most = 0;
  for (const DataPart part : config.source.parts()) {
    try {
      const std::unique_ptr<DataSource> source = config.source.open(part);
      const std::size_t cells = std::min(source->count(), kSheetRows) * kColumns;
      DatasetHeader chosen{{3, kLargestSide, kLargestSide}, cells};
      if (!config.source.keeps_pictures()) {
        const DatasetHeader all = source->header();
        chosen = {all.shape, cells + (all.is_mapped ? 0 : all.count)};
      }
      const std::size_t sheet = kCopies * cells * static_cast<std::size_t>(kLargestSide + 16) *
                                static_cast<std::size_t>(kLargestSide + 2) * 3;
      most = std::max(most, dataset_bytes(chosen) + source->reading_bytes(threads) + sheet);
    } catch (const FileError&) {
      continue;  // the survey says what is wrong
    }
  }
  return most;
}

}  // namespace cnn::app
