// The module with MPI in it. Compiled once for each kind of MPI, against that one's headers.

#include "base/mpi_module.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <mpi.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMessage = 0;
constexpr int kEnd = 1;
constexpr int kBeat = 2;
// A rank may compute or write for as long as it takes, but its heart beats. One that is not heard
// for so long is gone, and so may be the way to it: MPI itself would wait for ever.
constexpr std::chrono::seconds kBeats{1};
constexpr std::chrono::seconds kSilence{20};
// Counts are ints: a longer message goes in several.
constexpr std::size_t kMostBytes = std::size_t{1} << 30;
// A rank that waits leaves its processor to others: first at once, then for longer.
constexpr int kTriesBeforeYielding = 200;
constexpr int kTriesBeforeSleeping = 20000;

// The beats of another rank, and ours to it.
struct Pulse {
  char in = 0;
  char out = 0;
  MPI_Request receive = MPI_REQUEST_NULL;
  MPI_Request send = MPI_REQUEST_NULL;
  Clock::time_point heard;
};

struct State {
  // MPI is called by one thread at a time: the one that exchanges and the heart.
  std::mutex mutex;
  MPI_Comm world = MPI_COMM_NULL;
  int size = 1;
  int rank = 0;
  std::vector<MPI_Request> requests;
  int code = 0;  // arrives here
  MPI_Request ended = MPI_REQUEST_NULL;
  std::string error;
  std::vector<Pulse> pulses;  // per rank
  std::condition_variable stopping;
  bool stops = false;
  std::thread heart;
};

State& state() {
  static State of_process;
  return of_process;
}

const char* failure(const char* what, int code) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  state().error = std::string(what) + ": " + std::string(text, static_cast<std::size_t>(length));
  return state().error.c_str();
}

void pause(int tries) {
  if (tries < kTriesBeforeYielding) return;
  if (tries < kTriesBeforeSleeping) {
    ::sched_yield();
    return;
  }
  const timespec time{0, 50'000};
  ::nanosleep(&time, nullptr);
}

void listen(int rank) {
  Pulse& pulse = state().pulses[static_cast<std::size_t>(rank)];
  MPI_Irecv(&pulse.in, 1, MPI_CHAR, rank, kBeat, state().world, &pulse.receive);
}

bool is_done(MPI_Request& request) {
  int done = 0;
  return MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done != 0;
}

// One beat to every other rank, unless the last one is still on its way, and a look at theirs.
void beat() {
  State& s = state();
  for (int rank = 0; rank < s.size; ++rank) {
    if (rank == s.rank) continue;
    Pulse& pulse = s.pulses[static_cast<std::size_t>(rank)];
    if (is_done(pulse.send)) {
      MPI_Isend(&pulse.out, 1, MPI_CHAR, rank, kBeat, s.world, &pulse.send);
    }
    while (pulse.receive != MPI_REQUEST_NULL && is_done(pulse.receive)) {
      pulse.heard = Clock::now();
      listen(rank);
    }
  }
}

void live() {
  State& s = state();
  std::unique_lock lock(s.mutex);
  while (!s.stopping.wait_for(lock, kBeats, [&s] { return s.stops; })) beat();
}

void stop_heart() {
  State& s = state();
  {
    const std::lock_guard lock(s.mutex);
    s.stops = true;
  }
  s.stopping.notify_all();
  if (s.heart.joinable()) s.heart.join();
}

// A rank that has not been heard for too long, or -1.
int silent_rank() {
  const State& s = state();
  const Clock::time_point now = Clock::now();
  for (int rank = 0; rank < s.size; ++rank) {
    if (rank == s.rank) continue;
    if (now - s.pulses[static_cast<std::size_t>(rank)].heard > kSilence) return rank;
  }
  return -1;
}

const char* start(int* rank, int* size) {
  State& s = state();
  int level = 0;
  int code = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level);
  if (code != MPI_SUCCESS) return failure("MPI cannot start", code);
  if (level < MPI_THREAD_SERIALIZED) return "this MPI is built for programs of one thread";
  // Messages of others, such as a profiler's, do not meet ours.
  code = MPI_Comm_dup(MPI_COMM_WORLD, &s.world);
  if (code != MPI_SUCCESS) return failure("MPI cannot start", code);
  MPI_Comm_set_errhandler(s.world, MPI_ERRORS_RETURN);
  MPI_Comm_rank(s.world, &s.rank);
  MPI_Comm_size(s.world, &s.size);
  code = MPI_Irecv(&s.code, 1, MPI_INT, MPI_ANY_SOURCE, kEnd, s.world, &s.ended);
  if (code != MPI_SUCCESS) return failure("MPI cannot start", code);
  s.pulses.resize(static_cast<std::size_t>(s.size));
  for (int other = 0; other < s.size; ++other) {
    s.pulses[static_cast<std::size_t>(other)].heard = Clock::now();
    if (other != s.rank) listen(other);
  }
  s.heart = std::thread(live);
  *rank = s.rank;
  *size = s.size;
  return nullptr;
}

