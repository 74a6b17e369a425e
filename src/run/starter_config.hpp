// cnn-train --init: a configuration for the pictures that are there.

#pragma once

#include <cstddef>
#include <string>

#include "cnn/shape.hpp"

#include "run/data_survey.hpp"
#include "run/run_config.hpp"

namespace cnn {

// What a configuration is chosen by.
struct StarterFacts {
  std::string name;   // of the run
  std::string place;  // "dir: ../pets", as the section data has it
  Shape shape;        // of the images, as the network is to see them
  std::size_t classes = 0;
  std::size_t images = 0;             // of the training part
  bool keeps_pictures = false;        // and no arrays of one shape
  bool has_one_size = false;          // the pictures have that of `shape`
  bool colours_tell_nothing = false;  // pictures are in colour, and the network sees them in gray
  bool has_validation = false;
  bool has_test = false;
  std::size_t broken = 0;  // pictures that cannot be used
  std::size_t leaked = 0;  // pictures of other parts that the training part has, too
  double imbalance = 1;    // pictures of the largest class per picture of the smallest
};

// `config` is as training would have it without a size; the one of `facts` is chosen by what is
// there. Throws FileError if there is nothing to learn: fewer than two classes.
StarterFacts starter_facts(const DataConfig& config, const DataSurvey& survey);

// The configuration, commented, that trains at once: a small network for drawings in gray, one with
// residual blocks for everything else.
std::string starter_config(const StarterFacts& facts);

}  // namespace cnn
