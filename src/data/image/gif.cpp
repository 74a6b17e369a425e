#include "data/image/gif.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <gif_lib.h>

#include "data/image/byte_reader.hpp"
#include "data/image/canvas.hpp"

namespace cnn {
namespace {

class GifReader {
 public:
  explicit GifReader(std::string_view bytes) : whole_(bytes), left_(bytes) {
    int code = 0;
    gif_ = DGifOpen(this, take_bytes, &code);
    if (gif_ == nullptr) throw_error(code);
  }
  GifReader(const GifReader&) = delete;
  GifReader& operator=(const GifReader&) = delete;
  ~GifReader() { DGifCloseFile(gif_, nullptr); }

  Image read() {
    int transparent = NO_TRANSPARENT_COLOR;
    for (;;) {
      GifRecordType type = UNDEFINED_RECORD_TYPE;
      check(DGifGetRecordType(gif_, &type));
      if (type == EXTENSION_RECORD_TYPE) {
        read_extension(transparent);
      } else if (type == IMAGE_DESC_RECORD_TYPE) {
        Image image = read_picture(transparent);
        walk_to_end();
        return image;
      } else {
        throw PictureError("broken GIF: it has no picture; copy or download it again");
      }
    }
  }

 private:
  static int take_bytes(GifFileType* gif, GifByteType* to, int count) {
    auto* reader = static_cast<GifReader*>(gif->UserData);
    const std::size_t taken = std::min(static_cast<std::size_t>(count), reader->left_.size());
    if (taken < static_cast<std::size_t>(count)) reader->truncated_ = true;
    std::memcpy(to, reader->left_.data(), taken);
    reader->left_.remove_prefix(taken);
    if (taken > 0) reader->last_ = to[taken - 1];
    return static_cast<int>(taken);
  }

  [[noreturn]] void throw_error(int code) const {
    if (truncated_) throw truncated_picture("GIF", whole_.size());
    if (code == D_GIF_ERR_NOT_ENOUGH_MEM) throw std::bad_alloc();
    const char* const reason = GifErrorString(code);
    throw PictureError(
        "broken GIF: " + std::string(reason == nullptr ? "its data cannot be decoded" : reason) +
        "; copy or download it again");
  }

  void check(int result) const {
    if (result == GIF_ERROR) throw_error(gif_->Error);
  }

  void read_extension(int& transparent) {
    int code = 0;
    GifByteType* block = nullptr;
    check(DGifGetExtension(gif_, &code, &block));
    if (code == GRAPHICS_EXT_FUNC_CODE && block != nullptr) {
      GraphicsControlBlock control{};
      check(DGifExtensionToGCB(block[0], block + 1, &control));
      transparent = control.TransparentColor;
    }
    while (block != nullptr) check(DGifGetExtensionNext(gif_, &block));
  }

  // The description and the first byte of the data: of how many bits the codes are at first.
  void read_description() {
    check(DGifGetImageDesc(gif_));
    if (truncated_) throw truncated_picture("GIF", whole_.size());
    if (last_ < 1 || last_ > 8) {
      throw PictureError("broken GIF: codes of a size that GIF does not have; save it again");
    }
  }

  Image read_picture(int transparent) {
    read_description();
    const GifImageDesc& picture = gif_->Image;
    check_picture_size(picture.Width, picture.Height);
    // A canvas that is too small is enlarged.
    Stored stored;
    stored.width = std::max(gif_->SWidth, picture.Left + picture.Width);
    stored.height = std::max(gif_->SHeight, picture.Top + picture.Height);
    check_picture_size(stored.width, stored.height);
    check_bytes_for(stored.width, stored.height, whole_.size());
    const bool covered = picture.Width == stored.width && picture.Height == stored.height;
    stored.alpha = transparent != NO_TRANSPARENT_COLOR || !covered;

    const ColorMapObject* const map =
        picture.ColorMap != nullptr ? picture.ColorMap : gif_->SColorMap;
    if (map == nullptr) throw PictureError("broken GIF: it has no colours; save it again");
    Canvas<std::uint8_t> canvas(stored);
    std::vector<GifPixelType> indices(static_cast<std::size_t>(picture.Width));
    std::vector<std::uint8_t> row(static_cast<std::size_t>(stored.width) * stored.samples());
    const auto read_row = [&](int y) {
      check(DGifGetLine(gif_, indices.data(), picture.Width));
      std::uint8_t* to = row.data() + static_cast<std::size_t>(picture.Left) * stored.samples();
      for (const GifPixelType index : indices) {
        put_colour(*map, index, to);
        to += 3;
        if (stored.alpha) *to++ = index == transparent ? 0 : 255;
      }
      canvas.put_row(picture.Top + y, row.data());
    };
    if (picture.Interlace) {
      struct Pass {
        int first, step;
      };
      constexpr std::array<Pass, 4> kPasses{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
      for (const Pass& pass : kPasses) {
        for (int y = pass.first; y < picture.Height; y += pass.step) read_row(y);
      }
    } else {
      for (int y = 0; y < picture.Height; ++y) read_row(y);
    }
    return std::move(canvas).finish();
  }

  // An index beyond the palette is black, as viewers show it.
  static void put_colour(const ColorMapObject& map, int index, std::uint8_t* to) {
    const GifColorType colour = index < map.ColorCount ? map.Colors[index] : GifColorType{};
    to[0] = colour.Red;
    to[1] = colour.Green;
    to[2] = colour.Blue;
  }

  // Extensions and pictures up to the end mark, and over what is neither, as viewers do. giflib
  // would keep a record of each.
  void walk_to_end() const {
    constexpr std::uint32_t kPicture = ',';
    constexpr std::uint32_t kExtension = '!';
    constexpr std::uint32_t kEnd = ';';
    ByteReader reader(whole_, "GIF");
    reader.take(whole_.size() - left_.size());
    for (std::uint32_t mark = reader.u8(); mark != kEnd; mark = reader.u8()) {
      if (mark == kPicture) {
        reader.take(8);  // place and size
        const std::uint32_t flags = reader.u8();
        const bool has_colours = (flags & 0x80) != 0;
        reader.take(has_colours ? std::size_t{6} << (flags & 7) : 0);
      } else if (mark != kExtension) {
        continue;
      }
      reader.take(1);  // the kind of the extension, or the size of codes
      for (std::uint32_t size = reader.u8(); size > 0; size = reader.u8()) reader.take(size);
    }
  }

  std::string_view whole_;
  std::string_view left_;
  std::uint8_t last_ = 0;  // of the bytes taken
  bool truncated_ = false;
  GifFileType* gif_ = nullptr;
};

}  // namespace

Image decode_gif(std::string_view bytes) {
  return GifReader(bytes).read();
}

}  // namespace cnn
