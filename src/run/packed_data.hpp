// Data sets of any format as IDX files, for sets that are larger than memory, or that are to be
// decoded once.

#pragma once

#include <filesystem>

#include "data/source.hpp"
#include "run/data_survey.hpp"
#include "run/run_config.hpp"

namespace cnn {

// Writes train-, validation- and t10k-images-idx3-ubyte (idx4 with channels) and -labels-idx1-ubyte
// of the parts that are there, and classes.txt, into the directory: all of them or none. Reading
// them gives the tensors that reading the set gives. What is there already is replaced and must be
// such a set. Pictures are read piece by piece. `config` is settled. Throws FileError, and
// ReadingStopped, where nothing is left of it.
void pack_data(const DataConfig& config, const DataSurvey& survey, const std::filesystem::path& dir,
               const ReadOptions& options);
// Bytes of memory that this takes at most, with so many threads, beside a survey.
std::size_t packing_bytes(const DataConfig& config, int threads);

// Asked before pictures are read. Throws ConfigError for a symbolic link, FileError if pack_data
// could not make the directory: what it is to stand in is missing or may not be written.
void require_packable(const std::filesystem::path& dir);

// Is it an empty directory, or one that holds what pack_data writes and nothing else?
bool is_packed_data(const std::filesystem::path& path);

}  // namespace cnn
