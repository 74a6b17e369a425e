// The wire format of protocol buffers, as far as ONNX needs it. (Specification: "Encoding" in their
// documentation.) By hand rather than by libprotobuf, for the reasons in src/README.md.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// A message that is being written, field after field. Large data stay where they are: the message
// refers to them until it is gone.
class ProtoMessage {
 public:
  void integer(int field, std::int64_t value);
  void real(int field, float value);
  void text(int field, std::string_view value);
  void bytes(int field, std::span<const std::byte> data);
  void message(int field, ProtoMessage value);

  std::size_t size() const { return size_; }
  // Its bytes, one part after the other.
  std::vector<std::span<const std::byte>> parts() const;

 private:
  struct Part {
    std::string own;
    std::span<const std::byte> others;  // if own is empty
  };

  void tag(int field, int wire_type);
  void varint(std::uint64_t value);
  void append(std::string_view bytes);

  std::vector<Part> parts_;
  std::size_t size_ = 0;
};

// A message that is being read, field after field. Refers to the bytes.
class ProtoReader {
 public:
  // A number, or four or eight bytes, are in `value`; all else is in `bytes`.
  struct Field {
    int number = 0;  // 0: the message has ended
    int wire_type = 0;
    std::uint64_t value = 0;
    std::string_view bytes;

    std::int64_t integer() const { return static_cast<std::int64_t>(value); }
    float real() const;
    bool is_message() const;
  };

  explicit ProtoReader(std::string_view bytes) : left_(bytes) {}

  // Throws ProtoError.
  Field next();
  // The numbers of a field of `repeated` ones, which may stand alone or packed, one after the
  // other. Throws ProtoError.
  static void read_integers(const Field& field, std::vector<std::int64_t>& values);

 private:
  std::uint64_t varint();
  std::string_view take(std::uint64_t count);

  std::string_view left_;
};

// Says what breaks the wire format.
class ProtoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cnn
