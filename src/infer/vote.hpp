// Voting: an image's classes from the mean of several probabilities, of several models, of several
// copies of the image, or of both.

#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cnn/dataset.hpp"

#include "data/selection.hpp"
#include "infer/evaluate.hpp"
#include "nn/loss.hpp"

namespace cnn {

// A copy of an image: left and right are swapped or not, then it is moved by whole pixels.
struct PixelShift {
  int down = 0;
  int right = 0;
  bool flip = false;

  bool operator==(const PixelShift&) const = default;
};

// The image itself and its copies shifted by one pixel up, down, left, right and diagonally.
std::vector<PixelShift> neighbour_shifts();

// The image itself and its mirror image.
std::vector<PixelShift> mirror_images();

// The copies that a word stands for: shifts, flip, or none for the image alone. Throws
// ArgumentError for another one.
std::vector<PixelShift> copies_called(std::string_view name);

// The images, each mirrored and moved as a whole; what comes from outside is 0, the background of
// light-on-dark images.
Dataset shifted(const Dataset& dataset, PixelShift shift);

// Who votes: a network, what it was trained for, and what its outputs stand for. The network and
// the names must outlive the object.
struct Voter {
  Inference& inference;
  Loss loss;
  const std::vector<std::string>& classes;
};

// Sums class probabilities over whatever is added, in the order in which it is, so that the result
// is the same for any number of workers. Used by one thread at a time.
class Vote {
 public:
  // On `images` images; results are in the order of `classes`.
  Vote(std::size_t images, std::vector<std::string> classes);

  // Adds what the voter says of each selected image, once for each of the shifts: by default, of
  // the image as it is. Its classes count by their names, in whatever order it has them. Throws
  // DivergedError if an output is not finite; ArgumentError for another number of images, one that
  // is not there, or a voter on classes of other names; ShapeError if the images, or the number of
  // names, are not those of the network.
  // Once `stop` is true it goes no further; the result is false then, and the sums are of no use.
  bool add(const Voter& voter, const Dataset& dataset, const Selection& selection,
           const std::vector<PixelShift>& shifts = {PixelShift{}},
           const std::atomic<bool>& stop = Inference::kNever);

  // By the mean probability p: the class of the largest, and as loss the mean of −log p_y (a
  // probability of 0 counts as the smallest above). Throws ArgumentError if nothing was added, for
  // another number of images, and for a label that is none of the classes.
  Evaluation evaluation(const Dataset& dataset, const Selection& selection) const;

 private:
  void require_number(std::size_t images) const;
  // The voter's output for each class.
  std::vector<std::size_t> order_of(const Voter& voter) const;

  std::size_t images_;
  std::vector<std::string> classes_;
  std::size_t voters_ = 0;
  std::vector<double> sums_;  // (images, classes_)
};

}  // namespace cnn
