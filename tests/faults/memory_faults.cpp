// A module to preload (LD_PRELOAD) that makes allocations ("allocate": malloc, calloc, realloc,
// aligned_alloc, posix_memalign and with them operator new) or the start of threads ("thread")
// fail, as plan.hpp says.
//
// Only what happens from main on counts, in all threads, and nothing while a library is loaded:
// what fails in the loader, in OpenBLAS' constructor or in that of the C++ library's pool for
// exceptions does not tell the program.

#include <cstddef>

#include <pthread.h>

#include "plan.hpp"

// glibc's own names, which need no look-up: dlsym allocates.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace cnn::faults {
namespace {

std::atomic<Plan*> armed{nullptr};
thread_local int loading = 0;

bool strikes(const char* kind) {
  Plan* const plan = armed.load();
  if (plan == nullptr || loading > 0 || !plan->is_about(kind) || !plan->strikes()) return false;
  errno = plan->error();
  return true;
}

using Main = int (*)(int, char**, char**);
Main real_main = nullptr;

int main_under_test(int argc, char** argv, char** environment) {
  static Plan plan;
  armed.store(&plan);
  const int code = real_main(argc, argv, environment);
  armed.store(nullptr);
  return code;
}

}  // namespace
}  // namespace cnn::faults

using cnn::faults::loading;
using cnn::faults::strikes;

extern "C" {

int __libc_start_main(cnn::faults::Main program, int argc, char** argv, void (*init)(),
                      void (*fini)(), void (*rtld_fini)(), void* stack_end) {
  cnn::faults::real_main = program;
  return cnn::faults::next<decltype(__libc_start_main)>("__libc_start_main")(
      cnn::faults::main_under_test, argc, argv, init, fini, rtld_fini, stack_end);
}

void* dlopen(const char* file, int mode) noexcept {
  ++loading;
  void* const library = cnn::faults::next<decltype(dlopen)>("dlopen")(file, mode);
  --loading;
  return library;
}

void* malloc(std::size_t size) noexcept {
  return strikes("allocate") ? nullptr : __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  return strikes("allocate") ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  return strikes("allocate") ? nullptr : __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return strikes("allocate") ? nullptr : __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  if (strikes("allocate")) return ENOMEM;
  *block = __libc_memalign(alignment, size);
  return *block != nullptr ? 0 : ENOMEM;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  if (strikes("thread")) return EAGAIN;
  return cnn::faults::next<decltype(pthread_create)>("pthread_create")(thread, attributes, start,
                                                                       argument);
}

}  // extern "C"
