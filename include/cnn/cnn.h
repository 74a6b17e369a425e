/* The library for programs in C, and in all languages that call C: a trained model that says what
 * pictures show, as cnn::Classifier (classifier.hpp) does.
 *
 * A classifier is used by one thread at a time; several classifiers may be used at once. Texts are
 * UTF-8. Where a function takes `error`, it is room for `error_size` bytes, or NULL: a call that
 * fails leaves its message there, cut if it is too long and always ended by a NUL. One that
 * succeeds leaves an empty text. */

#ifndef CNN_CNN_H
#define CNN_CNN_H

#include <stddef.h>

#include "cnn/export.hpp"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_classifier cnn_classifier;

/* Reads a model. NULL if it cannot be read or is none. What is returned is freed by cnn_free. */
CNN_EXPORT cnn_classifier* cnn_load(const char* path, char* error, size_t error_size);

/* One class for each of the network's outputs. 0 for NULL. */
CNN_EXPORT size_t cnn_class_count(const cnn_classifier* classifier);

/* The name of class k, which lives as long as the classifier; NULL if there is no such class. */
CNN_EXPORT const char* cnn_class_name(const cnn_classifier* classifier, size_t k);

/* Classifies a picture: the n bytes of a PNG, JPEG, WebP, GIF, BMP or PNM file, of any size and
 * colour. Assigns the probability of each class; `count` must be their number. All are 0 if nothing
 * is drawn on the picture. Returns 0, or the exit code that the commands have for such a mistake: 2
 * for an argument that makes no sense, 3 for a picture or a model that is broken, and if there is
 * not enough memory, 1 for a fault of the library. Then nothing is assigned but the message. */
CNN_EXPORT int cnn_classify_file_bytes(cnn_classifier* classifier, const void* bytes, size_t n,
                                       float* probabilities, size_t count, char* error,
                                       size_t error_size);

/* Nothing happens for NULL. */
CNN_EXPORT void cnn_free(cnn_classifier* classifier);

#ifdef __cplusplus
}
#endif

#endif /* CNN_CNN_H */
