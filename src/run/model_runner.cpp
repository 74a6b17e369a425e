#include "run/model_runner.hpp"

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "run/memory_need.hpp"

namespace cnn {
namespace {

Model load_within_bounds(const std::filesystem::path& path, int workers) {
  Model model = load_model(path);
  require_model_memory(path, model.network, workers);
  return model;
}

}  // namespace

ModelRunner::ModelRunner(const std::filesystem::path& file, Workers& workers)
    : path(file),
      model(load_within_bounds(file, workers.count())),
      table(model.info.preprocessing, model.info.input),
      inference(model.network, table, workers) {}

void with_model(const std::filesystem::path& path, const std::function<void()>& body) {
  try {
    body();
  } catch (const DivergedError& error) {
    throw file_error(path, error.what());
  }
}

}  // namespace cnn
