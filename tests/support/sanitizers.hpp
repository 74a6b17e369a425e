// Does this build carry a sanitizer with memory, a heap and a pace of its own?

#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CNN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CNN_SANITIZED 1
#endif
#endif
#ifndef CNN_SANITIZED
#define CNN_SANITIZED 0
#endif

namespace cnn {

inline constexpr bool kSanitized = CNN_SANITIZED != 0;

}  // namespace cnn
