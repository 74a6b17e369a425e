#include "report/comparison_page.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "support/temp_dir.hpp"

namespace cnn::report {
namespace {

TEST(RunDirectories, StandInTheOrderOfTheirNumbers) {
  const TempDir temp;
  const std::vector<std::string> names = {"fold-2",       "fold-10",       "run-1-fold-2",
                                          "run-1-fold-9", "run-1-fold-10", "run-2-fold-1",
                                          "run-10-fold-1"};
  for (const std::string& name : {std::string("mine"), std::string("run-mine-1")}) {
    std::filesystem::create_directories(temp / name);
    write_file(temp / name / "config.yaml", "");
  }
  EXPECT_THROW(run_directories(temp.path()), FileError);
  for (const std::string& name : names) {
    std::filesystem::create_directories(temp / name);
    write_file(temp / name / "config.yaml", "");
  }
  std::vector<std::string> found;
  for (const std::filesystem::path& path : run_directories(temp.path())) {
    found.push_back(path.filename().string());
  }
  EXPECT_EQ(found, names);
}

}  // namespace
}  // namespace cnn::report