// Calls post(bytes, count, request) for pieces that MPI can count.
template <typename Post>
int post_pieces(const CnnMpiMessage& message, const Post& post) {
  auto* const bytes = static_cast<char*>(message.bytes);
  for (std::size_t at = 0; at < message.size; at += kMostBytes) {
    const auto count = static_cast<int>(std::min(kMostBytes, message.size - at));
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = post(bytes + at, count, &request);
    if (code != MPI_SUCCESS) return code;
    state().requests.push_back(request);
  }
  return MPI_SUCCESS;
}

// What is sent comes first: MPI asks before it sends much, and our answer to another's question
// would stand behind all of our data in the same connection. Both directions would take turns.
const char* post_all(const CnnMpiMessage* sends, std::size_t send_count,
                     const CnnMpiMessage* receives, std::size_t receive_count) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.requests.clear();
  for (std::size_t i = 0; i < send_count; ++i) {
    const int result = post_pieces(sends[i], [&](void* bytes, int count, MPI_Request* request) {
      return MPI_Isend(bytes, count, MPI_BYTE, sends[i].rank, kMessage, s.world, request);
    });
    if (result != MPI_SUCCESS) return failure("MPI cannot send", result);
  }
  for (std::size_t i = 0; i < receive_count; ++i) {
    const int result = post_pieces(receives[i], [&](void* bytes, int count, MPI_Request* request) {
      return MPI_Irecv(bytes, count, MPI_BYTE, receives[i].rank, kMessage, s.world, request);
    });
    if (result != MPI_SUCCESS) return failure("MPI cannot receive", result);
  }
  return nullptr;
}

// Looks at what has been posted: is it all done? Or else *ended or an error says why it will not
// be.
bool look(bool* ended, const char** error) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  int done = 0;
  const int result = MPI_Testall(static_cast<int>(s.requests.size()), s.requests.data(), &done,
                                 MPI_STATUSES_IGNORE);
  if (result != MPI_SUCCESS) *error = failure("MPI cannot reach a rank", result);
  if (result != MPI_SUCCESS || done != 0) return true;
  *ended = is_done(s.ended);
  return *ended;
}

const char* exchange(const CnnMpiMessage* sends, std::size_t send_count,
                     const CnnMpiMessage* receives, std::size_t receive_count, bool beside,
                     bool* ended, int* code) {
  State& s = state();
  *ended = false;
  // Otherwise the kernel wakes it when that suits, and the link waits.
  if (beside) ::prctl(PR_SET_TIMERSLACK, 1);
  const char* error = post_all(sends, send_count, receives, receive_count);
  const int first = beside ? kTriesBeforeSleeping : 0;
  for (int tries = first; error == nullptr && !look(ended, &error); ++tries) {
    pause(tries);
    if (tries < kTriesBeforeSleeping) continue;
    tries = kTriesBeforeSleeping;
    const std::lock_guard lock(s.mutex);
    const int rank = silent_rank();
    if (rank < 0) continue;
    s.error = "rank " + std::to_string(rank) + " has not been heard of for " +
              std::to_string(kSilence.count()) + " seconds";
    error = s.error.c_str();
  }
  if (*ended) *code = s.code;
  if (*ended || error != nullptr) stop_heart();
  return error;
}

void end(int code) {
  State& s = state();
  stop_heart();
  std::vector<MPI_Request> requests;
  for (int rank = 0; rank < s.size; ++rank) {
    if (rank == s.rank) continue;
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(&code, 1, MPI_INT, rank, kEnd, s.world, &request);
    requests.push_back(request);
  }
  // A message as short as this leaves at once; a rank that is gone does not hold this one up.
  for (int tries = 0; tries < 2 * kTriesBeforeSleeping; ++tries) {
    int done = 0;
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
    if (done != 0) return;
    pause(tries);
  }
}

// Waits for all ranks, which may still have much to do. Are they all there?
bool meet() {
  State& s = state();
  MPI_Request all_here = MPI_REQUEST_NULL;
  {
    const std::lock_guard lock(s.mutex);
    MPI_Ibarrier(s.world, &all_here);
  }
  for (int tries = 0;; tries = std::min(tries + 1, kTriesBeforeSleeping)) {
    {
      const std::lock_guard lock(s.mutex);
      if (is_done(all_here)) return true;
      if (tries == kTriesBeforeSleeping && silent_rank() >= 0) return false;
    }
    pause(tries);
  }
}

// MPI would wait for ever for a launcher that is gone.
void end_later(int code) {
  std::thread([code] {
    std::this_thread::sleep_for(kSilence);
    std::_Exit(code);
  }).detach();
}

void finish(int code) {
  State& s = state();
  if (!meet()) std::_Exit(code);
  stop_heart();
  end_later(code);
  const auto withdraw = [](MPI_Request& request) {
    MPI_Cancel(&request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  };
  withdraw(s.ended);
  for (Pulse& pulse : s.pulses) {
    if (pulse.receive != MPI_REQUEST_NULL) withdraw(pulse.receive);
    if (pulse.send != MPI_REQUEST_NULL) MPI_Wait(&pulse.send, MPI_STATUS_IGNORE);
  }
  MPI_Comm_free(&s.world);
  MPI_Finalize();
}

constexpr CnnMpi kModule{kCnnMpiVersion, start, exchange, end, finish};

}  // namespace

extern "C" __attribute__((visibility("default"))) const CnnMpi* cnn_mpi();
const CnnMpi* cnn_mpi() {
  return &kModule;
}
