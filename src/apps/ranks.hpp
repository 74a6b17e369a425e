// A command as one of several ranks: rank 0 speaks, and all end together.

#pragma once

#include <functional>
#include <memory>

#include "base/collective.hpp"
#include "base/launcher.hpp"

namespace cnn::app {

class RankedCommand {
 public:
  // Joins the ranks, if a launcher of MPI has started this process. From here on only rank 0 is
  // heard on stdout and stderr. Returns what command(RankedCommand&) returns, the exit code.
  // Allocates nothing but within `guarded` (app.hpp).
  template <typename Command>
  static int run(const Command& command) {
    RankedCommand ranked;
    const int code = ranked.join();
    return code != 0 ? code : ranked.leave(command(ranked));
  }

  Collective& ranks() { return *ranks_; }

  // What the command does once it is known what is to be done; ConfigError if another rank has
  // nothing to do, as one with options that are mistaken. If it throws, and the other ranks do not
  // know, they are told how to end; one that is told so ends with that code.
  int watch(const std::function<int(Collective&)>& body);

 private:
  RankedCommand() = default;
  int join();
  int leave(int code);
  void speak_up();

  std::unique_ptr<Launched> launched_;
  Collective* ranks_ = &alone();
  int errors_ = -1;  // where stderr went before this rank fell silent
  bool is_watched_ = false;
  bool fails_ = false;
  bool is_ended_ = false;
};

}  // namespace cnn::app
