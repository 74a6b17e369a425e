// What cnn-data prints and draws of a data set.

#pragma once

#include <cstddef>
#include <string>

#include "cnn/image.hpp"

#include "data/source.hpp"
#include "run/data_survey.hpp"
#include "run/run_config.hpp"

namespace cnn::app {

std::string data_text(const DataConfig& config, const DataSurvey& survey);
std::string data_json(const DataConfig& config, const DataSurvey& survey);

// A row per class, of at most kSheetRows classes, with its name and number above pictures of it
// that are spread over the part: the training part, or the first one. They are as the network sees
// them; large ones are made smaller, small ones larger. Throws FileError.
inline constexpr std::size_t kSheetRows = 50;
Image sample_sheet(DataConfig config, const DataSurvey& survey, const ReadOptions& options);
// Bytes of memory that this takes at most, with so many threads, beside a survey.
std::size_t sheet_bytes(const DataConfig& config, int threads);

}  // namespace cnn::app
