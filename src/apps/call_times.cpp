#include "apps/call_times.hpp"

#include <algorithm>
#include <chrono>

namespace cnn::app {

std::vector<double> time_calls(double seconds, std::size_t fewest,
                               const std::function<void()>& call) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  std::vector<double> times;
  const Clock::time_point begin = Clock::now();
  while (times.size() < fewest || since(begin) < seconds) {
    const Clock::time_point before = Clock::now();
    call();
    times.push_back(since(before));
  }
  return times;
}

double undisturbed(std::vector<double> seconds) {
  const auto tenth = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 10);
  std::nth_element(seconds.begin(), tenth, seconds.end());
  return *tenth;
}

}  // namespace cnn::app
