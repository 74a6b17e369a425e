// Collective: what the ranks of a run have in common, one process each, and how they talk.
//
// All ranks make the same calls in the same order. Used by one thread at a time. Everything is
// built on `exchange`, so that another way of carrying messages is one function.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "cnn/error.hpp"

namespace cnn {

// Another rank has ended the run, and has said why: whoever gets this ends without a word, with
// that exit code.
class RankEnded : public Error {
 public:
  explicit RankEnded(int with) : Error("another rank has ended the run"), code(with) {}

  int code;
};

// Some of an array: [first, first + count).
struct Part {
  std::size_t first = 0;
  std::size_t count = 0;
};

// That of one rank, of `count` things that all ranks share out: consecutive ones, as many for each
// as whole numbers allow.
Part even_part(std::size_t count, int rank, int ranks);

class Collective {
 public:
  // Messages between two ranks arrive in the order in which they are listed.
  struct Send {
    int to;
    std::span<const std::byte> bytes;
  };
  struct Receive {
    int from;
    std::span<std::byte> bytes;
  };
  using PartOf = std::function<Part(int rank)>;
  // Whether a message of so many bytes has its turn, so that no link has several at once to share.
  // In turns the slowest of each counts: of ranks that are no power of two, some have more to send.
  static bool takes_turns(int ranks, std::size_t bytes) {
    constexpr std::size_t kLarge = std::size_t{1} << 16;
    return bytes > kLarge && std::has_single_bit(static_cast<unsigned>(ranks));
  }

  virtual ~Collective() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Returns when all is sent and received. Each message needs its counterpart of the same size in
  // the same call of the other rank. Throws RankEnded if another rank calls `end`, FileError if
  // one cannot be reached.
  virtual void exchange(std::span<const Send> sends, std::span<const Receive> receives) = 0;
  // The same, beside threads that compute: who waits here leaves them his processor at once.
  virtual void exchange_beside(std::span<const Send> sends, std::span<const Receive> receives) {
    exchange(sends, receives);
  }
  // For a rank that cannot go on: the others get RankEnded with this exit code, wherever they wait.
  virtual void end(int code) noexcept = 0;

  bool is_alone() const { return size() == 1; }
  // Calls each(to, from) for the others, each once as both, in an order of each rank's own: if all
  // sent to rank 0 first, its link would keep all of them waiting, while those of the others idle.
  template <typename Each>
  void for_others(const Each& each) const {
    for (int away = 1; away < size(); ++away) {
      each((rank() + away) % size(), (rank() + size() - away) % size());
    }
  }
  // From how many bytes on an exchange of some of the gradients pays while others are computed. The
  // same on all ranks; kNever between ranks of one host, where messages take processors, not time
  // on a link.
  static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
  std::size_t worth_beside() const { return worth_beside_; }
  void set_worth_beside(std::size_t bytes) { worth_beside_ = bytes; }
  // Rank 0 writes all files and speaks for all.
  bool is_first() const { return rank() == 0; }

  // `all` is an array of the same size on each rank, of which each has part_of(its rank); then all
  // have all of it.
  template <typename T>
  void all_gather(std::span<T> all, const PartOf& part_of) {
    if (!is_alone()) gather_bytes(std::as_writable_bytes(all), sizeof(T), part_of, kAll);
  }
  // The same, of use to rank 0 alone.
  template <typename T>
  void gather(std::span<T> all, const PartOf& part_of) {
    if (!is_alone()) gather_bytes(std::as_writable_bytes(all), sizeof(T), part_of, 0);
  }
  // The messages of such an all_gather, for an exchange that carries others, too.
  template <typename T>
  void add_gather(std::span<T> all, const PartOf& part_of, std::vector<Send>& sends,
                  std::vector<Receive>& receives) const {
    add_gather(std::as_writable_bytes(all), sizeof(T), part_of, kAll, sends, receives);
  }
  // All get what `root` has.
  template <typename T>
  void broadcast(std::span<T> values, int root = 0) {
    if (!is_alone()) broadcast_bytes(std::as_writable_bytes(values), root);
  }
  // The bits that some rank has set.
  std::uint32_t any(std::uint32_t bits);
  void barrier() { any(0); }
  // The texts of all ranks.
  std::vector<std::string> texts(const std::string& mine);

  // Runs `body`, in which no rank talks to another, on each rank. If it throws on some, all throw
  // what the first of them threw, which is named if it is not rank 0.
  void together(const std::function<void()>& body);
  // Have all ranks thrown the same, by `together`? Otherwise an exception is that of one, of which
  // the others know nothing.
  bool has_thrown_together() const { return has_thrown_together_; }

 private:
  static constexpr int kAll = -1;
  void gather_bytes(std::span<std::byte> all, std::size_t item, const PartOf& part_of, int to);
  void add_gather(std::span<std::byte> all, std::size_t item, const PartOf& part_of, int to,
                  std::vector<Send>& sends, std::vector<Receive>& receives) const;
  void broadcast_bytes(std::span<std::byte> bytes, int root);

  // Kept, so that a step allocates nothing.
  std::vector<Send> sends_;
  std::vector<Receive> receives_;
  std::vector<std::uint32_t> bits_;
  bool has_thrown_together_ = false;
  std::size_t worth_beside_ = kNever;
};

// The only rank of a run: what a process is that no launcher has started.
Collective& alone();

}  // namespace cnn
