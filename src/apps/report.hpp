// What cnn-eval makes of an evaluation: a text for people, JSON for scripts, CSV files.

#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "cnn/metrics.hpp"

#include "data/selection.hpp"
#include "infer/evaluate.hpp"

namespace cnn::app {

// Classes beyond which files and JSON list the cells that are not zero, instead of all.
inline constexpr std::size_t kMostDense = 1000;

// The width of a column of such names with "class" above them. Where one is very long, the others
// are not filled up to it.
std::size_t widest(const std::vector<std::string>& names);

struct EvaluationReport {
  std::string title;  // "test set …/t10k-images-idx3-ubyte.gz"
  const Evaluation& evaluation;
  const Selection& selection;        // indices in the file, in the order of evaluation.predictions
  std::vector<std::string> classes;  // names
  const std::vector<std::string>& files;  // of all images of the part; empty for arrays
  double seconds;                         // of the evaluation alone

  double images_per_second() const;
  Confusion confusion() const { return Confusion(classes.size(), evaluation.predictions); }
};

std::string report_text(const EvaluationReport& report);
// images, correct, accuracy, top5_accuracy (null below 10 classes), loss, classes, confusion,
// per_class, seconds, images_per_second. Above 1,000 classes confusion is null, and
// confusion_sparse lists [true, predicted, count] of the cells that are not zero.
std::string report_json(const EvaluationReport& report);
// Writes confusion.csv (rows true, columns predicted; above 1,000 classes true, predicted, count of
// the cells that are not zero) and predictions.csv (index, file, true, predicted, probability; the
// index is that of the image in the part, from 0; the file is empty for arrays). Throws FileError.
void write_report_files(const EvaluationReport& report, const std::filesystem::path& directory);

}  // namespace cnn::app
