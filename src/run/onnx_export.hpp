// A model as an ONNX graph that gives cnn-predict's probabilities in any runtime: its
// preprocessing, its layers, and what makes probabilities of the network's outputs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "formats/onnx/model.hpp"
#include "nn/fold.hpp"
#include "run/model.hpp"

namespace cnn {

struct OnnxOptions {
  bool bytes = true;       // the input's type is uint8, which no caller can scale by mistake
  bool raw = false;        // the network alone: from its own input, x, to its outputs, logits
  bool logits = false;     // the network's outputs, too
  std::int64_t batch = 0;  // images per call; 0 = any number
};

// Refers to the values of the model's network, which must outlive it.
struct OnnxExport {
  std::unique_ptr<const FoldedNetwork> folded;
  onnx::Model graph;
};

// Throws FileError for a layer that ONNX has nothing for.
OnnxExport export_onnx(const Model& model, const OnnxOptions& options);

}  // namespace cnn
