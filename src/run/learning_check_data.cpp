// check_training_data: what can be seen before the first step.

#include <algorithm>
#include <span>

#include "base/file.hpp"
#include "base/text.hpp"
#include "run/idle_keys.hpp"
#include "run/learning_check.hpp"
#include "run/train_step.hpp"

namespace cnn {
namespace {

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

bool is_blank(std::span<const std::uint8_t> image) {
  return std::ranges::all_of(image, [&](std::uint8_t pixel) { return pixel == image.front(); });
}

void check_images(const TrainingData& data, std::vector<std::string>& messages) {
  const Selection& train = data.split.train;
  if (train.size() < 2) return;
  const std::span<const std::uint8_t> first = data.dataset.image(train.front());
  std::size_t blank = 0;
  bool alike = true;
  for (const std::uint32_t i : train) {
    const std::span<const std::uint8_t> image = data.dataset.image(i);
    if (is_blank(image)) ++blank;
    alike = alike && std::ranges::equal(image, first);
  }
  const std::string where = path_text(data.dataset.origin.images);
  if (alike && blank > 0) {
    messages.push_back("warning: all pixels of all " + counted(train.size(), "training image") +
                       " are " + std::to_string(first.front()) +
                       ": there is nothing to learn from\n  look at " + where);
  } else if (alike) {
    messages.push_back("warning: all " + counted(train.size(), "training image") +
                       " are the same picture: there is nothing to learn from\n  look at " + where);
  } else if (2 * blank >= train.size()) {
    messages.push_back("warning: " + std::to_string(blank) + " of " +
                       counted(train.size(), "training image") +
                       " are blank, all pixels of each are equal: there is nothing to learn from "
                       "them\n  look at " +
                       where);
  }
}

void check_files(const TrainingData& data, std::vector<std::string>& messages) {
  if (const std::string text = left_out_text(data.dataset); !text.empty()) {
    messages.push_back("warning: " + text);
  }
}

void check_labels(const ModelInfo& info, const Network& network, const TrainingData& data,
                  std::vector<std::string>& messages) {
  std::vector<bool> occurs(info.classes.size());
  for (const std::uint32_t i : data.split.train) occurs[data.dataset.labels[i]] = true;
  std::vector<std::string> missing;
  for (std::size_t k = 0; k < occurs.size(); ++k) {
    if (!occurs[k]) missing.push_back(in_quotes(info.classes[k]));
  }
  const std::string where = path_text(data.dataset.origin.labels);
  if (missing.size() + 1 == occurs.size()) {
    const auto only = static_cast<std::size_t>(std::ranges::find(occurs, true) - occurs.begin());
    messages.push_back("warning: all " + counted(data.split.train.size(), "training image") +
                       " are of one class, " + in_quotes(info.classes[only]) +
                       ": there is nothing to tell apart\n  look at " + where);
    return;
  }
  if (missing.empty()) return;
  constexpr std::size_t kMostNamed = 10;
  const std::string more =
      missing.size() > kMostNamed ? ", … (" + std::to_string(missing.size()) + " classes)" : "";
  missing.resize(std::min(missing.size(), kMostNamed));
  // A file of labels 1 … K.
  const bool from_one = !occurs.front() && occurs.back();
  messages.push_back(
      "warning: '" + network.nodes().back().spec.name + "' gives " + std::to_string(occurs.size()) +
      " values, but no training image is of class " + join(missing, ", ") + more + "\n  " +
      (from_one ? "labels count from 0: subtract 1 if those of " + where + " count from 1"
                : "end the network with as many values as there are classes, or add images of "
                  "these"));
}

// Groups of one image, of which a layer such as batch_norm can learn no variance.
void check_groups(const ModelInfo& info, const Network& network, const TrainingData& data,
                  std::vector<std::string>& messages) {
  const auto norm = std::ranges::find_if(
      network.nodes(), [](const Network::Node& node) { return node.plan.couples_samples; });
  if (norm == network.nodes().end()) return;
  const std::size_t images = data.split.train.size();
  const std::size_t batch = std::min(static_cast<std::size_t>(info.config.training.batch), images);
  constexpr std::size_t kGroup = TrainStep::kGroup;
  const auto groups = [](std::size_t size) { return (size + kGroup - 1) / kGroup; };
  const auto lone = [](std::size_t size) { return size % kGroup == 1 ? 1U : 0U; };
  const std::size_t whole = images / batch;
  const std::size_t rest = images % batch;
  // A single one at an epoch's end does no harm.
  if (10 * (whole * lone(batch) + lone(rest)) < whole * groups(batch) + groups(rest)) return;
  messages.push_back(
      "warning: batches of " + counted(batch, "image") +
      (batch > 1 ? ", cut into groups of " + std::to_string(kGroup) + ", leave one image alone"
                 : "") +
      ": '" + norm->spec.name + "' (" + norm->spec.type +
      ") has nothing to compare it with\n  choose a training.batch that is a multiple of " +
      std::to_string(kGroup) + ", or leave " + norm->spec.type + " out");
}

RunLength length_of(const TrainingConfig& training, std::size_t images) {
  const auto batches = (static_cast<std::int64_t>(images) + training.batch - 1) / training.batch;
  return {training.steps > 0 ? training.steps : training.epochs * batches, batches};
}

}  // namespace

std::vector<std::string> check_training_data(const ModelInfo& info, const Network& network,
                                             const TrainingData& data) {
  std::vector<std::string> messages;
  check_files(data, messages);
  check_labels(info, network, data, messages);
  check_images(data, messages);
  check_groups(info, network, data, messages);
  const std::vector<std::string> idle =
      idle_keys(info.config, length_of(info.config.training, data.split.train.size()));
  messages.insert(messages.end(), idle.begin(), idle.end());
  return messages;
}

}  // namespace cnn
