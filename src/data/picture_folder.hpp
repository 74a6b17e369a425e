// Folders of picture files: what is in them, and which files are pictures.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cnn {

// The names in a folder, in byte order; folders apart from the rest. Hidden files and what file
// managers and archives leave behind (Thumbs.db, desktop.ini, __MACOSX) are passed over.
struct FolderContents {
  std::vector<std::string> folders;
  std::vector<std::string> files;
};

// Throws FileError if the folder cannot be read.
FolderContents look_into(const std::filesystem::path& folder);

// The files of a folder and of all folders below it, as paths relative to it, in byte order.
// Symbolic links are followed. Throws FileError if a folder cannot be read, or if a link leads back
// to a folder that it is in.
std::vector<std::string> files_below(const std::filesystem::path& folder);

// Do the first bytes say that the file is a picture, whatever its name? False if it cannot be read.
bool is_picture_file(const std::filesystem::path& path);

}  // namespace cnn
