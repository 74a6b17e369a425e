// Whether the system would give memory, asked before it is taken: for code of others that does not
// end well where it is refused.

#pragma once

#include <cstddef>

namespace cnn {

// Throws std::bad_alloc unless `count` blocks of `bytes` each can be mapped at once. Takes no
// memory; another thread may take what there was.
void require_address_space(std::size_t count, std::size_t bytes);

}  // namespace cnn
