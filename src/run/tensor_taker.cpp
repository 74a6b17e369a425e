#include "run/tensor_taker.hpp"

#include <algorithm>

#include "cnn/error.hpp"

#include "base/finite.hpp"
#include "base/text.hpp"

namespace cnn {

const TensorFile::Entry* TensorTaker::expect(const std::string& name, const Dims& dims) {
  taken_.insert(name);
  const TensorFile::Entry* entry = file_.find(name);
  if (entry == nullptr) {
    problems_ += "\n  " + name + " " + to_string(dims) + " is missing";
  } else if (entry->dims != dims) {
    problems_ += "\n  " + name + " is " + to_string(entry->dims) + ", expected " + to_string(dims);
  } else if (!entry->is_read) {
    problems_ += "\n  " + name + " is of type '" + printable(entry->dtype) +
                 "', expected F32, F16, BF16 or F64";
  } else if (!all_finite(entry->data)) {
    problems_ += "\n  " + name + " holds a value that is not finite";
  } else {
    return entry;
  }
  return nullptr;
}

void TensorTaker::take(const std::string& name, const Dims& dims, View values) {
  if (const TensorFile::Entry* entry = expect(name, dims)) {
    std::copy(entry->data.begin(), entry->data.end(), values.begin());
  }
}

void TensorTaker::finish(const std::string& advice) const {
  if (fits()) return;
  std::string message =
      path_text(file_.path) + ": error: its tensors do not fit the network" + problems_;
  for (const std::string& name : left_over()) message += "\n  " + name + " is left over";
  throw FileError(message + advice);
}

std::vector<std::string> TensorTaker::left_over() const {
  std::vector<std::string> names;
  for (const TensorFile::Entry& entry : file_.tensors) {
    if (!taken_.contains(entry.name) && !entry.name.starts_with(kOptimizerPrefix)) {
      names.push_back(printable(entry.name));
    }
  }
  return names;
}

}  // namespace cnn
