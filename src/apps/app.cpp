#include "app.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "cnn/error.hpp"

namespace cnn::app {
namespace {

int report(const char* message, int code) {
  std::fprintf(stderr, "%s\n", message);
  return code;
}

}  // namespace

int guarded(const std::function<int()>& body) {
  // A reader of stdout or stderr that goes away, and a limit on file sizes, show as errors of
  // writing.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    const int code = body();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      return report("stdout: error: cannot write the result", kFile);
    }
    return code;
  } catch (const ConfigError& error) {
    return report(error.what(), kUsage);
  } catch (const ShapeError& error) {
    return report(error.what(), kUsage);
  } catch (const NetworkError& error) {
    return report(error.what(), kUsage);
  } catch (const FileError& error) {
    return report(error.what(), kFile);
  } catch (const DivergedError& error) {
    return report(error.what(), kDiverged);
  } catch (const std::bad_alloc&) {
    return report("error: not enough memory for this network and its data", kFile);
  } catch (const std::exception& error) {
    return report((std::string("internal error: ") + error.what()).c_str(), kInternal);
  }
}

int with_model(const std::string& model, const std::function<int()>& body) {
  try {
    return body();
  } catch (const DivergedError& error) {
    throw FileError(model + ": error: " + error.what());
  }
}

std::filesystem::path absolute_path(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

std::string display_path(const std::filesystem::path& path) {
  std::error_code code;
  const std::filesystem::path relative = std::filesystem::proximate(path, code);
  const bool below = !code && !relative.empty() && *relative.begin() != "..";
  return (below ? relative : path).string();
}

}  // namespace cnn::app
