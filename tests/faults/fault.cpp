#include "faults/fault.hpp"

#include <cstring>

#include "support/temp_dir.hpp"

namespace cnn {

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  const char* const error = fault.error != 0 ? strerrorname_np(fault.error) : "short";
  out << fault.kind << " " << error;
  if (fault.room > 0) return out << " after " << fault.room << " bytes";
  return out << " " << fault.call << (fault.lasting ? " and all after it" : "");
}

std::vector<std::string> fault_variables(const Fault& fault, const std::filesystem::path& directory,
                                         const std::filesystem::path& report) {
  const bool about_files = fault.kind != "allocate" && fault.kind != "thread";
  std::vector<std::string> variables = {
      std::string("LD_PRELOAD=") + (about_files ? CNN_FILE_FAULTS : CNN_MEMORY_FAULTS),
      "CNN_FAULT_KIND=" + fault.kind,
      "CNN_FAULT_CALL=" + std::to_string(fault.call),
      "CNN_FAULT_ERROR=" + std::to_string(fault.error),
      "CNN_FAULT_ROOM=" + std::to_string(fault.room),
      "CNN_FAULT_DIR=" + directory.string(),
      "CNN_FAULT_REPORT=" + report.string()};
  if (fault.lasting) variables.push_back("CNN_FAULT_LASTING=1");
  return variables;
}

FaultedResult run_with_fault(const Fault& fault, const std::filesystem::path& directory,
                             const std::string& name, const std::vector<std::string>& arguments) {
  const TempDir temp;
  const std::filesystem::path report = temp / "struck";
  RunningCommand command(name, arguments, temp.path(), {},
                         fault_variables(fault, directory, report));
  FaultedResult result{command.wait(), false};
  result.struck = std::filesystem::exists(report);
  return result;
}

}  // namespace cnn
