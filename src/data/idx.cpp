#include "data/idx.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

#include <zlib.h>

#include "base/arena.hpp"
#include "base/file.hpp"
#include "data/image_limits.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 34;
constexpr std::uint64_t kLargestMapped = std::uint64_t{1} << 40;
// Deflate makes at most so many bytes of one: a match of 258 bytes takes two bits (RFC
// 1951, 3.2.5).
constexpr std::uint64_t kLargestRatio = 1032;
constexpr std::uint32_t kMostItems = std::numeric_limits<std::int32_t>::max();

// The bytes of a file, decompressed if it begins as gzip does (RFC 1952).
class ByteStream {
 public:
  explicit ByteStream(const fs::path& path)
      : file_(path), buffer_(std::clamp<std::uint64_t>(file_.size(), 1, kLargestBuffer)) {
    refill();
    compressed_ = starts_member();
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (compressed_ && inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }

  ~ByteStream() {
    if (compressed_) inflateEnd(&stream_);
  }

  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  const fs::path& path() const { return file_.path(); }
  const InputFile& file() const { return file_; }
  bool compressed() const { return compressed_; }
  std::uint64_t file_size() const { return file_.size(); }
  // Follows a number of bytes in a message.
  std::string unit() const { return compressed_ ? " after decompression" : ""; }

  // Fills `to`; returns how many bytes, which is less than asked for only where the data end.
  std::size_t read(std::span<std::uint8_t> to) { return compressed_ ? decompress(to) : copy(to); }

  // Whether the data, having been read to their end, ended properly: after gzip's checksum.
  bool complete() const { return !compressed_ || member_ended_; }

 private:
  static constexpr std::size_t kLargestBuffer = std::size_t{1} << 18;

  void refill() {
    stream_.next_in = buffer_.data();
    stream_.avail_in = static_cast<uInt>(file_.read(std::as_writable_bytes(std::span(buffer_))));
  }

  bool starts_member() const {
    return stream_.avail_in >= 2 && stream_.next_in[0] == 0x1F && stream_.next_in[1] == 0x8B;
  }

  // The rest of the first buffer comes first; then the file is read straight into `to`.
  std::size_t copy(std::span<std::uint8_t> to) {
    const std::size_t head = std::min<std::size_t>(stream_.avail_in, to.size());
    std::copy_n(stream_.next_in, head, to.data());
    stream_.next_in += head;
    stream_.avail_in -= static_cast<uInt>(head);
    return head + file_.read(std::as_writable_bytes(to.subspan(head)));
  }

  std::size_t decompress(std::span<std::uint8_t> to) {
    std::size_t filled = 0;
    while (filled < to.size()) {
      if (stream_.avail_in == 0) refill();
      if (member_ended_) {
        if (stream_.avail_in == 0) break;
        begin_next_member();
      }
      const std::size_t room = std::min(to.size() - filled, kLargestPiece);
      stream_.next_out = to.data() + filled;
      stream_.avail_out = static_cast<uInt>(room);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      filled += room - stream_.avail_out;
      if (result == Z_BUF_ERROR) break;  // the file ends within the compressed data
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      if (result != Z_OK && result != Z_STREAM_END) fail_corrupt();
      member_ended_ = result == Z_STREAM_END;
    }
    return filled;
  }

  void begin_next_member() {
    // The second byte of its mark may lie beyond the buffer; inflate checks it.
    if (stream_.next_in[0] != 0x1F) {
      throw file_error(path(), "bytes after the end of the gzip data; fetch the file again");
    }
    inflateReset(&stream_);
    member_ended_ = false;
  }

  [[noreturn]] void fail_corrupt() const {
    const std::string reason = stream_.msg != nullptr ? stream_.msg : "needs a dictionary";
    throw file_error(path(), "corrupt gzip data (" + reason + "); fetch the file again");
  }

  static constexpr std::size_t kLargestPiece = std::size_t{1} << 30;  // fits zlib's uInt

  InputFile file_;
  std::vector<std::uint8_t> buffer_;
  z_stream stream_{};
  bool compressed_ = false;
  bool member_ended_ = false;
};

std::string hex(std::uint8_t byte) {
  std::array<char, 3> text;
  std::snprintf(text.data(), text.size(), "%02x", byte);
  return text.data();
}

std::string type_name(std::uint8_t type) {
  switch (type) {
    case 0x09:
      return "signed bytes";
    case 0x0B:
      return "16-bit integers";
    case 0x0C:
      return "32-bit integers";
    case 0x0D:
      return "32-bit floats";
    case 0x0E:
      return "64-bit floats";
    default:
      return "an unknown type";
  }
}

struct Mark {
  std::uint8_t rank;
  std::size_t width;  // bytes per value
};

// The four bytes 0 0 type rank.
Mark read_mark(ByteStream& bytes, IdxKind kind) {
  std::array<std::uint8_t, 4> mark;
  const std::size_t length = bytes.read(mark);
  if (length < mark.size()) {
    throw file_error(bytes.path(),
                     "no IDX file: holds only " + std::to_string(length) + " bytes" + bytes.unit());
  }
  if (mark[0] != 0 || mark[1] != 0) {
    const std::string guess = mark[0] == '<' ? " (a web page?)" : "";
    throw file_error(bytes.path(), "no IDX file: begins with " + hex(mark[0]) + " " + hex(mark[1]) +
                                       " " + hex(mark[2]) + " " + hex(mark[3]) + guess +
                                       ", expected 00 00 08 and the rank");
  }
  constexpr std::uint8_t kUnsignedByte = 0x08, kInteger = 0x0C;
  if (kind == IdxKind::labels && mark[2] == kInteger) return {mark[3], 4};
  if (mark[2] != kUnsignedByte) {
    throw file_error(bytes.path(), "holds " + type_name(mark[2]) + " (IDX type " + hex(mark[2]) +
                                       "), only unsigned bytes (08) are supported");
  }
  return {mark[3], 1};
}

void check_rank(const fs::path& path, std::uint8_t rank, IdxKind kind) {
  const bool images = rank == 3 || rank == 4;
  const bool labels = rank == 1;
  if (kind == IdxKind::images ? images : labels) return;
  const std::string number = "IDX rank " + std::to_string(rank);
  const std::string found = images   ? "holds images (" + number + ")"
                            : labels ? "holds labels (" + number + ")"
                                     : "has " + number;
  const std::string wanted = kind == IdxKind::images ? "images (rank 3: n, height, width; or rank "
                                                       "4: n, channels, height, width)"
                                                     : "labels (rank 1)";
  throw file_error(path, found + ", expected " + wanted +
                             (images || labels ? "; are the two files swapped?" : ""));
}

std::vector<std::uint32_t> read_dims(ByteStream& bytes, std::uint8_t rank) {
  std::vector<std::uint8_t> read(std::size_t{4} * rank);
  if (bytes.read(read) < read.size()) {
    throw file_error(bytes.path(), "truncated: ends within its header");
  }
  std::vector<std::uint32_t> dims;
  for (std::size_t i = 0; i < read.size(); i += 4) {
    dims.push_back(std::uint32_t{read[i]} << 24 | std::uint32_t{read[i + 1]} << 16 |
                   std::uint32_t{read[i + 2]} << 8 | std::uint32_t{read[i + 3]});
  }
  return dims;
}

struct Header {
  std::vector<std::uint32_t> dims;
  std::size_t width = 1;       // bytes per value
  std::uint64_t promised = 0;  // bytes of header and values together
  bool is_mapped = false;      // instead of being read
};

// "60000 images of 28x28", "60000 labels"
std::string describe(const std::vector<std::uint32_t>& dims) {
  std::string text = std::to_string(dims.front());
  if (dims.size() == 1) return text + " labels";
  text += " images of ";
  for (std::size_t i = 1; i < dims.size(); ++i) {
    text += (i > 1 ? "x" : "") + std::to_string(dims[i]);
  }
  return text;
}

// The size of header and values together, in bytes.
std::uint64_t promised_size(const fs::path& path, const std::vector<std::uint32_t>& dims,
                            std::size_t width, bool may_be_mapped) {
  const auto fail = [&](const std::string& reason) {
    throw file_error(path, "header promises " + describe(dims) + ": " + reason +
                               "; the file is damaged or not meant for this");
  };
  const std::uint64_t memory = physical_memory();
  const bool is_short = !may_be_mapped && memory < kLargestFile;
  const std::string bound = is_short ? "this machine's memory of " : "";
  const std::uint64_t most = may_be_mapped ? kLargestMapped : std::min(memory, kLargestFile);
  std::uint64_t size = width;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const std::uint32_t largest = i == 0 ? kMostItems : std::uint32_t{kMostPixelsASide};
    if (dims[i] < 1 || dims[i] > largest) {
      fail("each extent must be 1 to " + std::to_string(largest));
    }
    if (size > most / dims[i]) fail("more than " + bound + std::to_string(most) + " bytes");
    size *= dims[i];
  }
  if (dims.size() > 2 && std::uint64_t{dims.back()} * dims[dims.size() - 2] > kMostPixels) {
    fail("an image has at most " + std::to_string(kMostPixels / 1'000'000) + " million pixels");
  }
  return 4 + 4 * dims.size() + size;
}

