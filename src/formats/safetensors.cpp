#include "formats/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>
#include <zlib.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "formats/safetensors_types.hpp"

// The checksum. A file written here begins
//
//   N (8 bytes) {"__metadata__":{"checksum":"xxxxxxxx","format":"cnn 1", …
//
// where xxxxxxxx, in lower case, is zlib's CRC-32 of the whole file with 00000000 in this place. A
// bit that flips elsewhere changes the CRC; one that flips among the digits changes what the CRC is
// compared with. One that flips in the entry's name would hide it, so there are two entries, and a
// file that has either must have both: hiding "checksum" leaves "format", and the file is refused;
// hiding "format" leaves "checksum", which no longer fits. Hiding both at once takes a changed
// "__metadata__", which then is read as a tensor and is none.
//
// It covers bytes, not their meaning: a changed bit may leave the meaning as it is ("\u001f" and
// "\u001F"), and files of other tools carry neither entry.

namespace cnn {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

static_assert(std::endian::native == std::endian::little,
              "tensors are copied as they stand in the file");

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 32;
constexpr std::uint64_t kLargestHeader = 100'000'000;   // the reference implementation's bound
constexpr std::size_t kPrefix = sizeof(std::uint64_t);  // the header's length
constexpr std::size_t kAlignment = 8;
constexpr std::uint64_t kPiece = 1 << 16;  // bytes that are converted at once; whole numbers
constexpr std::string_view kMetadata = "__metadata__";
constexpr std::string_view kOpening = R"({"__metadata__":{"checksum":")";
constexpr std::string_view kNoChecksum = "00000000";
constexpr const char* kChecksum = "checksum";
constexpr const char* kFormat = "format";
constexpr std::string_view kOwnFormats = "cnn ";
constexpr std::string_view kFormat1 = "cnn 1";
constexpr const char* kChanged = "it has changed while it was read";

FileError invalid(const fs::path& path, const std::string& why) {
  return file_error(path, "no valid safetensors file: " + why);
}

std::string in_quotes(std::string_view name) {
  return "'" + printable(name) + "'";
}

uLong crc_of(uLong crc, std::span<const std::byte> bytes) {
  if (bytes.empty()) return crc;  // whose pointer may be null, which would start zlib's CRC afresh
  return crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

std::string checksum_text(uLong crc) {
  std::array<char, 9> text;
  std::snprintf(text.data(), text.size(), "%08lx", crc);
  return text.data();
}

// ---- Writing ----

std::string to_json(const fs::path& path, const std::string& text) {
  try {
    return json(text).dump();
  } catch (const json::type_error&) {
    throw file_error(path, "cannot write: " + in_quotes(text) + " is not valid UTF-8");
  }
}

// By hand: the destructor of a json array allocates, and may not fail.
std::string to_json(const Dims& list) {
  std::string text;
  for (const std::int64_t value : list) text += (text.empty() ? "" : ",") + std::to_string(value);
  return "[" + text + "]";
}

// The header with its length before it and kNoChecksum in the checksum's place.
std::string make_header(const fs::path& path, std::span<const NamedTensor> tensors,
                        const Metadata& metadata) {
  std::string text(kPrefix, '\0');
  text += std::string(kOpening) + std::string(kNoChecksum) + R"(","format":")" +
          std::string(kFormat1) + '"';
  for (const auto& [key, value] : metadata) {
    if (key == kChecksum || key == kFormat) continue;
    text += "," + to_json(path, key) + ":" + to_json(path, value);
  }
  text += "}";
  std::int64_t begin = 0;
  for (const NamedTensor& tensor : tensors) {
    if (tensor.data.size() != element_count(tensor.dims)) {
      throw ShapeError("tensor " + in_quotes(tensor.name) + ": " +
                       std::to_string(tensor.data.size()) + " values for " +
                       to_string(tensor.dims));
    }
    const std::int64_t end = begin + static_cast<std::int64_t>(tensor.data.size_bytes());
    text += "," + to_json(path, tensor.name) + R"(:{"dtype":"F32","shape":)" +
            to_json(tensor.dims) + R"(,"data_offsets":)" + to_json({begin, end}) + "}";
    begin = end;
  }
  text += "}";
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  const std::uint64_t length = text.size() - kPrefix;
  const std::uint64_t size = text.size() + static_cast<std::uint64_t>(begin);
  if (length > kLargestHeader || size > kLargestFile) {
    throw file_error(path, "cannot write: " + std::to_string(size) +
                               " bytes are more than a reader would accept");
  }
  std::memcpy(text.data(), &length, kPrefix);
  return text;
}

// ---- Reading ----

// What a file that is no safetensors file may be, from its first bytes; for a message.
std::string guess(std::string_view start) {
  using namespace std::string_view_literals;
  struct Kind {
    std::string_view start;
    const char* name;
  };
  constexpr std::array kKinds = {
      Kind{"\x89PNG"sv, "a PNG picture"},
      Kind{"\xFF\xD8\xFF"sv, "a JPEG picture"},
      Kind{"PK"sv, "a zip archive, as torch.save writes; save the weights with safetensors"},
      Kind{"\x80"sv, "a Python pickle; save the weights with safetensors"},
      Kind{"\x89HDF"sv, "an HDF5 file"},
      Kind{"\x1F\x8B"sv, "gzip data"},
      Kind{"\0\0\x08"sv, "an IDX data file"},
  };
  for (const Kind& kind : kKinds) {
    if (start.starts_with(kind.start)) return std::string("; it looks like ") + kind.name;
  }
  const bool text = std::all_of(start.begin(), start.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
  });
  return text ? "; it looks like text, a configuration perhaps" : "";
}

