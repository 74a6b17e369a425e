#include "base/collective.hpp"

#include <algorithm>
#include <new>
#include <system_error>

namespace cnn {
namespace {

class Alone final : public Collective {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void exchange(std::span<const Send>, std::span<const Receive>) override {}
  void end(int) noexcept override {}
};

// What an exception is on its way to the other ranks.
enum class Kind : char {
  none,
  config,
  shape,
  argument,
  network,
  file,
  diverged,
  memory,
  system,
  other
};

[[noreturn]] void rethrow(Kind kind, const std::string& message) {
  switch (kind) {
    case Kind::config:
      throw ConfigError(message);
    case Kind::shape:
      throw ShapeError(message);
    case Kind::argument:
      throw ArgumentError(message);
    case Kind::network:
      throw NetworkError(message, 0);
    case Kind::file:
      throw FileError(message);
    case Kind::diverged:
      throw DivergedError(message);
    case Kind::memory:
      throw std::bad_alloc();
    case Kind::system:  // what the commands say of one, with its exit code
      throw FileError("error: " + message);
    case Kind::none:
    case Kind::other:
      break;
  }
  throw std::runtime_error(message);
}

// The kind and its message, or nothing.
std::string caught(const std::function<void()>& body) {
  const auto text = [](Kind kind, const char* message) {
    return static_cast<char>(kind) + std::string(message);
  };
  try {
    body();
    return "";
  } catch (const RankEnded&) {
    throw;
  } catch (const ConfigError& error) {
    return text(Kind::config, error.what());
  } catch (const ShapeError& error) {
    return text(Kind::shape, error.what());
  } catch (const ArgumentError& error) {
    return text(Kind::argument, error.what());
  } catch (const NetworkError& error) {
    return text(Kind::network, error.what());
  } catch (const FileError& error) {
    return text(Kind::file, error.what());
  } catch (const DivergedError& error) {
    return text(Kind::diverged, error.what());
  } catch (const std::bad_alloc&) {
    return text(Kind::memory, "");
  } catch (const std::system_error& error) {
    return text(Kind::system, error.what());
  } catch (const std::exception& error) {
    return text(Kind::other, error.what());
  }
}

}  // namespace

Collective& alone() {
  static Alone collective;
  return collective;
}

Part even_part(std::size_t count, int rank, int ranks) {
  const auto r = static_cast<std::size_t>(rank);
  const auto n = static_cast<std::size_t>(ranks);
  const std::size_t first = count * r / n;
  return {first, count * (r + 1) / n - first};
}

void Collective::add_gather(std::span<std::byte> all, std::size_t item, const PartOf& part_of,
                            int to, std::vector<Send>& sends,
                            std::vector<Receive>& receives) const {
  const auto bytes_of = [&](int r) {
    const Part part = part_of(r);
    return all.subspan(part.first * item, part.count * item);
  };
  const std::span<const std::byte> mine = bytes_of(rank());
  for_others([&](int receiver, int sender) {
    if (!mine.empty() && (to == kAll || to == receiver)) sends.push_back({receiver, mine});
    if (to != kAll && to != rank()) return;
    const std::span<std::byte> theirs = bytes_of(sender);
    if (!theirs.empty()) receives.push_back({sender, theirs});
  });
}

void Collective::gather_bytes(std::span<std::byte> all, std::size_t item, const PartOf& part_of,
                              int to) {
  sends_.clear();
  receives_.clear();
  add_gather(all, item, part_of, to, sends_, receives_);
  exchange(sends_, receives_);
}

void Collective::broadcast_bytes(std::span<std::byte> bytes, int root) {
  sends_.clear();
  receives_.clear();
  if (rank() == root) {
    for (int r = 0; r < size(); ++r) {
      if (r != root) sends_.push_back({r, bytes});
    }
  } else {
    receives_.push_back({root, bytes});
  }
  exchange(sends_, receives_);
}

std::uint32_t Collective::any(std::uint32_t bits) {
  if (is_alone()) return bits;
  bits_.assign(static_cast<std::size_t>(size()), 0);
  bits_[static_cast<std::size_t>(rank())] = bits;
  all_gather(std::span(bits_), [](int r) { return Part{static_cast<std::size_t>(r), 1}; });
  std::uint32_t result = 0;
  for (const std::uint32_t of_rank : bits_) result |= of_rank;
  return result;
}

std::vector<std::string> Collective::texts(const std::string& mine) {
  std::vector<std::string> result(static_cast<std::size_t>(size()));
  std::vector<std::uint64_t> sizes(result.size());
  const auto me = static_cast<std::size_t>(rank());
  sizes[me] = mine.size();
  all_gather(std::span(sizes), [](int r) { return Part{static_cast<std::size_t>(r), 1}; });
  std::vector<std::size_t> places = {0};
  for (const std::uint64_t bytes : sizes) places.push_back(places.back() + bytes);
  std::string all(places.back(), ' ');
  std::copy(mine.begin(), mine.end(), all.begin() + static_cast<std::ptrdiff_t>(places[me]));
  all_gather(std::span(all), [&](int r) {
    const auto i = static_cast<std::size_t>(r);
    return Part{places[i], sizes[i]};
  });
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = all.substr(places[i], sizes[i]);
  return result;
}

void Collective::together(const std::function<void()>& body) {
  if (is_alone()) return body();
  const std::vector<std::string> errors = texts(caught(body));
  for (std::size_t r = 0; r < errors.size(); ++r) {
    if (errors[r].empty()) continue;
    has_thrown_together_ = true;
    const auto kind = static_cast<Kind>(errors[r].front());
    // What training comes to is not a matter of ranks.
    const bool is_named = r > 0 && kind != Kind::diverged;
    rethrow(kind, (is_named ? "rank " + std::to_string(r) + ": " : "") + errors[r].substr(1));
  }
}

}  // namespace cnn
