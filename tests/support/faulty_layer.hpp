// A layer whose backward is wrong: any other layer, with its results spoilt.

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "nn/layer.hpp"

namespace cnn {

// Changes what backward has assigned to dinputs and added into dparameters.
using Fault = std::function<void(const BackwardArgs&)>;

class FaultyLayer final : public Layer {
 public:
  FaultyLayer(const Layer& layer, Fault fault) : layer_(layer.clone()), fault_(std::move(fault)) {}

  std::unique_ptr<Layer> clone() const override {
    return std::make_unique<FaultyLayer>(*layer_, fault_);
  }
  void describe(OptionSink& sink) const override { layer_->describe(sink); }
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
