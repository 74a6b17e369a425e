#include "base/address_space.hpp"

#include <new>
#include <vector>

#include <sys/mman.h>

namespace cnn {
namespace {

// Mapped as allocators do it, so that every limit counts them: ulimit -v, ulimit -d, and what the
// system promises in all.
class Blocks {
 public:
  explicit Blocks(std::size_t bytes) : bytes_(bytes) {}
  ~Blocks() {
    for (void* const block : blocks_) ::munmap(block, bytes_);
  }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  void add() {
    blocks_.reserve(blocks_.size() + 1);
    void* const block =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    blocks_.push_back(block);
  }

 private:
  std::size_t bytes_;
  std::vector<void*> blocks_;
};

}  // namespace

void require_address_space(std::size_t count, std::size_t bytes) {
  Blocks blocks(bytes);
  for (std::size_t i = 0; i < count; ++i) blocks.add();
}

}  // namespace cnn
