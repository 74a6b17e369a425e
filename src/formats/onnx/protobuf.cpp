#include "formats/onnx/protobuf.hpp"

#include <cstring>
#include <utility>

namespace cnn {
namespace {

// How a field's value is encoded.
enum WireType : int { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

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

float ProtoReader::Field::real() const {
  float result = 0;
  std::memcpy(&result, &value, sizeof result);
  return result;
}

bool ProtoReader::Field::is_message() const {
  return wire_type == kLength;
}

std::uint64_t ProtoReader::varint() {
  constexpr unsigned kBits = 64;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < kBits; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1).front());
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  throw ProtoError("a number of more than 64 bits");
}

std::string_view ProtoReader::take(std::uint64_t count) {
  if (count > left_.size()) throw ProtoError("a field that ends beyond the end");
  const std::string_view bytes = left_.substr(0, count);
  left_.remove_prefix(count);
  return bytes;
}

ProtoReader::Field ProtoReader::next() {
  Field field;
  if (left_.empty()) return field;
  constexpr std::uint64_t kLargestKey = 0xFFFFFFFF;
  const std::uint64_t key = varint();
  if (key >> 3 == 0 || key > kLargestKey) throw ProtoError("a field without a number");
  field.number = static_cast<int>(key >> 3);
  field.wire_type = static_cast<int>(key & 7);
  switch (field.wire_type) {
    case kVarint:
      field.value = varint();
      break;
    case kLength:
      field.bytes = take(varint());
      break;
    case kFixed32:
      std::memcpy(&field.value, take(4).data(), 4);
      break;
    case kFixed64:
      std::memcpy(&field.value, take(8).data(), 8);
      break;
    default:
      throw ProtoError("a field of an unknown kind");
  }
  return field;
}

void ProtoReader::read_integers(const Field& field, std::vector<std::int64_t>& values) {
  if (!field.is_message()) {
    values.push_back(field.integer());
    return;
  }
  for (ProtoReader packed(field.bytes); !packed.left_.empty();) {
    values.push_back(static_cast<std::int64_t>(packed.varint()));
  }
}

}  // namespace cnn
