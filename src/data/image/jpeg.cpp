#include "data/image/jpeg.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "data/image/byte_reader.hpp"

namespace cnn {
namespace {

// Progressive pictures have about 10 scans. Each may cost a pass over all pixels: the larger the
// picture, the fewer are allowed.
constexpr int kMostScans = 64;
constexpr std::int64_t kMostPixelsScanned = std::int64_t{1} << 30;

// Second bytes of the markers (T.81, table B.1).
enum Marker : std::uint32_t {
  kSof0 = 0xc0,  // baseline
  kSof1 = 0xc1,  // extended sequential
  kSof2 = 0xc2,  // progressive
  kDht = 0xc4,
  kRst0 = 0xd0,
  kRst7 = 0xd7,
  kEoi = 0xd9,
  kSos = 0xda,
  kDqt = 0xdb,
  kDri = 0xdd,
  kApp0 = 0xe0,
  kApp1 = 0xe1,
  kApp15 = 0xef,
  kCom = 0xfe,
};

[[noreturn]] void throw_broken(const std::string& what) {
  throw PictureError("broken JPEG: " + what + "; copy or download it again");
}

// EXIF 2.3, 4.6.4: tag 0x112 of the first directory of a TIFF structure. 1 if it cannot be read:
// these are data about the picture, not the picture.
int exif_orientation(std::string_view segment) {
  constexpr std::string_view kPrefix{"Exif\0\0", 6};
  constexpr std::uint32_t kOrientation = 0x112;
  if (!segment.starts_with(kPrefix)) return 1;
  const std::string_view tiff = segment.substr(kPrefix.size());
  const bool little = tiff.starts_with("II");
  try {
    ByteReader header(tiff, "EXIF");
    const auto u16 = [little](ByteReader& r) { return little ? r.u16_little() : r.u16_big(); };
    const auto u32 = [little](ByteReader& r) { return little ? r.u32_little() : r.u32_big(); };
    header.take(4);
    ByteReader directory(tiff, "EXIF");
    directory.take(u32(header));
    for (std::uint32_t entries = u16(directory); entries > 0; --entries) {
      ByteReader entry(directory.take(12), "EXIF");
      if (u16(entry) != kOrientation) continue;
      entry.take(6);  // type and count
      const std::uint32_t value = u16(entry);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
  } catch (const PictureError&) {
    return 1;
  }
  return 1;
}

class JpegChecker {
 public:
  explicit JpegChecker(std::string_view bytes) : bytes_(bytes), reader_(bytes, "JPEG") {}

  // Returns the orientation.
  int run() {
    reader_.take(2);  // start of image
    for (std::uint32_t marker = next_marker(); marker != kEoi; marker = next_marker()) {
      check_segment(marker);
      if (marker == kSos) skip_coded_data();
    }
    const bool whole =
        !components_.empty() && std::all_of(components_.begin(), components_.end(),
                                            [](const Component& c) { return c.scanned; });
    if (!whole) throw_broken("a part of the picture is missing");
    check_coded_bytes();
    return orientation_;
  }

 private:
  struct Component {
    std::uint32_t id = 0;
    std::uint32_t across = 0;  // sampling factors
    std::uint32_t down = 0;
    std::uint32_t quantisation = 0;  // table
    bool scanned = false;
  };

  std::uint32_t next_marker() {
    if (reader_.u8() != 0xff) throw_broken("a marker was expected between two segments");
    std::uint32_t code = 0xff;
    while (code == 0xff) code = reader_.u8();  // fill bytes
    return code;
  }

  void check_segment(std::uint32_t marker) {
    const std::uint32_t length = reader_.u16_big();
    if (length < 2) throw_broken("a segment of impossible length");
    const std::string_view segment = reader_.take(length - 2);
    ByteReader content(segment, "JPEG");
    switch (marker) {
      case kSof0:
      case kSof1:
      case kSof2:
        progressive_ = marker == kSof2;
        check_frame(content);
        break;
      case kDht:
        check_huffman_tables(content);
        break;
      case kDqt:
        check_quantisation_tables(content);
        break;
      case kSos:
        check_scan(content);
        break;
      case kApp1:
        if (orientation_ == 1) orientation_ = exif_orientation(segment);
        break;
      default:
        check_known(marker);
    }
  }

  void check_known(std::uint32_t marker) const {
    const bool known = marker == kDri || marker == kCom || (marker >= kApp0 && marker <= kApp15);
    if (!known) {
      throw PictureError(
          "this JPEG uses a rare way of coding (only baseline and progressive are read); save it "
          "as PNG");
    }
  }

  void check_frame(ByteReader& content) {
    if (!components_.empty()) throw_broken("a second frame header");
    if (content.u8() != 8) {
      throw PictureError("this JPEG does not have 8 bits a sample; save it as PNG");
    }
    height_ = content.u16_big();
    width_ = content.u16_big();
    check_picture_size(width_, height_);
    components_.resize(content.u8());
    for (Component& component : components_) {
      component.id = content.u8();
      const std::uint32_t sampling = content.u8();
      component.across = sampling >> 4;
      component.down = sampling & 15;
      component.quantisation = content.u8();
      const auto possible = [](std::uint32_t factor) { return factor >= 1 && factor <= 4; };
      if (!possible(component.across) || !possible(component.down)) {
        throw_broken("a sampling factor that is not 1 … 4");
      }
    }
  }

  // Blocks of 8x8 samples in all components together (T.81, A.1.1 and A.2.1).
  std::uint64_t blocks() const {
    std::uint32_t most_across = 1;
    std::uint32_t most_down = 1;
    for (const Component& component : components_) {
      most_across = std::max(most_across, component.across);
      most_down = std::max(most_down, component.down);
    }
    const auto over = [](std::uint32_t a, std::uint32_t b) { return (a + b - 1) / b; };
    std::uint64_t count = 0;
    for (const Component& component : components_) {
      count += std::uint64_t{over(over(width_ * component.across, most_across), 8)} *
               over(over(height_ * component.down, most_down), 8);
    }
    return count;
  }

  // Every block takes a bit of its DC coefficient and, if not progressive, another one to say that
  // nothing more comes. The decoder would take what is missing for zeros.
  void check_coded_bytes() const {
    const std::uint64_t least = (blocks() * (progressive_ ? 1 : 2) + 7) / 8;
    if (coded_bytes_ >= least) return;
    throw PictureError("truncated JPEG: " + std::to_string(width_) + "x" + std::to_string(height_) +
                       " pixels take " + std::to_string(least) + " bytes at least, it has " +
                       std::to_string(coded_bytes_) + "; copy or download it again");
  }

  void check_huffman_tables(ByteReader& content) {
    constexpr std::uint32_t kMostCodes = 256;
    while (content.left() > 0) {
      const std::uint32_t table = content.u8();
      std::uint32_t codes = 0;
      for (int length = 1; length <= 16; ++length) codes += content.u8();
      if (codes > kMostCodes) throw_broken("a Huffman table of more than 256 codes");
      content.take(codes);
      huffman_tables_ |= table_bit(table >> 4, table & 15);
    }
  }

  void check_quantisation_tables(ByteReader& content) {
    while (content.left() > 0) {
      const std::uint32_t table = content.u8();
      content.take(table >> 4 == 0 ? 64 : 128);
      quantisation_tables_ |= std::uint32_t{1} << (table & 15);
    }
  }

  // One bit for each of 16 DC (kind 0) and 16 AC (kind 1) tables.
  static std::uint32_t table_bit(std::uint32_t kind, std::uint32_t table) {
    return kind > 1 ? 0 : std::uint32_t{1} << (16 * kind + table);
  }

  void check_scan(ByteReader& content) {
    const std::int64_t pixels = std::max<std::int64_t>(1, std::int64_t{width_} * height_);
    const std::int64_t most = std::min<std::int64_t>(kMostScans, kMostPixelsScanned / pixels);
    if (++scans_ > most) {
      throw PictureError("this JPEG is coded in more than " + std::to_string(most) +
                         " scans; save it as PNG");
    }
    ByteReader selection(content.take(2 * content.u8()), "JPEG");
    const std::uint32_t first_coefficient = content.u8();
    content.take(1);  // last coefficient
    const bool refines = content.u8() >> 4 != 0;
    while (selection.left() > 0) {
      Component& component = find_component(selection.u8());
      if (component.scanned && !progressive_) throw_broken("a component is coded twice");
      component.scanned = true;

      const std::uint32_t tables = selection.u8();
      const std::uint32_t dc = table_bit(0, tables >> 4);
      const std::uint32_t ac = table_bit(1, tables & 15);
      // A refinement of DC coefficients is plain bits (T.81, G.1.2.1).
      std::uint32_t needed = dc | ac;
      if (progressive_) needed = first_coefficient > 0 ? ac : (refines ? 0 : dc);
      const std::uint32_t quantisation = std::uint32_t{1} << (component.quantisation & 15);
      if ((huffman_tables_ & needed) != needed || (quantisation_tables_ & quantisation) == 0) {
        throw_broken("a table is used that is not there");
      }
    }
  }

  Component& find_component(std::uint32_t id) {
    for (Component& component : components_) {
      if (component.id == id) return component;
    }
    throw_broken("a scan of a component that is not there");
  }

  // To the next marker: in coded data 0xff is followed by 0 or by a restart marker.
  void skip_coded_data() {
    std::size_t place = reader_.position();
    for (;; ++place) {
      place = bytes_.find('\xff', place);
      if (place == std::string_view::npos || place + 1 >= bytes_.size()) {
        reader_.take(reader_.left() + 1);  // throws: truncated
      }
      const auto code = static_cast<std::uint8_t>(bytes_[place + 1]);
      if (code != 0 && code != 0xff && (code < kRst0 || code > kRst7)) break;
    }
    coded_bytes_ += place - reader_.position();
    reader_.take(place - reader_.position());
  }

  std::string_view bytes_;
  ByteReader reader_;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  std::vector<Component> components_;
  std::uint64_t coded_bytes_ = 0;  // of all scans
  bool progressive_ = false;
  int scans_ = 0;
  std::uint32_t huffman_tables_ = 0;
  std::uint32_t quantisation_tables_ = 0;
  int orientation_ = 1;
};

}  // namespace

int check_jpeg(std::string_view bytes) {
  return JpegChecker(bytes).run();
}

}  // namespace cnn
