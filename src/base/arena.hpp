// One block of memory cut into views. All memory of a run is laid out this way before the first
// step.
//
// Every view starts on a 64-byte boundary: a cache line, and the same alignment for every worker,
// so that which path a BLAS kernel takes never depends on who runs it.

#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace cnn {

// Two passes: `reserve` every part and keep its offset, then `allocate` once and cut with `view`.
// Owns the block; views are valid as long as the arena lives. Not copyable, movable.
class Arena {
 public:
  static constexpr std::size_t kAlignment = 64;

  // The offset in bytes of a new part that holds `count` values of T.
  template <typename T>
  std::size_t reserve(std::size_t count) {
    const std::size_t offset = bytes_;
    bytes_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return offset;
  }

  // Bytes reserved so far.
  std::size_t bytes() const { return bytes_; }

  // Allocates the block, all zeros. Throws std::bad_alloc, also for more than this
  // machine's memory. Nothing may be reserved afterwards.
  void allocate();

  template <typename T>
  std::span<T> view(std::size_t offset, std::size_t count) const {
    return {reinterpret_cast<T*>(block_ + offset), count};
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };

  std::size_t bytes_ = 0;
  std::unique_ptr<std::byte, Free> memory_;
  std::byte* block_ = nullptr;  // the first aligned byte of memory_
};

// Bytes of memory that this machine has.
std::size_t physical_memory();

}  // namespace cnn
