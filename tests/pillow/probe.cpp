// What compare.py asks of the library: probe decode FILE OUT reads a picture and writes it as
// PNG; probe fit FILE OUT HEIGHT WIDTH crop|pad|stretch LEVEL brings it to a size, probe reduce
// likewise, after decoding it at a smaller scale if that pays; probe crop FILE OUT TOP LEFT HEIGHT
// WIDTH SIZE scales a part of it as augmentation does, probe colour FILE OUT
// brightness|contrast|saturation|hue NUMBER changes its colours; probe rate LIST reads the
// pictures named in LIST and prints how many per second of processor time.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "data/augment_crop.hpp"
#include "data/augment_pixels.hpp"
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

void crop(const std::vector<std::string>& words) {
  const Image image = read_image(words.at(1));
  const auto number = [&](std::size_t i) { return std::stoul(words.at(i)); };
  const int size = std::stoi(words.at(7));
  Image part{{image.shape.channels, size, size}, {}};
  part.pixels.resize(part.shape.size());
  CropScaler scaler({image.shape.height, image.shape.width}, {size, size});
  scaler.scale(image.pixels, {number(3), number(4), number(5), number(6)}, part.pixels);
  write_png(words.at(2), part);
}

void colour(const std::vector<std::string>& words) {
  Image image = read_image(words.at(1));
  std::vector<Real> values(image.pixels.begin(), image.pixels.end());
  const std::string& what = words.at(3);
  const Real number = std::stof(words.at(4));
  if (what == "brightness") scale_brightness(number, values);
  if (what == "contrast") scale_contrast(number, image.shape, values);
  if (what == "saturation") scale_saturation(number, values);
  if (what == "hue") turn_hue(number, values);
  std::transform(values.begin(), values.end(), image.pixels.begin(),
                 [](Real value) { return static_cast<std::uint8_t>(std::lround(value)); });
  write_png(words.at(2), image);
}

void rate(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  std::ifstream list(words.at(1));
  for (std::string name; std::getline(list, name);) names.push_back(name);
  const std::clock_t start = std::clock();
  for (const std::string& name : names) read_image(name);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%.0f\n", static_cast<double>(names.size()) / seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.at(0) == "decode") decode(words);
    if (words.at(0) == "fit") fit(words, false);
    if (words.at(0) == "reduce") fit(words, true);
    if (words.at(0) == "crop") crop(words);
    if (words.at(0) == "colour") colour(words);
    if (words.at(0) == "rate") rate(words);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
