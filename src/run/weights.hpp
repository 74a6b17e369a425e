// Weights in: a network takes over the tensors of a file, which another program may have written
// under names of its own, and for another last layer.

#pragma once

#include <string>
#include <vector>

#include "base/file.hpp"
#include "nn/network.hpp"

namespace cnn {

struct WeightsOptions {
  std::vector<std::string> reset;   // layers that keep their values, whatever the file has for them
  std::vector<std::string> rename;  // "FROM=TO", see rename_tensor
};

// Of each FROM=TO, in their order: a name that begins with FROM begins with TO instead. A number is
// never cut: features.1 is no beginning of features.10.weight. Each must hold a '=' and something
// before it.
std::string rename_tensor(std::string name, const std::vector<std::string>& rename);

// Throws ConfigError for an entry of `reset` that is no layer with parameters, and for a `rename`
// of another form.
void check_weights_options(const WeightsOptions& options, const Network& network);

// Sets every parameter from the tensor of its name. Throws FileError listing everything that is
// missing or has another shape, or a type that is not read (safetensors.hpp), with the options that
// would help; for a `rename` that begins no name; and if two tensors get one name. Returns the
// names of tensors that the network has no use for, whatever their type (a checkpoint's solver
// state apart), as they may be shown. Throws as check_weights_options does.
std::vector<std::string> load_weights(const FilePlace& place, Network& network,
                                      const WeightsOptions& options = {});

}  // namespace cnn
