#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "cnn/classifier.hpp"
#include "cnn/cnn.h"
#include "cnn/error.hpp"

#include "base/text.hpp"
#include "base/vectors.hpp"
#include "data/image/byte_reader.hpp"
#include "data/image/decode.hpp"

struct cnn_classifier {
  cnn::Classifier classifier;
};

namespace {

enum Code : int { kDone = 0, kInternal = 1, kUsage = 2, kFile = 3 };

// Room for a message, which may be none.
class Message {
 public:
  Message(char* text, size_t size) : text_(size > 0 ? text : nullptr), size_(size) { set(""); }

  void set(std::string_view text) const {
    if (text_ == nullptr) return;
    std::size_t length = std::min(text.size(), size_ - 1);
    // No character is cut in two.
    while (length > 0 && length < text.size() && (text[length] & '\xC0') == '\x80') --length;
    std::memcpy(text_, text.data(), length);
    text_[length] = '\0';
  }

 private:
  char* text_;
  size_t size_;
};

// Runs `body`, and turns every exception into its code and its message.
template <typename Body>
int guarded(const Message& message, const Body& body) noexcept {
  try {
    try {
      body();
      return kDone;
    } catch (const cnn::PictureError& error) {
      throw cnn::FileError("the picture: error: " + std::string(error.what()));
    }
  } catch (const cnn::FileError& error) {
    message.set(error.what());
    return kFile;
  } catch (const cnn::Error& error) {
    message.set(error.what());
    return kUsage;
  } catch (const std::bad_alloc&) {
    message.set("error: not enough memory");
    return kFile;
  } catch (const std::system_error& error) {
    message.set(error.what());
    return kFile;
  } catch (const std::exception& error) {
    message.set(error.what());
    return kInternal;
  } catch (...) {
    message.set("error: unknown");
    return kInternal;
  }
}

void require(bool condition, const char* what) {
  if (!condition) throw cnn::ArgumentError(std::string("error: ") + what);
}

}  // namespace

cnn_classifier* cnn_load(const char* path, char* error, size_t error_size) {
  cnn_classifier* loaded = nullptr;
  guarded(Message(error, error_size), [&] {
    require(path != nullptr, "cnn_load: the path is NULL");
    cnn::vector_level();  // a CNN_ISA that cannot be met is said at once
    loaded = new cnn_classifier{cnn::Classifier(path)};
  });
  return loaded;
}

size_t cnn_class_count(const cnn_classifier* classifier) {
  return classifier == nullptr ? 0 : classifier->classifier.classes().size();
}

const char* cnn_class_name(const cnn_classifier* classifier, size_t k) {
  return k < cnn_class_count(classifier) ? classifier->classifier.classes()[k].c_str() : nullptr;
}

int cnn_classify_file_bytes(cnn_classifier* classifier, const void* bytes, size_t n,
                            float* probabilities, size_t count, char* error, size_t error_size) {
  return guarded(Message(error, error_size), [&] {
    require(classifier != nullptr && probabilities != nullptr && (bytes != nullptr || n == 0),
            "cnn_classify_file_bytes: an argument is NULL");
    require(count == cnn_class_count(classifier),
            "cnn_classify_file_bytes: there must be room for as many probabilities as there are "
            "classes");
    if (n > cnn::kMostPictureBytes) {
      throw cnn::FileError("the picture: error: larger than " +
                           cnn::bytes_text(static_cast<double>(cnn::kMostPictureBytes)));
    }
    const cnn::Image picture = cnn::decode_picture({static_cast<const char*>(bytes), n});
    const cnn::Classification found = classifier->classifier.classify(picture);
    if (found.probabilities.empty()) {
      std::fill_n(probabilities, count, 0.0F);
    } else {
      std::transform(found.probabilities.begin(), found.probabilities.end(), probabilities,
                     [](double p) { return static_cast<float>(p); });
    }
  });
}

void cnn_free(cnn_classifier* classifier) {
  delete classifier;
}
