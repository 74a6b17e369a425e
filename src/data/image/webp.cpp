#include "data/image/webp.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <webp/decode.h>
#include <webp/demux.h>

#include "data/image/byte_reader.hpp"
#include "data/image/canvas.hpp"
#include "data/image/exif.hpp"

namespace cnn {
namespace {

using Demuxer = std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)>;

[[noreturn]] void throw_broken(const std::string& what) {
  throw PictureError("broken WebP: " + what + "; copy or download it again");
}

std::string reason(VP8StatusCode code) {
  switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
      throw std::bad_alloc();
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return "its data end before the picture does";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses what WebP does not have";
    default:
      return "its data cannot be decoded";
  }
}

// The file as its header counts it; some programs leave a byte more behind it.
std::string_view whole(std::string_view bytes) {
  ByteReader reader(bytes, "WebP");
  reader.take(4);
  const std::size_t size = reader.u32_little();
  reader.take(size);
  return bytes.substr(0, 8 + size);
}

int orientation_of(const WebPDemuxer* demuxer) {
  WebPChunkIterator chunk;
  if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk) == 0) return 1;
  std::string_view data(reinterpret_cast<const char*>(chunk.chunk.bytes), chunk.chunk.size);
  // As in a JPEG's segment, which some programs copy.
  constexpr std::string_view kPrefix{"Exif\0\0", 6};
  if (data.starts_with(kPrefix)) data.remove_prefix(kPrefix.size());
  const int orientation = exif_orientation(data);
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

// The first picture: of an animation a rectangle of the canvas.
class Frame {
 public:
  explicit Frame(const WebPDemuxer* demuxer) {
    if (WebPDemuxGetFrame(demuxer, 1, &frame_) == 0) throw_broken("it has no picture");
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { WebPDemuxReleaseIterator(&frame_); }

  int left() const { return frame_.x_offset; }
  int top() const { return frame_.y_offset; }
  int width() const { return frame_.width; }
  int height() const { return frame_.height; }
  bool has_alpha() const { return frame_.has_alpha != 0; }

  // The pixels, samples side by side.
  std::vector<std::uint8_t> decode(bool alpha) const {
    WebPDecoderConfig config;
    if (WebPInitDecoderConfig(&config) == 0) throw_broken("libwebp is of another version");
    const std::size_t stride = static_cast<std::size_t>(width()) * (alpha ? 4 : 3);
    std::vector<std::uint8_t> pixels(stride * static_cast<std::size_t>(height()));
    config.output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {pixels.data(), static_cast<int>(stride), pixels.size()};
    const VP8StatusCode code = WebPDecode(frame_.fragment.bytes, frame_.fragment.size, &config);
    if (code != VP8_STATUS_OK) throw_broken(reason(code));
    return pixels;
  }

 private:
  WebPIterator frame_{};
};

}  // namespace

bool looks_like_webp(std::string_view bytes) {
  return bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP";
}

std::int64_t webp_pixels(std::string_view bytes) {
  int width = 0, height = 0;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (WebPGetInfo(data, bytes.size(), &width, &height) == 0) return 0;
  return std::int64_t{width} * height;
}

Image decode_webp(std::string_view bytes) {
  const std::string_view file = whole(bytes);
  const WebPData data{reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
  const Demuxer demuxer(WebPDemux(&data), &WebPDemuxDelete);
  if (!demuxer) throw_broken("its parts do not fit together");
  const std::uint32_t width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  const std::uint32_t height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  check_picture_size(width, height);
  check_bytes_for(width, height, bytes.size());
  const Frame frame(demuxer.get());
  Stored stored;
  stored.width = static_cast<int>(width);
  stored.height = static_cast<int>(height);
  stored.orientation = orientation_of(demuxer.get());
  const bool covered = frame.width() == stored.width && frame.height() == stored.height;
  stored.alpha = frame.has_alpha() || !covered;

  const std::vector<std::uint8_t> pixels = frame.decode(stored.alpha);
  Canvas<std::uint8_t> canvas(stored);
  const std::size_t stride = static_cast<std::size_t>(frame.width()) * stored.samples();
  if (covered) {
    for (int y = 0; y < stored.height; ++y) {
      canvas.put_row(y, pixels.data() + static_cast<std::size_t>(y) * stride);
    }
    return std::move(canvas).finish();
  }
  // What the first picture leaves out is transparent.
  std::vector<std::uint8_t> row(static_cast<std::size_t>(stored.width) * stored.samples());
  const std::size_t left = static_cast<std::size_t>(frame.left()) * stored.samples();
  for (int y = 0; y < frame.height(); ++y) {
    const auto from = pixels.begin() + static_cast<std::ptrdiff_t>(stride) * y;
    std::copy(from, from + static_cast<std::ptrdiff_t>(stride),
              row.begin() + static_cast<std::ptrdiff_t>(left));
    canvas.put_row(frame.top() + y, row.data());
  }
  return std::move(canvas).finish();
}

}  // namespace cnn
