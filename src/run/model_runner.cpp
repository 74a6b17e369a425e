#include "run/model_runner.hpp"

#include "cnn/error.hpp"

#include "base/file.hpp"

namespace cnn {

void with_model(const std::filesystem::path& path, const std::function<void()>& body) {
  try {
    body();
  } catch (const DivergedError& error) {
    throw file_error(path, error.what());
  }
}

}  // namespace cnn
