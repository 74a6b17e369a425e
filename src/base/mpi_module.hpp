// What a module with MPI in it offers: one library for each kind of MPI, which is loaded only where
// that kind has started the process (base/launcher.hpp). Plain types, because the two are compiled
// apart.

#pragma once

#include <cstddef>

extern "C" {

struct CnnMpiMessage {
  int rank;  // the other one
  void* bytes;
  std::size_t size;
};

struct CnnMpi {
  int version;  // kCnnMpiVersion of its build
  // Starts MPI. Returns nullptr, or what went wrong.
  const char* (*start)(int* rank, int* size);
  // Sends and receives all. Returns nullptr, or what went wrong; *ended becomes true, with the exit
  // code, if another rank has called `end`. Who waits `beside` threads that compute sleeps at once.
  const char* (*exchange)(const CnnMpiMessage* sends, std::size_t send_count,
                          const CnnMpiMessage* receives, std::size_t receive_count, bool beside,
                          bool* ended, int* code);
  // Tells the others that this rank ends with that exit code.
  void (*end)(int code);
  // After the last exchange of all ranks. Where MPI cannot take leave of them or of its launcher,
  // the process ends here, with that exit code.
  void (*finish)(int code);
};

inline constexpr int kCnnMpiVersion = 3;
inline constexpr const char* kCnnMpiFunction = "cnn_mpi";

// The only symbol of a module.
using CnnMpiFunction = const CnnMpi* (*)();

}  // extern "C"
