#include "apps/reading_progress.hpp"

#include <chrono>
#include <memory>
#include <string>

#include <fmt/format.h>

namespace cnn::app {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr auto kBarEvery = std::chrono::milliseconds(200);
constexpr auto kLineEvery = std::chrono::seconds(10);

class ReadingProgress {
 public:
  explicit ReadingProgress(Console& console) : console_(console) {}

  void show(std::size_t done, std::size_t all) {
    const Clock::time_point now = Clock::now();
    if (done < last_done_) start_ = shown_ = now;  // another pass over the pictures
    last_done_ = done;
    const bool has_bar = console_.has_status_line();
    if (now - shown_ < (has_bar ? Clock::duration(kBarEvery) : Clock::duration(kLineEvery))) return;
    shown_ = now;
    const double rate = static_cast<double>(done) / Seconds(now - start_).count();
    const std::string text =
        fmt::format("pictures {} of {} decoded   {} per s   {} left", done, all, count_text(rate),
                    duration_text(static_cast<double>(all - done) / rate));
    if (has_bar) {
      console_.status(text);
    } else {
      console_.log().info("{}", text);
    }
  }

 private:
  Console& console_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  std::size_t last_done_ = 0;
};

}  // namespace

std::function<void(std::size_t, std::size_t)> reading_progress(Console& console) {
  return [progress = std::make_shared<ReadingProgress>(console)](
             std::size_t done, std::size_t all) { progress->show(done, all); };
}

}  // namespace cnn::app
