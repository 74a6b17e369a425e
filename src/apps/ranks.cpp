#include "apps/ranks.hpp"

#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "apps/app.hpp"
#include "base/launcher.hpp"
#include "base/processor_share.hpp"

namespace cnn::app {

int RankedCommand::run(const std::function<int(RankedCommand&)>& command) {
  RankedCommand ranked;
  std::unique_ptr<Launched> launched;
  const int code = launching_mpis().empty() ? kDone : guarded([&] {
    launched = join_ranks();
    return kDone;
  });
  if (code != kDone) return code;
  if (!launched) return command(ranked);
  ranked.ranks_ = launched.get();
  if (!launched->is_first()) {
    ranked.errors_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
  }
  limit_processors(processors_of_rank(*launched));
  const int result = command(ranked);
  if (ranked.fails_) launched->end(result);
  if (!ranked.fails_ && !ranked.is_ended_) launched->finish();
  return result;
}

int RankedCommand::watch(const std::function<int(Collective&)>& body) {
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
