#include "cnn/image.hpp"

#include <string>

#include "base/file.hpp"
#include "data/image/byte_reader.hpp"
#include "data/image/decode.hpp"
#include "data/image/png.hpp"

namespace cnn {

Image read_image(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, kMostPictureBytes);
  try {
    return decode_picture(bytes);
  } catch (const PictureError& error) {
    throw file_error(path, error.what());
  }
}

void write_png(const std::filesystem::path& path, const Image& image) {
  write_file(path, encode_png(image));
}

}  // namespace cnn
