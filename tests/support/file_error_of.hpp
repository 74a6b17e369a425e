// What an action that must fail says.

#pragma once

#include <string>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

namespace cnn {

// The message of the FileError that `action` throws; the test fails if it throws none.
template <typename Action>
std::string file_error_of(const Action& action) {
  try {
    action();
  } catch (const FileError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no FileError was thrown";
  return "";
}

}  // namespace cnn