// The header with its length before it.
std::string read_header(InputFile& file) {
  const std::string size = std::to_string(file.size()) + " bytes";
  if (file.size() == 0) throw invalid(file.path(), "it is empty");
  if (file.size() > kLargestFile) {
    throw invalid(file.path(), "it holds " + size + ", at most " + std::to_string(kLargestFile) +
                                   " are accepted");
  }
  std::string header(kPrefix, '\0');
  header.resize(file.read(std::as_writable_bytes(std::span(header))));
  if (header.size() < kPrefix) throw invalid(file.path(), "it holds only " + size + guess(header));

  std::uint64_t length = 0;
  std::memcpy(&length, header.data(), kPrefix);
  if (length > kLargestHeader || length > file.size() - kPrefix) {
    throw invalid(file.path(), "a header of " + std::to_string(length) + " bytes in a file of " +
                                   size + guess(header));
  }
  header.resize(kPrefix + length);
  const std::span rest = std::span(header).subspan(kPrefix);
  if (file.read(std::as_writable_bytes(rest)) < length) {
    throw invalid(file.path(), kChanged);
  }
  if (length == 0 || rest.front() != '{') {
    throw invalid(file.path(),
                  "the header does not begin with '{'" + guess(header.substr(0, kPrefix)));
  }
  // The parser would take a zero byte for the end and ignore what follows.
  if (std::find(rest.begin(), rest.end(), '\0') != rest.end()) {
    throw invalid(file.path(), "the header holds a zero byte");
  }
  return header;
}

// Are there floats of numbers of that type?
bool can_read(std::string_view dtype) {
  const NumberType* const type = find_number_type(dtype);
  return type != nullptr && type->to_floats != nullptr;
}

// A tensor as the header describes it.
struct Description {
  std::string name;
  std::string dtype;
  Dims dims;
  std::vector<std::uint64_t> offsets;  // begin, end
};

// Takes the header apart, event by event: only what the format knows has a place to go, so that
// nothing deeper, doubled or of another type is ever built.
class HeaderParser final : public nlohmann::json_sax<json> {
 public:
  explicit HeaderParser(const fs::path& path) : path_(path) {}

  void parse(std::string_view text) { json::sax_parse(text, this); }

  Metadata metadata;
  std::vector<Description> tensors;

  bool start_object(std::size_t) override {
    if (place_ == Place::file) {
      place_ = Place::root;
      return true;
    }
    if (place_ != Place::root) refuse_type();
    place_ = name_ == kMetadata ? Place::metadata : Place::tensor;
    if (place_ == Place::tensor) tensors.push_back({name_, {}, {}, {}});
    fields_.clear();
    return true;
  }

