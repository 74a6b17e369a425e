#include "run/model_runner.hpp"

#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "run/memory_need.hpp"

namespace cnn {
namespace {

Model within_bounds(const std::filesystem::path& path, Model model, int workers) {
  require_model_memory(path, model.network, workers);
  return model;
}

}  // namespace

ModelRunner::ModelRunner(const std::filesystem::path& file, Workers& workers)
    : ModelRunner(file, load_model(file), workers) {}

ModelRunner::ModelRunner(const std::filesystem::path& file, Model read, Workers& workers)
    : path(file),
      model(within_bounds(file, std::move(read), workers.count())),
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
