#include "base/launcher.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/mpi_module.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// MPI waits for all ranks before any heart beats: one that dies meanwhile may go unnoticed.
constexpr std::chrono::seconds kStart{120};

// Ends the process if it lives for too long.
class StartLimit {
 public:
  StartLimit() : clock_([this] { watch(); }) {}
  ~StartLimit() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    over_.notify_all();
    clock_.join();
  }
  StartLimit(const StartLimit&) = delete;
  StartLimit& operator=(const StartLimit&) = delete;

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    if (over_.wait_for(lock, kStart, [this] { return is_over_; })) return;
    write_lines(stderr, "error: MPI has not started within " + std::to_string(kStart.count()) +
                            " seconds; has a rank ended meanwhile?\n");
    std::_Exit(3);
  }

  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread clock_;
};

class MpiRanks final : public Launched {
 public:
  explicit MpiRanks(const CnnMpi& mpi) : mpi_(mpi) {
    const StartLimit limit;
    if (const char* const error = mpi_.start(&rank_, &size_)) {
      throw ConfigError(std::string("error: ") + error);
    }
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  // All at once, or in turns: to the next rank and from the one before, to the one after the next,
  // … Ranks need not agree: who waits in a turn waits for a rank that does all at once or comes to
  // the same turn.
  void exchange(std::span<const Send> sends, std::span<const Receive> receives) override {
    exchange_in_turns(sends, receives, false);
  }
  void exchange_beside(std::span<const Send> sends, std::span<const Receive> receives) override {
    exchange_in_turns(sends, receives, true);
  }

  void end(int code) noexcept override { mpi_.end(code); }
  void finish(int code) override { mpi_.finish(code); }

 private:
  void exchange_in_turns(std::span<const Send> sends, std::span<const Receive> receives,
                         bool beside) {
    const auto wants_turn = [this](const Send& send) {
      return takes_turns(size_, send.bytes.size());
    };
    if (std::ranges::none_of(sends, wants_turn)) {
      const auto all = [](int) { return true; };
      return exchange(sends, receives, beside, all, all);
    }
    for_others([&](int receiver, int sender) {
      exchange(
          sends, receives, beside, [&](int to) { return to == receiver; },
          [&](int from) { return from == sender; });
    });
  }

  template <typename IsTo, typename IsFrom>
  void exchange(std::span<const Send> sends, std::span<const Receive> receives, bool beside,
                const IsTo& is_to, const IsFrom& is_from) {
    sends_.clear();
    receives_.clear();
    for (const Send& send : sends) {
      if (!is_to(send.to)) continue;
      // MPI only reads them.
      sends_.push_back({send.to, const_cast<std::byte*>(send.bytes.data()), send.bytes.size()});
    }
    for (const Receive& receive : receives) {
      if (!is_from(receive.from)) continue;
      receives_.push_back({receive.from, receive.bytes.data(), receive.bytes.size()});
    }
    bool ended = false;
    int code = 0;
    const char* const error = mpi_.exchange(sends_.data(), sends_.size(), receives_.data(),
                                            receives_.size(), beside, &ended, &code);
    if (error != nullptr) throw FileError(std::string("error: ") + error);
    if (ended) throw RankEnded(code);
  }

  const CnnMpi& mpi_;
  int rank_ = 0;
  int size_ = 1;
  std::vector<CnnMpiMessage> sends_;
  std::vector<CnnMpiMessage> receives_;
};

// CNN_MODULES is where the build puts modules, seen from the commands.
fs::path module_path(const std::string& mpi) {
  std::error_code code;
  const fs::path program = fs::read_symlink("/proc/self/exe", code);
  return (program.parent_path() / CNN_MODULES / ("cnn-mpi-" + mpi + ".so")).lexically_normal();
}

// nullptr, and why in `error`, if that is not to be had.
const CnnMpi* load(const fs::path& path, std::string& error) {
  // Open MPI loads parts of its own, which look for its symbols among all.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    error = ::dlerror();
    return nullptr;
  }
  const auto function = reinterpret_cast<CnnMpiFunction>(::dlsym(library, kCnnMpiFunction));
  const CnnMpi* const mpi = function == nullptr ? nullptr : function();
  if (mpi != nullptr && mpi->version == kCnnMpiVersion) return mpi;
  error = path_text(path) + ": is that of another version";
  return nullptr;
}

