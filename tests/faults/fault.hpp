// Runs a command while calls of the system fail in it.

#pragma once

#include <cstddef>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/command.hpp"

namespace cnn {

// Which calls fail, as plan.hpp describes it for the preloaded modules.
struct Fault {
  std::string kind;
  int error = 0;         // errno; 0: half of the bytes are read or written, and no error is given
  int call = 1;          // the first that fails, from 1
  bool lasting = false;  // and all after it
  std::size_t room = 0;  // instead of `call`: how many bytes can be written before the disk is full
};

// "write ENOSPC 17"
std::ostream& operator<<(std::ostream& out, const Fault& fault);

struct FaultedResult {
  CommandResult command;
  bool struck = false;  // has a call been made to fail?
};

// The variables that make the calls fail in a command; where one has been made to fail, the file
// `report` is made.
std::vector<std::string> fault_variables(const Fault& fault, const std::filesystem::path& directory,
                                         const std::filesystem::path& report);

// Runs the command to its end, as run_command does. Only calls on files below `directory` fail;
// for allocations and threads it has no meaning.
FaultedResult run_with_fault(const Fault& fault, const std::filesystem::path& directory,
                             const std::string& name, const std::vector<std::string>& arguments);

// What all the calls of a kind that a test makes fail, one after the other, have in common.
struct Sweep {
  std::string name;
  Fault fault;  // without its call
  int stride = 1;
};
inline void PrintTo(const Sweep& sweep, std::ostream* out) {
  *out << sweep.name;
}
inline std::string sweep_name(const testing::TestParamInfo<Sweep>& info) {
  return info.param.name;
}

// Makes the 1st, (1 + stride)-th, … call fail, until there is no such call any more; hands each
// fault to `run`, which returns whether it struck. Returns how many did.
template <typename Run>
int for_each_call(const Sweep& sweep, const Run& run) {
  Fault fault = sweep.fault;
  int struck = 0;
  for (fault.call = 1; run(fault); fault.call += sweep.stride) ++struck;
  return struck;
}

}  // namespace cnn
