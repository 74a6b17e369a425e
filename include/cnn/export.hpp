// CNN_EXPORT marks what the shared library offers; everything else is hidden in it.

#pragma once

#if defined(__GNUC__)
#define CNN_EXPORT __attribute__((visibility("default")))
#else
#define CNN_EXPORT
#endif
