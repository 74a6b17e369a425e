#include "cnn/version.hpp"

#define CNN_TEXT_OF(x) #x
#define CNN_TEXT(x) CNN_TEXT_OF(x)

namespace cnn {

const char* version() {
  return CNN_TEXT(CNN_VERSION_MAJOR) "." CNN_TEXT(CNN_VERSION_MINOR) "." CNN_TEXT(
      CNN_VERSION_PATCH);
}

}  // namespace cnn
