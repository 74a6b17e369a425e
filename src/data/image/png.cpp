#include "data/image/png.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include <png.h>

#include "data/image/byte_reader.hpp"
#include "data/image/c_calls.hpp"
#include "data/image/canvas.hpp"
#include "data/image/exif.hpp"

namespace cnn {
namespace {

// For decoding one picture, its own pixels included.
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 30;
// Deflate makes at most 1032 bytes of one.
constexpr std::uint64_t kMostFromAByte = 1032;
// Of the chunk that ends a file, which has a name and nothing else.
constexpr std::uint32_t kChecksumOfIend = 0xae426082;

// eXIf is looked for here: it may stand behind the pixels, and libpng refuses some that other
// programs read. Also finds out whether the file is whole, to the last checksum, which
// libpng 1.6.48 passes over.
int orientation_of(std::string_view bytes) {
  int orientation = 1;
  ByteReader reader(bytes, "PNG");
  reader.take(kPngSignature.size());
  for (;;) {
    const std::uint32_t length = reader.u32_big();
    const std::string_view type = reader.take(4);
    const std::string_view data = reader.take(length);
    const std::uint32_t checksum = reader.u32_big();
    if (type == "IEND") {
      if (length == 0 && checksum == kChecksumOfIend) return orientation;
      throw PictureError("broken PNG: IEND: CRC error; copy or download it again");
    }
    if (type == "eXIf") orientation = exif_orientation(data);
  }
}

// Width and height as the header has them, before libpng judges them.
void check_size(std::string_view bytes) {
  ByteReader reader(bytes, "PNG");
  reader.take(kPngSignature.size() + 4);
  if (reader.take(4) != "IHDR") {
    throw PictureError("broken PNG: it does not begin with its header; save it again");
  }
  const std::uint32_t width = reader.u32_big();
  check_picture_size(width, reader.u32_big());
}

class PngReader {
 public:
  explicit PngReader(std::string_view bytes) : left_(bytes), whole_(bytes.size()) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, fail, take_warning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  Image read(int orientation) {
    read_header();
    check_amount();
    run([&] { set_up_transformations(); });
    Stored stored;
    stored.width = static_cast<int>(png_get_image_width(png_, info_));
    stored.height = static_cast<int>(png_get_image_height(png_, info_));
    const int type = png_get_color_type(png_, info_);
    stored.colours = (type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
    stored.alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
    stored.orientation = orientation;
    check_memory();
    return png_get_bit_depth(png_, info_) == 16 ? read_rows<std::uint16_t>(stored)
                                                : read_rows<std::uint8_t>(stored);
  }

 private:
  template <typename Calls>
  void run(const Calls& calls) {
    if (calls_.run(calls)) {
      if (damage_[0] == '\0') return;
      throw PictureError("broken PNG: " + std::string(damage_.data()) +
                         "; copy or download it again");
    }
    if (truncated_) throw truncated_picture("PNG", whole_);
    const std::string said = calls_.said();
    if (said == "Out of memory" || said == "Insufficient memory") throw std::bad_alloc();
    throw PictureError("broken PNG: " + said + "; copy or download it again");
  }

  static void fail(png_structp png, png_const_charp what) {
    static_cast<PngReader*>(png_get_error_ptr(png))->calls_.fail(what);
  }
  // libpng says "tRNS: invalid" of what it passes over: a chunk that others show the picture
  // without. Only what it says of the pixels counts.
  static void take_warning(png_structp png, png_const_charp what) {
    if (!std::string_view(what).starts_with("IDAT")) return;
    auto* const reader = static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(reader->damage_.data(), reader->damage_.size(), "%s", what);
  }

  static void take_bytes(png_structp png, png_bytep to, std::size_t count) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > reader->left_.size()) {
      reader->truncated_ = true;
      png_error(png, "truncated");
    }
    std::memcpy(to, reader->left_.data(), count);
    reader->left_.remove_prefix(count);
  }

