#include "cnn/arena.hpp"

#include <cstring>
#include <new>

namespace cnn {

void Arena::Free::operator()(std::byte* block) const {
  ::operator delete (block, std::align_val_t{kAlignment});
}

void Arena::allocate() {
  const std::size_t size = bytes_ > 0 ? bytes_ : kAlignment;
  block_.reset(static_cast<std::byte*>(::operator new (size, std::align_val_t{kAlignment})));
  std::memset(block_.get(), 0, size);
}

}  // namespace cnn
