#include "support/ranks.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace cnn {
namespace {

// Messages on their way, by (from, to).
class Post {
 public:
  explicit Post(int ranks) : ranks_(ranks) {}

  int ranks() const { return ranks_; }

  void send(int from, int to, std::span<const std::byte> bytes) {
    const std::lock_guard lock(mutex_);
    boxes_[{from, to}].emplace_back(bytes.begin(), bytes.end());
    changed_.notify_all();
  }

  void receive(int from, int to, std::span<std::byte> bytes) {
    std::unique_lock lock(mutex_);
    std::deque<std::vector<std::byte>>& box = boxes_[{from, to}];
    changed_.wait(lock, [&] { return !box.empty() || ended_; });
    if (box.empty()) throw RankEnded(code_);
    if (box.front().size() != bytes.size()) throw std::logic_error("ranks: sizes differ");
    std::copy(box.front().begin(), box.front().end(), bytes.begin());
    box.pop_front();
  }

  void end(int code) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    code_ = code;
    changed_.notify_all();
  }

 private:
  int ranks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int, int>, std::deque<std::vector<std::byte>>> boxes_;
  bool ended_ = false;
  int code_ = 0;
};

class ThreadRank final : public Collective {
 public:
  ThreadRank(Post& post, int rank) : post_(post), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return post_.ranks(); }
  void exchange(std::span<const Send> sends, std::span<const Receive> receives) override {
    for (const Send& send : sends) post_.send(rank_, send.to, send.bytes);
    for (const Receive& receive : receives) post_.receive(receive.from, rank_, receive.bytes);
  }
  void end(int code) noexcept override { post_.end(code); }

 private:
  Post& post_;
  int rank_;
};

}  // namespace

void run_ranks(int count, const std::function<void(Collective&)>& body) {
  Post post(count);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < count; ++rank) {
      threads.emplace_back([&post, &errors, &body, rank] {
        ThreadRank collective(post, rank);
        try {
          body(collective);
        } catch (...) {
          errors[static_cast<std::size_t>(rank)] = std::current_exception();
          post.end(1);
        }
      });
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace cnn
