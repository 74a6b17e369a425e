// ModelRunner: a model file, ready to be run.

#pragma once

#include <filesystem>
#include <functional>

#include "base/workers.hpp"
#include "data/preprocessing.hpp"
#include "infer/evaluate.hpp"
#include "run/model.hpp"

namespace cnn {

// Runs `body`, which uses the model in `path`: outputs that are not finite are the file's fault,
// not that of a training run, so that DivergedError becomes FileError.
void with_model(const std::filesystem::path& path, const std::function<void()>& body);

// Stays where it is: its parts refer to one another. Keeps a reference to the workers.
struct ModelRunner {
  // Throws FileError, also if the model takes more memory than a file may (memory_need.hpp).
  ModelRunner(const std::filesystem::path& file, Workers& workers);
  // Of a model that has been read from there.
  ModelRunner(const std::filesystem::path& file, Model read, Workers& workers);
  ModelRunner(const ModelRunner&) = delete;
  ModelRunner& operator=(const ModelRunner&) = delete;

  std::filesystem::path path;
  Model model;
  PixelTable table;
  Inference inference;
};

}  // namespace cnn
