// cnn-data: looks at a data set before anything is trained on it.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/console.hpp"
#include "apps/data_report.hpp"
#include "apps/output_kind.hpp"
#include "apps/reading_progress.hpp"
#include "apps/signals.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"
#include "run/data_survey.hpp"
#include "run/packed_data.hpp"
#include "run/run_config.hpp"

namespace cnn::app {
namespace {

DataConfig config_of(const DataOptions& o) {
  if (o.config.empty() == o.dir.empty()) {
    throw ConfigError("error: give either --config FILE or the directory of a data set");
  }
  DataConfig data;
  if (o.config.empty()) {
    data.source.set_dir(resolved(o.dir));
  } else {
    data = read_config([&] { return load_config(o.config, {}); }).config.data;
  }
  PictureOptions pictures = data.source.pictures();
  if (o.size > 0) pictures.size = Size2{o.size, o.size};
  if (o.fit == "crop") pictures.fit = Fit::crop;
  if (o.fit == "pad") pictures.fit = Fit::pad;
  if (o.fit == "stretch") pictures.fit = Fit::stretch;
  if (o.colour == "gray") pictures.colour = PictureOptions::Colour::gray;
  if (o.colour == "rgb") pictures.colour = PictureOptions::Colour::rgb;
  data.source.set_pictures(pictures);
  return data;
}

// Whether training would take the set; if not, what it would say is on stderr.
bool is_trainable(const DataConfig& config, const DataSurvey& survey) {
  try {
    require_trainable(config, survey);
    return true;
  } catch (const Error& error) {
    write_lines(stderr, std::string(error.what()) + "\n");
    return false;
  }
}

// Training does not look at the test part.
void warn_of_test_part(const DataConfig& config, const DataSurvey& survey) {
  if (!config.source.has(DataPart::test) || survey.parts.empty()) return;
  if (survey.find(DataPart::train) == nullptr) return;
  try {
    require_readable(config, survey, DataPart::test);
  } catch (const FileError& error) {
    write_lines(stderr, "warning: " + std::string(error.what()) + "\n");
  }
}

void pack(const DataOptions& o, const DataConfig& config, const DataSurvey& survey,
          const ReadOptions& reading) {
  for (const DataPart part : config.source.parts()) require_readable(config, survey, part);
  pack_data(settled(config, survey), survey, o.pack, reading);
}

void draw(const DataOptions& o, const DataConfig& config, const DataSurvey& survey,
          const ReadOptions& reading) {
  if (survey.main().usable().empty()) return;  // there is nothing to be seen
  write_png(o.sheet, sample_sheet(config, survey, reading));
}

int look_at_data(const DataOptions& o) {
  require_output_kind("--sheet", o.sheet, OutputKind::png);
  require_output_kind("--pack", o.pack, OutputKind::packed);
  ReadOptions reading;
  if (!o.pack.empty()) {
    // Only a set that is being packed has something to be removed.
    reading.stop = &install_signal_handlers().stop;
    require_packable(o.pack);
  }
  const DataConfig config = config_of(o);
  if (!o.pack.empty()) require_outside_classes("--pack", resolved(o.pack), config.source);
  Console console(o.quiet ? Verbosity::quiet : Verbosity::normal, !o.quiet);
  reading.threads = Workers::available();
  reading.on_progress = reading_progress(console);
  const std::size_t sheet = o.sheet.empty() ? 0 : sheet_bytes(config, reading.threads);
  const std::size_t packing = o.pack.empty() ? 0 : packing_bytes(config, reading.threads);
  announce_memory(survey_bytes(config, reading.threads) + std::max(sheet, packing), o.quiet);
  const DataSurvey survey = survey_data(config, reading);
  console.status("");
  write_lines(stdout, o.json ? data_json(config, survey) : data_text(config, survey));
  if (!o.sheet.empty()) draw(o, config, survey, reading);
  const bool trainable = is_trainable(config, survey);
  if (trainable) warn_of_test_part(config, survey);
  if (!o.pack.empty() && trainable) pack(o, config, survey, reading);
  console.status("");
  return trainable ? kDone : kFile;
}

// Ends what a signal stops; nothing of it is left.
int look_until_stopped(const DataOptions& o) {
  try {
    return look_at_data(o);
  } catch (const ReadingStopped&) {
    return 128 + stop_signal();
  }
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::DataOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::look_until_stopped(options); });
}
