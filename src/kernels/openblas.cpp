#include "kernels/openblas.hpp"

#include <array>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <strings.h>
#include <unistd.h>

#include "cnn/error.hpp"

#include "base/address_space.hpp"

namespace cnn {
namespace {

constexpr const char* kLibrary = "libopenblas.so.0";
// What the library takes with those that it needs, and somewhat more.
constexpr std::size_t kLibraryBytes = std::size_t{48} << 20;

// The environment with OPENBLAS_NUM_THREADS=1, while this object lives. setenv would move the
// entries that another thread may be reading; this leaves them where they are.
class OneThread {
 public:
  OneThread() : before_(environ) {
    // Other threads may read them later than that.
    static std::deque<std::vector<char*>> attempts;
    std::vector<char*>& entries = attempts.emplace_back();
    static char one[] = "OPENBLAS_NUM_THREADS=1";
    entries.push_back(one);
    for (char** entry = before_; entry != nullptr && *entry != nullptr; ++entry) {
      if (!std::string_view(*entry).starts_with("OPENBLAS_NUM_THREADS=")) entries.push_back(*entry);
    }
    entries.push_back(nullptr);
    environ = mine_ = entries.data();
  }
  ~OneThread() {
    if (environ == mine_) environ = before_;
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  char** before_;
  char** mine_;
};

// OpenBLAS ends the process at the first instruction of a kernel that the processor does not have.
bool runs_kernel([[maybe_unused]] std::string_view name) {
#if defined(__x86_64__)
  struct Kernel {
    const char* name;
    bool runs;
  };
  const bool avx = __builtin_cpu_supports("avx") != 0;
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 =
      avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  const bool bfloat = avx512 && __builtin_cpu_supports("avx512bf16") != 0;
  const bool fma4 = avx && __builtin_cpu_supports("fma4") != 0;
  const std::array<Kernel, 10> kernels{{{"Sandybridge", avx},
                                        {"Bulldozer", fma4},
                                        {"Piledriver", fma4},
                                        {"Steamroller", fma4},
                                        {"Excavator", fma4},
                                        {"Haswell", avx2},
                                        {"Zen", avx2},
                                        {"SkylakeX", avx512},
                                        {"Cooperlake", bfloat},
                                        {"SapphireRapids", bfloat}}};
  for (const Kernel& kernel : kernels) {
    if (::strcasecmp(kernel.name, std::string(name).c_str()) == 0) return kernel.runs;
  }
#endif
  return true;  // any processor runs it, or OpenBLAS does not know it and says so
}

void* load() {
  // A library that is there already stays as it is.
  if (void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)) return library;
  const char* const kernel = std::getenv("OPENBLAS_CORETYPE");
  if (kernel != nullptr && !runs_kernel(kernel)) {
    throw ConfigError("OPENBLAS_CORETYPE: error: this processor cannot run OpenBLAS' kernel '" +
                      std::string(kernel) + "'; unset the variable, and OpenBLAS chooses");
  }
  // Where memory is short its own start ends the process, or, since it takes a buffer as it starts
  // (0.3.29 does), tries for ever.
  require_address_space(1, kLibraryBytes + OpenBlas::kBufferBytes);
  const OneThread one_thread;
  if (void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL)) return library;
  const char* const reason = ::dlerror();
  throw FileError(std::string(kLibrary) + ": error: cannot load OpenBLAS: " +
                  (reason != nullptr ? reason : "no reason given") +
                  "; install a package such as libopenblas0-pthread, or name its folder in "
                  "LD_LIBRARY_PATH");
}

template <typename Function>
void find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
}

template <typename Function>
void require(void* library, const char* name, Function*& function) {
  find(library, name, function);
  if (function != nullptr) return;
  throw FileError(std::string(kLibrary) + ": error: has no function " + name +
                  "; it is not OpenBLAS, or one of another kind");
}

OpenBlas loaded() {
  void* const library = load();
  OpenBlas blas{};
  require(library, "cblas_sgemm", blas.sgemm);
  require(library, "cblas_dgemm", blas.dgemm);
  require(library, "cblas_sgemv", blas.sgemv);
  require(library, "cblas_dgemv", blas.dgemv);
  require(library, "openblas_set_num_threads", blas.set_num_threads);
  require(library, "openblas_get_parallel", blas.get_parallel);
  require(library, "openblas_get_config", blas.get_config);
  require(library, "openblas_get_corename", blas.get_corename);
  find(library, "blas_memory_alloc", blas.take_buffer);
  find(library, "blas_memory_free", blas.give_buffer);
  find(library, "omp_set_num_threads", blas.set_openmp_threads);
  // For a library that was there already, with threads of its own.
  blas.set_num_threads(1);
  return blas;
}

}  // namespace

const OpenBlas& openblas() {
  static const OpenBlas blas = loaded();
  return blas;
}

}  // namespace cnn
