#include "nn/layer.hpp"

#include <algorithm>

#include "cnn/error.hpp"

namespace cnn {
namespace {

// Keeps the values that it is shown.
class ValueKeeper final : public OptionVisitor {
 public:
  const std::vector<OptionValue>& values() const { return values_; }

  void integer(std::string_view, std::int64_t& value, Bounds, Presence) override { keep(value); }
  void real(std::string_view, double& value, Bounds, Presence) override { keep(value); }
  void size2(std::string_view, Size2& value, Bounds, Presence) override { keep(value); }
  void boolean(std::string_view, bool& value) override { keep(value); }
  void one_of(std::string_view, std::size_t& index, std::span<const std::string_view> names,
              Presence) override {
    keep(names[index]);
  }

 private:
  void keep(const OptionValue& value) { values_.emplace_back(value); }

  std::vector<OptionValue> values_;
};

// Gives a layer the values of another of its type, one after the other. What it finds is the
// default beside the values that it has given so far, and a default depends on no later option.
class Describer final : public OptionVisitor {
 public:
  Describer(const std::vector<OptionValue>& values, OptionSink& sink)
      : next_(values.begin()), sink_(sink) {}

  void integer(std::string_view key, std::int64_t& value, Bounds, Presence presence) override {
    value = describe(key, value, presence);
  }
  void real(std::string_view key, double& value, Bounds, Presence presence) override {
    value = describe(key, value, presence);
  }
  void size2(std::string_view key, Size2& value, Bounds, Presence presence) override {
    value = describe(key, value, presence);
  }
  void boolean(std::string_view key, bool& value) override {
    value = describe(key, value, Presence::optional);
  }
  void one_of(std::string_view key, std::size_t& index, std::span<const std::string_view> names,
              Presence presence) override {
    const std::string_view name = describe(key, names[index], presence);
    index = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  }

 private:
  template <typename Value>
  Value describe(std::string_view key, const Value& found, Presence presence) {
    const Value value = std::get<Value>(*next_++);
    sink_.option({key, value, presence != Presence::required && value == found});
    return value;
  }

  std::vector<OptionValue>::const_iterator next_;
  OptionSink& sink_;
};

}  // namespace

void describe_options(Layer& layer, Layer& fresh, OptionSink& sink) {
  ValueKeeper keeper;
  layer.options(keeper);
  Describer describer(keeper.values(), sink);
  fresh.options(describer);
}

const Shape& only_input(std::span<const Shape> inputs) {
  if (inputs.size() != 1) {
    throw ShapeError("takes one input, got " + std::to_string(inputs.size()) +
                     "; join them first with add or concat");
  }
  return inputs.front();
}

}  // namespace cnn