  bool key(std::string& key) override {
    const bool root = place_ == Place::root;
    (root ? name_ : field_) = key;
    if (!(root ? names_ : fields_).insert(key).second) fail(in_quotes(key) + " appears twice");
    if (place_ == Place::tensor && key != "dtype" && key != "shape" && key != "data_offsets") {
      fail_tensor("unknown key " + in_quotes(key));
    }
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::metadata) {
      metadata.emplace(field_, std::move(value));
    } else if (place_ == Place::tensor && field_ == "dtype") {
      tensors.back().dtype = std::move(value);
    } else {
      refuse_type();
    }
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || field_ == "dtype") refuse_type();
    place_ = field_ == "shape" ? Place::shape : Place::offsets;
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ == Place::shape) {
      if (value > kLargestFile) fail_tensor("an extent of " + std::to_string(value));
      tensors.back().dims.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::offsets) {
      tensors.back().offsets.push_back(value);
    } else {
      refuse_type();
    }
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) check_tensor(tensors.back());
    place_ = place_ == Place::root ? Place::file : Place::root;
    return true;
  }

  bool null() override { refuse_type(); }
  bool boolean(bool) override { refuse_type(); }
  bool number_integer(std::int64_t) override { refuse_type(); }
  bool number_float(double, const std::string&) override { refuse_type(); }
  bool binary(json::binary_t&) override { refuse_type(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    fail("no valid JSON at byte " + std::to_string(position));
  }

 private:
  enum class Place { file, root, metadata, tensor, shape, offsets };

  [[noreturn]] void fail(const std::string& why) const { throw invalid(path_, "header: " + why); }

  [[noreturn]] void fail_tensor(const std::string& why) const {
    fail("tensor " + in_quotes(name_) + ": " + why);
  }

  // The value that comes has no place here.
  [[noreturn]] void refuse_type() const {
    if (place_ == Place::metadata) fail("metadata entry " + in_quotes(field_) + " is no string");
    if (place_ == Place::root) fail(in_quotes(name_) + " is no object");
    if (place_ == Place::tensor) fail_tensor(in_quotes(field_) + " is of the wrong type");
    fail_tensor(in_quotes(field_) + " holds something else than whole numbers from 0 up");
  }

  void check_tensor(const Description& tensor) const {
    if (fields_.size() < 3) fail_tensor("lacks one of dtype, shape, data_offsets");
    const NumberType* const type = find_number_type(tensor.dtype);
    std::uint64_t bytes = type != nullptr ? type->bytes : 1;
    for (const std::int64_t extent : tensor.dims) {
      const auto factor = static_cast<std::uint64_t>(extent);
      if (factor > 0 && bytes > kLargestFile / factor) fail_tensor("its shape is too large");
      bytes *= factor;
    }
    const std::vector<std::uint64_t>& at = tensor.offsets;
    if (at.size() != 2) {
      fail_tensor("data_offsets hold " + std::to_string(at.size()) + " numbers, expected 2");
    }
    if (at[1] < at[0] || (type != nullptr && at[1] - at[0] != bytes)) {
      fail_tensor("its shape takes " + std::to_string(bytes) + " bytes, its data_offsets are " +
                  json(at).dump());
    }
  }

  const fs::path& path_;
  Place place_ = Place::file;
  std::string name_;              // key of the root being read
  std::string field_;             // key of the object in it
  std::set<std::string> names_;   // keys of the root so far
  std::set<std::string> fields_;  // keys of the object so far
};

// Sorts the tensors by their data and checks that these fill `size` bytes without a gap.
void check_layout(const fs::path& path, std::vector<Description>& tensors, std::uint64_t size) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const Description& a, const Description& b) {
    return std::tie(a.offsets[0], a.offsets[1]) < std::tie(b.offsets[0], b.offsets[1]);
  });
  std::uint64_t end = 0;
  for (const Description& tensor : tensors) {
    const std::uint64_t begin = tensor.offsets[0];
    if (begin < end) throw invalid(path, "tensor " + in_quotes(tensor.name) + " overlaps another");
    if (begin > end) {
      throw invalid(path, std::to_string(begin - end) + " bytes before tensor " +
                              in_quotes(tensor.name) + " belong to none");
    }
    end = tensor.offsets[1];
  }
  if (end > size) {
    throw invalid(path, "truncated: the header promises " + std::to_string(end) +
                            " bytes of tensors, got " + std::to_string(size));
  }
  if (end < size) throw invalid(path, std::to_string(size - end) + " bytes after the last tensor");
}

