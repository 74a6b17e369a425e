#include "base/processor_name.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

std::string name_in(const std::string& cpuinfo) {
  const TempDir temp;
  std::filesystem::create_directory(temp / "proc");
  write_file(temp / "proc/cpuinfo", cpuinfo);
  return processor_name(temp.path());
}

TEST(ProcessorName, IsThatOfTheFirstProcessor) {
  EXPECT_EQ(name_in("processor\t: 0\nmodel name\t: Fast 9000 @ 3 GHz\nflags\t: a\n"
                    "processor\t: 1\nmodel name\t: Slow 1\n"),
            "Fast 9000 @ 3 GHz");
}

TEST(ProcessorName, IsTheMachinesKindWhereThereIsNone) {
  utsname names;
  ASSERT_EQ(::uname(&names), 0);
  EXPECT_EQ(name_in("processor\t: 0\n"), names.machine);
  EXPECT_EQ(name_in("model name\t: \n"), names.machine);
  EXPECT_EQ(name_in("model name"), names.machine);
  EXPECT_EQ(processor_name("/no/such/root"), names.machine);
}

}  // namespace
}  // namespace cnn
