#include "base/arena.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>

#include <unistd.h>

namespace cnn {

void Arena::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

void Arena::allocate() {
  // Systems promise more memory than there is: without this, the lack would show only on use.
  if (bytes_ > physical_memory()) throw std::bad_alloc();
  // calloc takes large blocks from the system, which hands out zeros as pages are first touched.
  memory_.reset(static_cast<std::byte*>(std::calloc(bytes_ + kAlignment, 1)));
  if (memory_ == nullptr) throw std::bad_alloc();
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
  block_ = memory_.get() + (kAlignment - address % kAlignment) % kAlignment;
}

std::size_t physical_memory() {
  return static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace cnn