// The checksum of a file that is being read, if there must be one.
class Seal {
 public:
  Seal(const fs::path& path, std::string header, const Metadata& metadata)
      : path_(path), checksum_(entry(metadata, kChecksum)), format_(entry(metadata, kFormat)) {
    if (!checksum_ && !is_own()) return;
    if (!checksum_) throw invalid(path_, std::string("it lacks its checksum") + kDamaged);
    in_place_ = std::string_view(header).substr(kPrefix).starts_with(kOpening) &&
                checksum_->size() == kNoChecksum.size();
    if (in_place_) header.replace(kPrefix + kOpening.size(), kNoChecksum.size(), kNoChecksum);
    crc_ = crc_of(0, std::as_bytes(std::span(header)));
  }

  // The data, in their order.
  void add(std::span<const std::byte> bytes) {
    if (checksum_) crc_ = crc_of(crc_, bytes);
  }

  // After the last of the data. Takes the entries of a seal that holds out of the metadata.
  void verify(Metadata& metadata) const {
    if (!checksum_) return;
    if (!in_place_ || *checksum_ != checksum_text(crc_)) {
      throw invalid(path_, std::string("its checksum does not fit") + kDamaged);
    }
    if (!is_own() || *format_ != kFormat1) {
      throw invalid(path_, "its format is " + (format_ ? in_quotes(*format_) : "not named") +
                               ", this version reads " + in_quotes(kFormat1));
    }
    metadata.erase(kChecksum);
    metadata.erase(kFormat);
  }

 private:
  static constexpr const char* kDamaged =
      "; it is damaged, or another program has changed it and kept the metadata entries 'checksum' "
      "and 'format'";

  static std::optional<std::string> entry(const Metadata& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::nullopt : std::optional(found->second);
  }

  bool is_own() const { return format_ && format_->starts_with(kOwnFormats); }

  const fs::path& path_;
  std::optional<std::string> checksum_;
  std::optional<std::string> format_;
  bool in_place_ = false;
  uLong crc_ = 0;
};

// Reads the numbers of a tensor of `size` bytes; of a type that is not read, passes over them.
std::vector<float> read_numbers(InputFile& file, const Description& tensor, std::uint64_t size,
                                Seal& seal) {
  const auto read = [&](std::span<std::byte> bytes) {
    if (file.read(bytes) < bytes.size()) throw invalid(file.path(), kChanged);
    seal.add(bytes);
  };
  const NumberType* const type = find_number_type(tensor.dtype);
  const bool is_read = can_read(tensor.dtype);
  std::vector<float> numbers(is_read ? element_count(tensor.dims) : 0);
  if (tensor.dtype == "F32") {
    read(std::as_writable_bytes(std::span(numbers)));
    return numbers;
  }
  std::vector<std::byte> piece(std::min(size, kPiece));
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    const std::span<std::byte> bytes = std::span(piece).first(std::min(size - at, kPiece));
    read(bytes);
    if (is_read) {
      type->to_floats(bytes,
                      std::span(numbers).subspan(at / type->bytes, bytes.size() / type->bytes));
    }
  }
  return numbers;
}

}  // namespace

void write_safetensors(const FilePlace& place, std::span<const NamedTensor> tensors,
                       const Metadata& metadata) {
  std::string header = make_header(place.path, tensors, metadata);
  uLong crc = crc_of(0, std::as_bytes(std::span(header)));
  for (const NamedTensor& tensor : tensors) crc = crc_of(crc, std::as_bytes(tensor.data));
  header.replace(kPrefix + kOpening.size(), kNoChecksum.size(), checksum_text(crc));

  std::vector<std::span<const std::byte>> parts = {std::as_bytes(std::span(header))};
  for (const NamedTensor& tensor : tensors) parts.push_back(std::as_bytes(tensor.data));
  write_file(place, parts);
}

TensorFile read_safetensors(const FilePlace& place) {
  InputFile file(place);
  std::string header = read_header(file);
  HeaderParser parser(place.path);
  parser.parse(std::string_view(header).substr(kPrefix));
  check_layout(place.path, parser.tensors, file.size() - header.size());

  TensorFile result{place.path, std::move(parser.metadata), {}};
  Seal seal(place.path, std::move(header), result.metadata);
  for (Description& tensor : parser.tensors) {
    const std::uint64_t size = tensor.offsets[1] - tensor.offsets[0];
    std::vector<float> numbers = read_numbers(file, tensor, size, seal);
    const bool is_read = can_read(tensor.dtype);
    result.tensors.push_back({std::move(tensor.name), std::move(tensor.dims), std::move(numbers),
                              std::move(tensor.dtype), is_read});
  }
  seal.verify(result.metadata);
  return result;
}

}  // namespace cnn
