// One compressed IDX file, read as images and as labels. Half of the mutations change what is
// compressed, so that they get past gzip's checksum.

#include "data/idx.hpp"
#include "fuzz.hpp"
#include "inflated.hpp"
#include "support/idx_writer.hpp"

namespace {

using namespace cnn;
using namespace cnn::fuzz;

constexpr std::size_t kMost = std::size_t{1} << 23;  // beyond what a small file can hold

std::string plain_file(const Idx& idx) {
  return idx_header(idx.dims) + std::string(idx.values.begin(), idx.values.end());
}

void check(const MemoryFile& file, std::string_view bytes, IdxKind kind) {
  const auto header = accepted([&] { return read_idx_header(file.path(), kind); });
  const auto idx = accepted([&] { return read_idx(file.path(), kind); });
  if (!idx) return;
  require(header && header->dims == idx->dims && header->values.empty(),
          "the header promises what is read");
  require(inflated(bytes, Wrapping::gzip, kMost) == plain_file(*idx),
          "what is read is all that the file holds");
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  const auto plain = inflated(text_of(data, size), Wrapping::gzip, max_size);
  if (!plain || one_in(2, seed)) return LLVMFuzzerMutate(data, size, max_size);
  return give_back(gzip(mutated(*plain, max_size)), data, size, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  const std::string_view bytes = text_of(data, size);
  if (!bytes.starts_with("\x1F\x8B")) return 0;
  file.put(bytes);
  check(file, bytes, IdxKind::images);
  check(file, bytes, IdxKind::labels);
  return 0;
}
