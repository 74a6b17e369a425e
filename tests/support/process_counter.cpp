#include "support/process_counter.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "support/sanitizers.hpp"

namespace {

std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> threads{0};

// Where OpenBLAS lies in memory; nowhere until somebody asks for counts.
std::atomic<std::uintptr_t> blas_begin{0};
std::atomic<std::uintptr_t> blas_end{0};

int find_blas(dl_phdr_info* library, std::size_t, void*) {
  if (std::strstr(library->dlpi_name, "openblas") == nullptr) return 0;
  std::uintptr_t end = 0;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    end = std::max<std::uintptr_t>(end,
                                   library->dlpi_phdr[i].p_vaddr + library->dlpi_phdr[i].p_memsz);
  }
  blas_begin = library->dlpi_addr;
  blas_end = library->dlpi_addr + end;
  return 1;
}

}  // namespace

namespace cnn {

ProcessCounts process_counts() {
  if (blas_end == 0) dl_iterate_phdr(find_blas, nullptr);
  return {allocations.load(), threads.load()};
}

}  // namespace cnn

#if !CNN_SANITIZED

// Counts an allocation, unless it is OpenBLAS that wants it.
#define CNN_COUNT_ALLOCATION() \
  count_allocation(reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)))

namespace {

void count_allocation(std::uintptr_t caller) {
  if (caller < blas_begin || caller >= blas_end) ++allocations;
}

}  // namespace

// The C library's own, under the names it keeps for those who replace them. What is left out here
// (free, malloc_usable_size, …) works on their blocks.
extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier)
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(std::size_t size) noexcept {
  CNN_COUNT_ALLOCATION();
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  CNN_COUNT_ALLOCATION();
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  CNN_COUNT_ALLOCATION();
  return __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  CNN_COUNT_ALLOCATION();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  CNN_COUNT_ALLOCATION();
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  static const auto real =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  ++threads;
  return real(thread, attributes, start, argument);
}

}  // extern "C"

#endif
