// Numbers as a report shows them.

#pragma once

#include <cstdint>
#include <string>

namespace cnn::report {

// "61,706"
std::string grouped(std::uint64_t count);
// "98.93 %" of 0.9893, as cnn-eval prints it.
std::string percent(double share);
// "4 min 07 s", "12.3 s"
std::string duration(double seconds);
// A coordinate of a drawing: one digit behind the point.
std::string coordinate(double value);
// "1 image", "2 images"
std::string counted(std::uint64_t count, const std::string& word);

}  // namespace cnn::report
