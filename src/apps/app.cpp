#include "apps/app.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

#include <fcntl.h>

#include "cnn/error.hpp"

#include "base/arena.hpp"
#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "base/vectors.hpp"
#include "base/workers.hpp"
#include "run/memory_need.hpp"

namespace cnn::app {
namespace {

constexpr const char* kNoMemory = "error: not enough memory for this network and its data";

// Allocates nothing: there may be no memory left.
int report(const char* message, int code) {
  write_lines(stderr, message);
  write_lines(stderr, "\n");
  return code;
}

int report(const char* message, const char* reason, int code) {
  write_lines(stderr, message);
  write_lines(stderr, ": ");
  return report(reason, code);
}

// Standard streams that were closed are occupied, lest the first file that is opened, such as a
// checkpoint, take the place of stdout.
void occupy_standard_streams() {
  for (const int stream : {0, 1, 2}) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
  }
}

// What other libraries declare noexcept, such as the destructor of a JSON value, may run out of
// memory all the same.
[[noreturn]] void on_terminate() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    std::_Exit(report(kNoMemory, kFile));
  } catch (const std::exception& error) {
    report("internal error", error.what(), kInternal);
  } catch (...) {
    report("internal error", kInternal);
  }
  std::abort();
}

int finish_stdout(int code) {
  constexpr const char* kMessage = "stdout: error: cannot write the result";
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return errno != 0 ? report(kMessage, std::strerror(errno), kFile) : report(kMessage, kFile);
}

}  // namespace

int guarded(const std::function<int()>& body) {
  // A reader of stdout or stderr that goes away, and a limit on file sizes, show as errors of
  // writing.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::set_terminate(on_terminate);
  end_where_mapped_bytes_are_gone(kFile);
  occupy_standard_streams();
  try {
    vector_level();  // a CNN_ISA that cannot be met is said at once
    return finish_stdout(body());
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
    return report(kNoMemory, kFile);
  } catch (const std::system_error& error) {
    return report("error", error.what(), kFile);
  } catch (const std::exception& error) {
    return report("internal error", error.what(), kInternal);
  }
}

LoadedConfig read_config(const std::function<LoadedConfig()>& read) {
  try {
    return read();
  } catch (const FileError& error) {
    throw ConfigError(error.what());
  }
}

void announce_memory(std::size_t more, bool quiet) {
  const std::size_t bytes = process_bytes(more);
  if (bytes > physical_memory()) {
    throw FileError("error: this takes " + bytes_text(static_cast<double>(bytes)) +
                    " of memory, this machine has " +
                    bytes_text(static_cast<double>(physical_memory())) +
                    "; use fewer --threads, or fewer images at once");
  }
  if (!quiet) write_lines(stderr, memory_text(bytes) + "\n");
}

}  // namespace cnn::app
