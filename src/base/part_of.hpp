// One of several parts of a task that workers share out.

#pragma once

namespace cnn {

struct PartOf {
  int number = 0;
  int of = 1;

  struct Range {
    int first;
    int last;
  };
  // Its share of 0 … n-1: those of all parts are disjoint and are all of it.
  Range range(int n) const {
    return {static_cast<int>(static_cast<long long>(n) * number / of),
            static_cast<int>(static_cast<long long>(n) * (number + 1) / of)};
  }
};

}  // namespace cnn
