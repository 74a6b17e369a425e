// Ranks that a launcher of MPI has started: mpirun, or srun with a plugin for MPI.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/collective.hpp"

namespace cnn {

// The ranks of this process's job.
class Launched : public Collective {
 public:
  // After the last exchange, on all ranks; not for a rank that has thrown RankEnded or has called
  // `end`. The process ends with that exit code, here if MPI cannot take its leave.
  virtual void finish(int code) = 0;
};

// The kinds of MPI whose launchers may have started this process, the likelier first, by what they
// set in the environment; none if nobody did, or for one rank alone. What a batch system sets for
// every job (SLURM_…) says nothing: a plain `cnn-train` in a job's script is alone.
std::vector<std::string> launching_mpis();

// Loads the module of that MPI and starts it; nullptr if no launcher has started this process.
// Throws ConfigError if there is no such module or it cannot start.
std::unique_ptr<Launched> join_ranks();

struct PlaceOfRank {
  int processors;    // that each rank of this host may use, where they share them out: at least 1
  bool is_one_host;  // are all ranks on the same? The same on each
};
PlaceOfRank place_of_rank(Collective& collective);

}  // namespace cnn
