// The wire format of protocol buffers, as far as ONNX needs it. (Specification: "Encoding" in their
// documentation.) By hand rather than by libprotobuf, for the reasons in src/README.md.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

}  // namespace cnn
