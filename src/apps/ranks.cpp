#include "apps/ranks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "base/processor_share.hpp"
#include "optim/solver.hpp"

namespace cnn::app {
namespace {

// What each rank says once, before its work or instead of it.
constexpr std::uint32_t kBegins = 0;
constexpr std::uint32_t kLeaves = 1;

}  // namespace

int RankedCommand::join() {
  const int code = guarded([this] {
    if (!launching_mpis().empty()) launched_ = join_ranks();
    return kDone;
  });
  if (code != kDone || !launched_) return code;
  ranks_ = launched_.get();
  if (!launched_->is_first()) {
    errors_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
  }
  const PlaceOfRank place = place_of_rank(*launched_);
  limit_processors(place.processors);
  if (!place.is_one_host) launched_->set_worth_beside(Solver::worth_beside(launched_->size()));
  return kDone;
}

int RankedCommand::leave(int code) {
  if (!launched_) return code;
  if (!is_watched_) {
    // The others hear of it where they begin.
    const auto say = [this] {
      ranks_->any(kLeaves);
      return kDone;
    };
    is_ended_ = guarded(say) != kDone;
  }
  if (fails_) launched_->end(code);
  if (!fails_ && !is_ended_) launched_->finish(code);
  return code;
}

int RankedCommand::watch(const std::function<int(Collective&)>& body) {
  is_watched_ = true;
  if (ranks_->any(kBegins) != 0) {
    throw ConfigError(
        "error: another rank was started with options that leave it nothing to do, or are "
        "mistaken; start all ranks with the same");
  }
  try {
    return body(*ranks_);
  } catch (const RankEnded& end) {
    is_ended_ = true;
    return end.code;
  } catch (...) {
    // All that a rank alone knows is heard of it.
    fails_ = !ranks_->is_alone() && !ranks_->has_thrown_together();
    if (fails_) speak_up();
    throw;
  }
}

void RankedCommand::speak_up() {
  if (errors_ >= 0) ::dup2(errors_, STDERR_FILENO);
}

}  // namespace cnn::app