  void read_header() {
    run([&] {
      png_set_read_fn(png_, this, take_bytes);
      // Damage in what the picture can do without is warned of.
      png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
      png_set_benign_errors(png_, 1);
      // An index beyond the palette is black, as viewers show it.
      png_set_check_for_invalid_index(png_, 0);
      png_set_user_limits(png_, kMostPixelsASide, kMostPixelsASide);
      // Profiles, texts and the like are passed over; what PNG does not know as well.
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
      png_read_info(png_, info_);
    });
  }

  std::uint64_t pixel_bytes() const {
    return std::uint64_t{png_get_rowbytes(png_, info_)} * png_get_image_height(png_, info_);
  }

  // That the file can hold what its header promises, before memory is taken for it.
  void check_amount() const {
    const std::uint64_t promised = pixel_bytes();
    if (promised / kMostFromAByte <= whole_) return;
    throw PictureError("broken PNG: its header promises " + std::to_string(promised) +
                       " bytes of pixel data, too many for a file of " + std::to_string(whole_) +
                       "; copy or download it again");
  }

  // The pixels, all of them once more if they come in passes, and as bytes if they have 16 bits.
  void check_memory() const {
    const std::uint64_t halves = (passes_ > 1 ? 4U : 2U) + (png_get_bit_depth(png_, info_) / 16U);
    const std::uint64_t needed = pixel_bytes() * halves / 2;
    if (needed <= kMostMemory) return;
    throw PictureError("decoding the picture takes " + std::to_string(needed >> 20) +
                       " MiB, more than " + std::to_string(kMostMemory >> 20) +
                       "; save it with fewer bits per sample, or make it smaller");
  }

  void set_up_transformations() {
    png_set_expand(png_);  // palettes, fewer than 8 bits, tRNS
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  template <typename Sample>
  Image read_rows(const Stored& stored) {
    const std::size_t row_samples = static_cast<std::size_t>(stored.width) * stored.samples();
    // Passes of an interlaced picture fill up what the ones before them have left out.
    const auto rows_held = static_cast<std::size_t>(passes_ == 1 ? 1 : stored.height);
    std::vector<Sample> rows(row_samples * rows_held);
    Canvas<Sample> canvas(stored);
    const auto row = [&](int y) {
      return rows.data() + (passes_ == 1 ? 0 : static_cast<std::size_t>(y) * row_samples);
    };
    run([&] {
      for (int pass = 0; pass < passes_; ++pass) {
        for (int y = 0; y < stored.height; ++y) {
          png_read_row(png_, reinterpret_cast<png_bytep>(row(y)), nullptr);
          if (pass == passes_ - 1) canvas.put_row(y, row(y));
        }
      }
      png_read_end(png_, nullptr);
    });
    return std::move(canvas).finish();
  }

  CCalls calls_;
  std::string_view left_;
  std::size_t whole_;
  bool truncated_ = false;
  std::array<char, 200> damage_{};  // of the pixels, in libpng's words
  int passes_ = 1;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Image decode_png(std::string_view bytes) {
  check_size(bytes);
  return PngReader(bytes).read(orientation_of(bytes));
}

std::string encode_png(const Image& image) {
  const int channels = image.shape.channels;
  assert(channels == 1 || channels == 3);
  const std::size_t area = image.pixels.size() / static_cast<std::size_t>(channels);
  std::vector<png_byte> interleaved;
  interleaved.reserve(image.pixels.size());
  for (std::size_t place = 0; place < area; ++place) {
    for (std::size_t at = place; at < image.pixels.size(); at += area) {
      interleaved.push_back(image.pixels[at]);
    }
  }
  png_image description{};
  description.version = PNG_IMAGE_VERSION;
  description.width = static_cast<png_uint_32>(image.shape.width);
  description.height = static_cast<png_uint_32>(image.shape.height);
  description.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t length = PNG_IMAGE_PNG_SIZE_MAX(description);
  std::string png(length, '\0');
  if (png_image_write_to_memory(&description, png.data(), &length, 0, interleaved.data(), 0,
                                nullptr) == 0) {
    throw std::bad_alloc();  // it asks for nothing else that could fail
  }
  png.resize(length);
  return png;
}

}  // namespace cnn
