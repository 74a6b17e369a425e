#include "data/image/jpeg.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

#include "data/image/byte_reader.hpp"
#include "data/image/c_calls.hpp"
#include "data/image/canvas.hpp"
#include "data/image/exif.hpp"

namespace cnn {
namespace {

// Progressive pictures have about 10 scans, of ink 18. Each may cost a pass over all pixels: the
// larger the picture, the fewer are allowed.
constexpr int kMostScans = 64;
constexpr int kLeastScans = 20;
constexpr std::int64_t kMostPixelsScanned = std::int64_t{1} << 30;
constexpr std::string_view kRareCoding =
    "this JPEG uses a rare way of coding (only baseline and progressive are read); save it as PNG";

// From the segments before the coded data; 1 where they end before that, which libjpeg will say.
int orientation_of(std::string_view bytes) {
  constexpr std::uint32_t kApp1 = 0xe1;
  constexpr std::uint32_t kSos = 0xda;
  constexpr std::string_view kPrefix{"Exif\0\0", 6};
  ByteReader reader(bytes, "JPEG");
  reader.take(2);
  try {
    for (;;) {
      while (reader.u8() != 0xff) {
      }
      std::uint32_t marker = 0xff;
      while (marker == 0xff) marker = reader.u8();
      if (marker == kSos) return 1;
      const std::uint32_t length = reader.u16_big();
      const std::string_view segment = reader.take(std::max(length, 2U) - 2);
      if (marker != kApp1 || !segment.starts_with(kPrefix)) continue;
      const int orientation = exif_orientation(segment.substr(kPrefix.size()));
      if (orientation != 1) return orientation;
    }
  } catch (const PictureError&) {
    return 1;
  }
}

constexpr std::int64_t kLeastOverTarget = 3;

// 8ths of the full size that `target` allows.
unsigned scale_for(Size2 upright, Size2 target) {
  const auto large_enough = [](int side, int wanted, unsigned eighths) {
    return std::int64_t{side} * eighths / 8 >= kLeastOverTarget * wanted;
  };
  for (const unsigned eighths : {1U, 2U, 4U}) {
    if (large_enough(upright.height, target.height, eighths) &&
        large_enough(upright.width, target.width, eighths)) {
      return eighths;
    }
  }
  return 8;
}

class JpegReader {
 public:
  explicit JpegReader(std::string_view bytes) : size_(bytes.size()) {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = fail;
    errors_.emit_message = take_message;
    jpeg_.client_data = this;
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
    source_.bytes_in_buffer = bytes.size();
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = end_of_file;
    source_.skip_input_data = skip;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
    progress_.progress_monitor = watch;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  ReducedImage read(int orientation, std::optional<Size2> target) {
    run([&] {
      jpeg_create_decompress(&jpeg_);
      jpeg_.src = &source_;
      jpeg_.progress = &progress_;
      jpeg_read_header(&jpeg_, TRUE);
    });
    check_header();
    const Turn turn(orientation);
    ReducedImage reduced;
    reduced.original = {static_cast<int>(jpeg_.image_height), static_cast<int>(jpeg_.image_width)};
    if (turn.transposed) std::swap(reduced.original.height, reduced.original.width);
    jpeg_.scale_denom = 8;
    jpeg_.scale_num = target ? scale_for(reduced.original, *target) : 8;
    run([&] { jpeg_start_decompress(&jpeg_); });
    Stored stored;
    stored.width = static_cast<int>(jpeg_.output_width);
    stored.height = static_cast<int>(jpeg_.output_height);
    stored.colours = jpeg_.num_components == 1 ? 1 : 3;
    stored.orientation = orientation;
    const double scale = jpeg_.scale_num / 8.0;
    reduced.image = read_rows(stored);
    reduced.width = reduced.original.width * scale;
    reduced.height = reduced.original.height * scale;
    // What was rounded up lies at the stored picture's right and bottom.
    if (turn.mirrored) reduced.left = reduced.image.shape.width - reduced.width;
    if (turn.upside_down) reduced.top = reduced.image.shape.height - reduced.height;
    return reduced;
  }

 private:
  static JpegReader& reader_of(j_common_ptr jpeg) {
    return *static_cast<JpegReader*>(jpeg->client_data);
  }

  static void fail(j_common_ptr jpeg) {
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    reader_of(jpeg).calls_.fail(message);
  }

  // Of its warnings these are about what is left over or beside the picture.
  static void take_message(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    const int code = jpeg->err->msg_code;
    const bool harmless =
        code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
    if (!harmless) fail(jpeg);
  }

  static boolean end_of_file(j_decompress_ptr jpeg) {
    JpegReader& reader = reader_of(reinterpret_cast<j_common_ptr>(jpeg));
    reader.truncated_ = true;
    reader.calls_.fail("truncated");
  }

  static void skip(j_decompress_ptr jpeg, long count) {
    if (count <= 0) return;
    const auto bytes = static_cast<std::size_t>(count);
    if (bytes > jpeg->src->bytes_in_buffer) end_of_file(jpeg);
    jpeg->src->next_input_byte += bytes;
    jpeg->src->bytes_in_buffer -= bytes;
  }

  // libjpeg calls this as it goes on through the file.
  static void watch(j_common_ptr common) {
    JpegReader& reader = reader_of(common);
    const jpeg_decompress_struct& jpeg = reader.jpeg_;
    for (int i = 0; i < jpeg.comps_in_scan; ++i) {
      reader.coded_ |= 1U << jpeg.cur_comp_info[i]->component_index;
    }
    if (jpeg.input_scan_number > reader.most_scans()) {
      reader.too_many_scans_ = true;
      reader.calls_.fail("too many scans");
    }
  }

  int most_scans() const {
    const std::int64_t pixels = std::int64_t{jpeg_.image_width} * jpeg_.image_height;
    return static_cast<int>(
        std::clamp<std::int64_t>(kMostPixelsScanned / pixels, kLeastScans, kMostScans));
  }

  template <typename Calls>
  void run(const Calls& calls) {
    if (calls_.run(calls)) return;
    if (truncated_) throw truncated_picture("JPEG", size_);
    if (too_many_scans_) {
      throw PictureError("this JPEG is coded in more than " + std::to_string(most_scans()) +
                         " scans; save it as PNG");
    }
    switch (errors_.msg_code) {
      case JERR_OUT_OF_MEMORY:
        throw std::bad_alloc();
      case JERR_SOF_UNSUPPORTED:
        throw PictureError(std::string(kRareCoding));
      case JERR_BAD_PRECISION:
        throw PictureError("this JPEG has " + std::to_string(jpeg_.data_precision) +
                           " bits per sample, only 8 are read; save it as PNG");
      default:
        throw PictureError("broken JPEG: " + calls_.said() + "; copy or download it again");
    }
  }

  void check_header() {
    check_picture_size(jpeg_.image_width, jpeg_.image_height);
    const int components = jpeg_.num_components;
    // The end of arithmetic codes cannot be told from their being cut short.
    if (jpeg_.arith_code || (components != 1 && components != 3 && components != 4)) {
      throw PictureError(std::string(kRareCoding));
    }
    jpeg_.out_color_space =
        components == 1 ? JCS_GRAYSCALE : (components == 3 ? JCS_RGB : JCS_CMYK);
    std::uint64_t blocks = 0;  // of 8x8 samples
    for (int i = 0; i < components; ++i) {
      blocks +=
          std::uint64_t{jpeg_.comp_info[i].width_in_blocks} * jpeg_.comp_info[i].height_in_blocks;
    }
    // Every block takes a bit of its DC coefficient and, if not progressive, another one to say
    // that nothing more comes. Before memory is taken for what cannot be there.
    const std::uint64_t least = (blocks * (jpeg_.progressive_mode ? 1 : 2) + 7) / 8;
    if (size_ < least) {
      throw PictureError("truncated JPEG: " + std::to_string(jpeg_.image_width) + "x" +
                         std::to_string(jpeg_.image_height) + " pixels take " +
                         std::to_string(least) + " bytes at least, it has " +
                         std::to_string(size_) + "; copy or download it again");
    }
  }

  // Ink as the Adobe programs store it, 255 for none: as light that passes through.
  static void cmyk_to_rgb(JSAMPLE* row, JDIMENSION width) {
    const auto product = [](unsigned a, unsigned b) {
      return static_cast<JSAMPLE>((a * b + 127) / 255);
    };
    for (std::size_t x = 0; x < width; ++x) {
      const std::array<JSAMPLE, 4> ink{row[4 * x], row[4 * x + 1], row[4 * x + 2], row[4 * x + 3]};
      for (std::size_t c = 0; c < 3; ++c) row[3 * x + c] = product(ink[c], ink[3]);
    }
  }

  Image read_rows(const Stored& stored) {
    // libjpeg-turbo writes rows that begin at a multiple of 16 past the caches; reading them again
    // at once would take a third of the time.
    constexpr std::size_t kOdd = 1;
    std::vector<JSAMPLE> row(kOdd + static_cast<std::size_t>(jpeg_.output_width) *
                                        static_cast<std::size_t>(jpeg_.output_components));
    Canvas<std::uint8_t> canvas(stored);
    run([&] {
      JSAMPROW to = row.data() + kOdd;
      for (int y = 0; y < stored.height; ++y) {
        jpeg_read_scanlines(&jpeg_, &to, 1);
        if (jpeg_.out_color_space == JCS_CMYK) cmyk_to_rgb(to, jpeg_.output_width);
        canvas.put_row(y, to);
      }
      jpeg_finish_decompress(&jpeg_);
    });
    if (coded_ != (1U << jpeg_.num_components) - 1) {
      throw PictureError(
          "broken JPEG: a part of the picture is missing; copy or download it again");
    }
    return std::move(canvas).finish();
  }

  CCalls calls_;
  std::size_t size_;
  bool truncated_ = false;
  bool too_many_scans_ = false;
  unsigned coded_ = 0;  // a bit per component
  jpeg_error_mgr errors_{};
  jpeg_source_mgr source_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct jpeg_{};
};

}  // namespace

Image decode_jpeg(std::string_view bytes) {
  return JpegReader(bytes).read(orientation_of(bytes), std::nullopt).image;
}

ReducedImage decode_jpeg_reduced(std::string_view bytes, Size2 target) {
  return JpegReader(bytes).read(orientation_of(bytes), target);
}

}  // namespace cnn
