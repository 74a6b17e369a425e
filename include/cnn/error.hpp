// The typed errors of the library. A user's mistake throws one of these in every build; `assert` is
// for our own bugs.
//
// what() is a complete message: the place first, what was found, what was expected, one next step.
// The commands map the type to the exit code: ConfigError, ShapeError and NetworkError 2, FileError
// 3, DivergedError 4.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "cnn/export.hpp"

namespace cnn {

class CNN_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The configuration or an option is wrong. Holds all diagnostics of the file, one after the other.
class CNN_EXPORT ConfigError : public Error {
 public:
  using Error::Error;
};

// Something has not the size or shape that is needed: a layer's input, an image, a tensor. Thrown
// by Layer::plan it says nothing of the place, which the network adds.
class CNN_EXPORT ShapeError : public Error {
 public:
  using Error::Error;
};

// A function of the library cannot do what its caller asks for, whatever the sizes: an image beyond
// the last, a label without a class, more samples than there is room for. Nothing has changed then,
// unless the function says otherwise. The commands let none of these happen.
class CNN_EXPORT ArgumentError : public Error {
 public:
  using Error::Error;
};

// A layer of a network cannot be planned. what() gives the layer, the reason and the trail of
// shapes that led there; `layer` is its place in the network, for whoever knows the place in the
// file.
class CNN_EXPORT NetworkError : public Error {
 public:
  NetworkError(const std::string& message, std::size_t place) : Error(message), layer(place) {}

  std::size_t layer;
};

// A data, image or model file is missing, broken, or cannot be written.
class CNN_EXPORT FileError : public Error {
 public:
  using Error::Error;
};

// Training left the finite numbers.
class CNN_EXPORT DivergedError : public Error {
 public:
  using Error::Error;
};

}  // namespace cnn
