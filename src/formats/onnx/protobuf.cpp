#include "formats/onnx/protobuf.hpp"

#include <cstring>
#include <utility>

namespace cnn {
namespace {

// How a field's value is encoded.
enum WireType : int { kVarint = 0, kLength = 2, kFixed32 = 5 };

}  // namespace

void ProtoMessage::append(std::string_view bytes) {
  if (parts_.empty() || parts_.back().own.empty()) parts_.emplace_back();
  parts_.back().own += bytes;
  size_ += bytes.size();
}

// Seven bits in each byte, the lowest first; the eighth says that more follow.
void ProtoMessage::varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>((value & 0x7F) | 0x80);
  append(text + static_cast<char>(value));
}

void ProtoMessage::tag(int field, int wire_type) {
  varint(static_cast<std::uint64_t>(field << 3 | wire_type));
}

void ProtoMessage::integer(int field, std::int64_t value) {
  tag(field, kVarint);
  varint(static_cast<std::uint64_t>(value));
}

void ProtoMessage::real(int field, float value) {
  tag(field, kFixed32);
  char bytes[sizeof(float)];
  std::memcpy(bytes, &value, sizeof(float));
  append({bytes, sizeof(float)});
}

void ProtoMessage::text(int field, std::string_view value) {
  tag(field, kLength);
  varint(value.size());
  append(value);
}

void ProtoMessage::bytes(int field, std::span<const std::byte> data) {
  tag(field, kLength);
  varint(data.size());
  if (data.empty()) return;
  parts_.push_back({{}, data});
  size_ += data.size();
}

void ProtoMessage::message(int field, ProtoMessage value) {
  tag(field, kLength);
  varint(value.size_);
  for (Part& part : value.parts_) {
    if (part.own.empty()) {
      parts_.push_back(part);
      size_ += part.others.size();
    } else {
      append(part.own);
    }
  }
}

std::vector<std::span<const std::byte>> ProtoMessage::parts() const {
  std::vector<std::span<const std::byte>> parts;
  for (const Part& part : parts_) {
    parts.push_back(part.own.empty() ? part.others : std::as_bytes(std::span(part.own)));
  }
  return parts;
}

}  // namespace cnn
