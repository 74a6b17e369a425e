#include "support/allocation_counter.hpp"

#include <cstdlib>
#include <new>

namespace cnn {
namespace {

thread_local std::size_t allocations = 0;

void* counted(void* block) {
  ++allocations;
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

std::size_t allocations_of_this_thread() {
  return allocations;
}

}  // namespace cnn

// The forms for arrays call these; every block can be given to free. The nothrow form stands here
// because a sanitizer would otherwise bring its own, whose blocks may not.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++cnn::allocations;
  return std::malloc(size > 0 ? size : 1);
}

void* operator new(std::size_t size) {
  return cnn::counted(std::malloc(size > 0 ? size : 1));
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto boundary = static_cast<std::size_t>(alignment);
  return cnn::counted(std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary));
}

void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}
