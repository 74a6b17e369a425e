// What is this process's of the machine, where several ranks share it.

#pragma once

namespace cnn {

// Workers::available() is at most so many from now on, and at least 1.
void limit_processors(int count);
// What was said last; INT_MAX at first.
int processor_limit();

}  // namespace cnn
