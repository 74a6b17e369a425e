// TensorTaker: takes the tensors of a file over into a network, by their names.

#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/view.hpp"
#include "formats/tensor_file.hpp"

namespace cnn {

// How the names of what a solver keeps begin in a checkpoint.
inline constexpr std::string_view kOptimizerPrefix = "optimizer/";

// Copies each named tensor into its view; collects what is missing or does not fit. The file must
// outlive it.
class TensorTaker {
 public:
  explicit TensorTaker(const TensorFile& file) : file_(file) {}

  // The tensor, or nullptr after noting what is wrong with it.
  const TensorFile::Entry* expect(const std::string& name, const Dims& dims);
  // Assigns `values` where the tensor is right.
  void take(const std::string& name, const Dims& dims, View values);
  // The tensor counts as used, whether the file has it or not.
  void pass_over(const std::string& name) { taken_.insert(name); }

  bool fits() const { return problems_.empty(); }
  // Throws FileError listing all that was wrong, and what is left over, unless everything fitted.
  // `advice` are further lines, each with a line end before it.
  void finish(const std::string& advice = {}) const;
  // Names of the tensors that nobody asked for, without those of a solver.
  std::vector<std::string> left_over() const;

 private:
  const TensorFile& file_;
  std::string problems_;
  std::set<std::string> taken_;
};

}  // namespace cnn
