// The main program of the test binaries: GoogleTest, with BLAS set up as the commands set it up.

#include <gtest/gtest.h>

#include "cnn/blas.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  cnn::use_single_threaded_blas();
  return RUN_ALL_TESTS();
}
