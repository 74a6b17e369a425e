// What compare.py asks of the library: probe decode FILE OUT reads a picture and writes it as
// PNG; probe fit FILE OUT HEIGHT WIDTH crop|pad|stretch LEVEL brings it to a size, probe reduce
// likewise, after decoding it at a smaller scale if that pays; probe rate LIST reads the files
// named in LIST and prints how many it decodes per second.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "data/image/decode.hpp"
#include "data/image/fit.hpp"

namespace {

using namespace cnn;

void decode(const std::vector<std::string>& words) {
  write_png(words.at(2), read_image(words.at(1)));
}

void fit(const std::vector<std::string>& words, bool reduced) {
  const Size2 size{std::stoi(words.at(3)), std::stoi(words.at(4))};
  const std::string& name = words.at(5);
  const Fit how = name == "crop" ? Fit::crop : (name == "pad" ? Fit::pad : Fit::stretch);
  const auto level = static_cast<std::uint8_t>(std::stoi(words.at(6)));
  const std::string bytes = read_file(words.at(1), kMostPictureBytes);
  const ReducedImage picture =
      reduced ? decode_reduced(bytes, size) : not_reduced(decode_picture(bytes));
  write_png(words.at(2), fitted(picture, size, how, {level, level, level}));
}

// The best of some rounds: other programs only ever make it slower.
void rate(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  std::ifstream list(words.at(1));
  for (std::string name; std::getline(list, name);) {
    files.push_back(read_file(name, kMostPictureBytes));
  }
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (const std::string& file : files) decode_picture(file);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(files.size()) / seconds.count());
  }
  std::printf("%.0f\n", best);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.at(0) == "decode") decode(words);
    if (words.at(0) == "fit") fit(words, false);
    if (words.at(0) == "reduce") fit(words, true);
    if (words.at(0) == "rate") rate(words);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