// What the environment says, which MPI must agree with: one that does not know the launcher takes
// itself for the only rank.
void require_size(const Collective& ranks) {
  for (const char* const name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* const expected = std::getenv(name);
    if (expected == nullptr || std::to_string(ranks.size()) == expected) continue;
    throw ConfigError("error: " + std::string(name) + " is " + expected + ", but MPI knows of " +
                      std::to_string(ranks.size()) +
                      " rank(s): the launcher is that of another MPI than the module's");
  }
}

}  // namespace

std::vector<std::string> launching_mpis() {
  const auto value = [](const char* name) {
    const char* const text = std::getenv(name);
    return std::string_view(text == nullptr ? "" : text);
  };
  const std::string_view open_mpi = value("OMPI_COMM_WORLD_SIZE");
  if (!open_mpi.empty()) {
    return open_mpi == "1" ? std::vector<std::string>{} : std::vector<std::string>{"openmpi"};
  }
  const std::string_view pmi = value("PMI_SIZE");
  if (!pmi.empty()) {
    return pmi == "1" ? std::vector<std::string>{} : std::vector<std::string>{"mpich", "openmpi"};
  }
  if (!value("PMIX_RANK").empty()) return {"openmpi", "mpich"};
  return {};
}

std::unique_ptr<Launched> join_ranks() {
  const std::vector<std::string> kinds = launching_mpis();
  if (kinds.empty()) return nullptr;
  std::string reason;
  for (const std::string& kind : kinds) {
    std::string error;
    if (const CnnMpi* const mpi = load(module_path(kind), error)) {
      auto ranks = std::make_unique<MpiRanks>(*mpi);
      try {
        require_size(*ranks);
      } catch (const ConfigError&) {
        ranks->finish(2);  // MPI does not end by itself
        throw;
      }
      return ranks;
    }
    if (reason.empty()) reason = error;
  }
  throw ConfigError(
      "error: a launcher of MPI has started this as one of several ranks, but its "
      "module cannot be loaded: " +
      reason +
      "\n  build with -DCNN_MPI=ON where that MPI is installed, or start the command "
      "without the launcher");
}

PlaceOfRank place_of_rank(Collective& collective) {
  if (collective.is_alone()) return {Workers::available(), true};
  // Launchers may bind each rank to processors of its own, or leave all of them to all.
  struct Here {
    std::array<char, 256> host;
    cpu_set_t allowed;
    int available;
  };
  std::vector<Here> ranks(static_cast<std::size_t>(collective.size()));
  Here& mine = ranks[static_cast<std::size_t>(collective.rank())];
  mine = {};
  ::gethostname(mine.host.data(), mine.host.size() - 1);
  ::sched_getaffinity(0, sizeof(mine.allowed), &mine.allowed);
  mine.available = Workers::available();
  collective.all_gather(std::span(ranks), [](int rank) {
    return Part{static_cast<std::size_t>(rank), 1};
  });
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  int here = 0;
  bool is_one_host = true;
  for (const Here& rank : ranks) {
    is_one_host = is_one_host && rank.host == ranks.front().host;
    if (rank.host != mine.host) continue;
    CPU_OR(&allowed, &allowed, &rank.allowed);
    ++here;
  }
  // What bounds this one beside its processors, as a container's quota does, bounds them together.
  const bool is_bound = mine.available < CPU_COUNT(&mine.allowed);
  const int all = is_bound ? mine.available : CPU_COUNT(&allowed);
  return {std::clamp(all / here, 1, mine.available), is_one_host};
}

}  // namespace cnn
