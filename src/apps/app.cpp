#include "app.hpp"

#include <cstdio>
#include <exception>
#include <new>

#include "cnn/error.hpp"

namespace cnn::app {
namespace {

int report(const char* message, int code) {
  std::fprintf(stderr, "%s\n", message);
  return code;
}

}  // namespace

void set_up(CLI::App& app, const std::string& example) {
  app.set_version_flag("--version", CNN_VERSION);
  app.footer("Example:\n  " + example +
             "\n\nExit codes: 0 done, 2 usage or configuration, 3 data, image or model file, "
             "4 training diverged,\n130/143 stopped by SIGINT/SIGTERM after writing a checkpoint");
}

int run(CLI::App& app, int argc, char** argv, const std::function<int()>& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::fprintf(stderr, "%s: error: %s; see %s --help\n", app.get_name().c_str(), error.what(),
                 app.get_name().c_str());
    return kUsage;
  }
  try {
    return body();
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
    return report("error: not enough memory; try a smaller training.batch or fewer --threads",
                  kFile);
  } catch (const std::exception& error) {
    return report((std::string("internal error: ") + error.what()).c_str(), kInternal);
  }
}

std::filesystem::path absolute_path(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

}  // namespace cnn::app