// "header promises 3 images of 2x2 (28 bytes)"
std::string promise(const Header& header) {
  return "header promises " + describe(header.dims) + " (" + std::to_string(header.promised) +
         " bytes)";
}

// `found`: bytes present, header included. Compressed data that go on past the promised end count
// as promised + 1.
void check_size(const ByteStream& bytes, const Header& header, std::uint64_t found) {
  if (found == header.promised) return;
  if (found < header.promised) {
    throw file_error(bytes.path(), "truncated: " + promise(header) + ", got " +
                                       std::to_string(found) + bytes.unit() +
                                       "; the download is probably incomplete");
  }
  throw file_error(bytes.path(), "too long: " + promise(header) + ", got " +
                                     (bytes.compressed() ? "more" : std::to_string(found)) +
                                     bytes.unit() + "; it is damaged or something else");
}

// The length of a compressed file bounds what it can hold, and tells no more.
void check_ratio(const ByteStream& bytes, const Header& header) {
  const std::uint64_t most = kLargestRatio * bytes.file_size();
  if (header.promised <= most) return;
  throw file_error(bytes.path(), "truncated: " + promise(header) + ", but " +
                                     std::to_string(bytes.file_size()) + " compressed bytes hold " +
                                     std::to_string(most) +
                                     " at most; the download is probably incomplete");
}

