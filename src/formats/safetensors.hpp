// safetensors files: 8 bytes little-endian header length N, N bytes of JSON, then the tensors' data
// without gaps. (Specification: the README of the safetensors project.) Only F32 is written; F16,
// BF16 and F64 become floats when they are read, and numbers of other types are passed over.
//
// Header: {"__metadata__": {string: string}, "name": {"dtype": "F32", "shape": […], "data_offsets":
// [begin, end]}, …}, padded with spaces to a multiple of 8; tensors stand in the order of their
// data. Written files carry two metadata entries of their own: "checksum", the CRC-32 (8
// hexadecimal digits) over everything else in the file, and "format", "cnn 1". A file that has one
// of them must have both (see safetensors.cpp), so that no damaged file passes for one of another
// tool's.

#pragma once

#include <filesystem>
#include <span>

#include "formats/tensor_file.hpp"

namespace cnn {

// Writes the file atomically (see write_file), adding the checksum and the format (which `metadata`
// need not hold and cannot replace). The same arguments give the same bytes. Names differ; each
// tensor holds element_count(dims) values. Throws FileError, also if a name or an entry is not
// UTF-8, and ShapeError for another number of values.
void write_safetensors(const FilePlace& place, std::span<const NamedTensor> tensors,
                       const Metadata& metadata);

// Throws FileError naming the file and what is wrong: larger than 4 GiB, header length (at most 100
// MB), JSON (duplicate or unknown keys, wrong types, not UTF-8), extents whose product overflows or
// disagrees with the offsets (of a dtype that nobody knows these alone count), overlaps, holes,
// bytes missing or left over, a checksum that does not fit. A file without a checksum is accepted:
// other tools write none. Values are not looked at: they may be infinite or NaN, and those of F64
// are rounded to the nearest float. Takes memory for at most twice the file: F16 become floats.
TensorFile read_safetensors(const FilePlace& place);

}  // namespace cnn
