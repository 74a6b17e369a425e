// What the processor is called.

#pragma once

#include <filesystem>
#include <string>

namespace cnn {

// The "model name" of the first processor in /proc/cpuinfo; where that names none, the machine's
// kind, as uname gives it. `root` is the directory that stands for / (tests have one of their own).
std::string processor_name(const std::filesystem::path& root = "/");

}  // namespace cnn
