#include "inflated.hpp"

#include <vector>

#include <zlib.h>

namespace cnn::fuzz {
namespace {

// One member or stream, which is taken from the front of `bytes`.
bool inflate_one(std::string_view& bytes, Wrapping wrapping, std::size_t most, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, wrapping == Wrapping::gzip ? 16 + MAX_WBITS : MAX_WBITS) != Z_OK) {
    return false;
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::vector<char> buffer(std::size_t{1} << 12);
  int code = Z_OK;
  while (code == Z_OK && out.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  bytes.remove_prefix(bytes.size() - stream.avail_in);
  inflateEnd(&stream);
  return code == Z_STREAM_END && out.size() <= most;
}

}  // namespace

std::optional<std::string> inflated(std::string_view bytes, Wrapping wrapping, std::size_t most) {
  std::string out;
  do {
    if (!inflate_one(bytes, wrapping, most, out)) return std::nullopt;
  } while (wrapping == Wrapping::gzip && !bytes.empty());
  return bytes.empty() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace cnn::fuzz
