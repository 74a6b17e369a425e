// The picture files that the arguments of cnn-predict name.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cnn::app {

struct PictureFiles {
  std::vector<std::string> files;   // in the order of the arguments
  std::vector<std::string> faults;  // messages: folders that cannot be looked through
  std::size_t passed_over = 0;      // files in folders whose content is no picture
};

// An argument is a file, a folder (all pictures below it, in byte order; itself if there are none),
// `@FILE` (a list of files and folders, one per line) or `-` (the same on stdin). Throws FileError
// if a list cannot be read.
PictureFiles find_picture_files(const std::vector<std::string>& arguments);

}  // namespace cnn::app
