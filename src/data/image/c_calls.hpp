// Calls of C libraries that report errors by a function that must not return (libjpeg, libpng).

#pragma once

#include <csetjmp>
#include <string>
#include <type_traits>

namespace cnn {

// Where such a library's error function jumps to, and what it says. Nothing with a destructor may
// live in the functions that the jump leaves: they are the library's and the body of `run`, which
// should hold calls of the library alone. What must be released belongs to the caller of `run`.
class CCalls {
 public:
  // False if an error has ended the calls; `said` tells it then.
  template <typename Calls>
  bool run(const Calls& calls) {
    static_assert(std::is_trivially_destructible_v<Calls>);
    if (setjmp(place_) != 0) return false;
    calls();
    return true;
  }

  // For the library's error function.
  [[noreturn]] void fail(const char* what) {
    // A string would be one more thing to release, and its memory may be lacking.
    std::size_t length = 0;
    while (length + 1 < sizeof said_ && what[length] != '\0') {
      said_[length] = what[length];
      ++length;
    }
    said_[length] = '\0';
    std::longjmp(place_, 1);
  }

  std::string said() const { return said_; }

 private:
  std::jmp_buf place_;
  char said_[200] = {};
};

}  // namespace cnn
