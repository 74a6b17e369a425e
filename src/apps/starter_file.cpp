#include "apps/starter_file.hpp"

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/console.hpp"
#include "apps/output_kind.hpp"
#include "apps/reading_progress.hpp"
#include "apps/schema_line.hpp"
#include "base/file.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"
#include "config/option_printer.hpp"
#include "config/path_bytes.hpp"
#include "run/config_sections.hpp"
#include "run/data_survey.hpp"
#include "run/starter_config.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

// The last part of the path, without the ending of a table.
std::string name_of(const fs::path& data) {
  std::error_code unknown;
  const fs::path last = data.has_filename() ? data.filename() : data.parent_path().filename();
  return run_name((fs::is_directory(data, unknown) ? last : last.stem()).string());
}

void require_something(const fs::path& data) {
  std::error_code unknown;
  const bool is_empty =
      is_there(data) && fs::is_directory(data, unknown) && fs::is_empty(data, unknown) && !unknown;
  if (is_there(data) && !is_empty) return;
  throw file_error(data, std::string(is_empty ? "the directory is empty" : "is not there") +
                             "; --init takes a folder of pictures, with a folder in it for each "
                             "class, or a table of them, FILE.csv");
}

// Throws as training with that configuration would. What cannot be read is left out of it.
DataConfig checked(DataConfig config, const DataSurvey& survey, const StarterFacts& facts) {
  if (facts.keeps_pictures) {
    PictureOptions pictures = config.source.pictures();
    if (!facts.has_one_size) pictures.size = Size2{facts.shape.height, facts.shape.width};
    pictures.broken = PictureOptions::Broken::skip;
    config.source.set_pictures(pictures);
  }
  require_trainable(config, survey);
  return config;
}

}  // namespace

int write_starter_file(const TrainOptions& o) {
  const fs::path data = resolved(o.init);
  const std::string name = name_of(data);
  const fs::path file = resolved(o.out.empty() ? fs::path(name + ".yaml") : fs::path(o.out));
  if (is_there(file)) {
    throw ConfigError("error: " + display_path(file) +
                      " is there already; choose another file with --out FILE");
  }
  require_something(data);
  DataConfig config;
  config.source.set_dir(data);
  Console console(Verbosity::normal, true);
  ReadOptions reading;
  reading.threads = Workers::available();
  reading.on_progress = reading_progress(console);
  announce_memory(survey_bytes(config, reading.threads), false);
  const DataSurvey survey = survey_data(config, reading);
  console.status("");
  for (const PartFault& fault : survey.faults) {
    if (fault.part != DataPart::test) throw FileError(fault.message);
    write_lines(stderr, "warning: " + fault.message + "\n");
  }
  // So would the runs beside it.
  require_outside_classes("--out", file, config.source);
  if (survey.main().usable().empty()) checked(config, survey, {});
  StarterFacts facts = starter_facts(config, survey);
  checked(config, survey, facts);
  facts.name = name;
  std::error_code unknown;
  const std::string key = fs::is_directory(data, unknown) ? "dir" : "table";
  const fs::path relative = data.lexically_proximate(file.parent_path());
  facts.place = key + ": " + yaml_text(path_to_yaml(relative.native()));
  write_file(file, schema_line() + starter_config(facts));
  write_lines(stdout,
              fmt::format("{}: {} images to train on, {} classes; the network sees {}\n"
                          "  cnn-train --config {}\n"
                          "  cnn-predict --model {} PICTURE\n",
                          display_path(file), facts.images, facts.classes, to_string(facts.shape),
                          display_path(file),
                          display_path(file.parent_path() / "runs" / name / "model.safetensors")));
  return kDone;
}

}  // namespace cnn::app