// Reads the header, and checks what the file's length tells before anything of the promised size is
// allocated.
Header read_header(ByteStream& bytes, IdxKind kind, IdxMemory memory) {
  const Mark mark = read_mark(bytes, kind);
  check_rank(bytes.path(), mark.rank, kind);
  Header header;
  header.width = mark.width;
  header.dims = read_dims(bytes, mark.rank);
  const bool may_be_mapped =
      memory == IdxMemory::may_be_mapped && kind == IdxKind::images && !bytes.compressed();
  header.promised = promised_size(bytes.path(), header.dims, header.width, may_be_mapped);
  header.is_mapped = may_be_mapped && header.promised > kLargestRead;
  if (bytes.compressed()) {
    check_ratio(bytes, header);
  } else {
    check_size(bytes, header, bytes.file_size());
  }
  return header;
}

std::vector<std::uint8_t> read_values(ByteStream& bytes, const Header& header) {
  const std::size_t header_size = 4 + 4 * header.dims.size();
  const std::size_t count = header.promised - header_size;
  // A compressed file may promise more than it holds, so the buffer doubles as the data come.
  // Pictures seldom shrink to less than a 16th: as a rule the first size is the last.
  constexpr std::size_t kUsualRatio = 16;
  std::size_t room = count;
  if (bytes.compressed()) room = std::min(count, kUsualRatio * bytes.file_size());
  std::vector<std::uint8_t> values;
  values.reserve(count);  // takes memory only as it is filled, and is never copied
  while (values.size() < count) {
    const std::size_t filled = values.size();
    values.resize(room);
    const std::size_t got = bytes.read(std::span(values).subspan(filled));
    if (filled + got < room) check_size(bytes, header, header_size + filled + got);
    room = std::min(count, 2 * room);
  }
  std::uint8_t beyond;
  const std::size_t more = bytes.read({&beyond, 1});
  if (more > 0) check_size(bytes, header, header.promised + more);
  if (!bytes.complete()) {
    throw file_error(
        bytes.path(),
        "truncated: gzip's checksum at the end is missing; the download is probably incomplete");
  }
  return values;
}

}  // namespace

Idx read_idx_header(const fs::path& path, IdxKind kind, IdxMemory memory) {
  ByteStream bytes(path);
  Header header = read_header(bytes, kind, memory);
  return {std::move(header.dims), {}, header.width, header.is_mapped};
}

Idx read_idx(const fs::path& path, IdxKind kind, const ExtentsCheck& check, IdxMemory memory) {
  ByteStream bytes(path);
  Header header = read_header(bytes, kind, memory);
  if (check) check(header.dims);
  Idx idx{{}, {}, header.width, header.is_mapped};
  if (header.is_mapped) {
    idx.file = std::make_shared<const MappedFile>(bytes.file());
    idx.mapped = idx.file->bytes().subspan(4 + 4 * header.dims.size());
  } else {
    idx.values = read_values(bytes, header);
  }
  idx.dims = std::move(header.dims);
  return idx;
}

}  // namespace cnn
