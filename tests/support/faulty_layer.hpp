// A layer whose backward is wrong: any other layer, with its results spoilt.

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "nn/layer.hpp"

namespace cnn {

// Changes what backward has assigned to dinputs and added into dparameters.
using Fault = std::function<void(const BackwardArgs&)>;

class FaultyLayer final : public LayerOf<FaultyLayer> {
 public:
  FaultyLayer(const Layer& layer, Fault fault) : layer_(layer.clone()), fault_(std::move(fault)) {}
  FaultyLayer(const FaultyLayer& other) : FaultyLayer(*other.layer_, other.fault_) {}

  void options(OptionVisitor& visitor) override { layer_->options(visitor); }
  LayerPlan plan(std::span<const Shape> inputs) override { return layer_->plan(inputs); }
  void forward(const ForwardArgs& args) const override { layer_->forward(args); }
  void backward(const BackwardArgs& args) const override {
    layer_->backward(args);
    fault_(args);
  }

 private:
  std::unique_ptr<Layer> layer_;
  Fault fault_;
};

}  // namespace cnn
