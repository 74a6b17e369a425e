// Several workers in one group: the bits of one thread alone, whoever takes what.

#include "nn/shared_pass.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "base/workers.hpp"
#include "nn/registry.hpp"
#include "support/allocation_counter.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/random_network.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

// All types of layers and all ways of computing a convolution, in sizes that are cut into pieces.
Network all_layers() {
  const std::vector<LayerSpec> layers = {
      layer_spec("conv", "few_channels", "{count: 20, kernel: 3, pad: 1}"),
      layer_spec("relu", "relu"),
      layer_spec("conv", "winograd_parts", "{count: 20, kernel: 5, pad: 2}"),
      layer_spec("batch_norm", "norm_maps"),
      layer_spec("leaky_relu", "leaky_relu"),
      layer_spec("pool", "pool", "{type: max, kernel: 2}"),
      layer_spec("conv", "winograd_blocks", "{count: 36, kernel: 3, pad: 1, bias: false}"),
      layer_spec("elu", "elu"),
      layer_spec("concat", "both", "{}", {"elu", "pool"}),
      layer_spec("conv", "direct", "{count: 40, kernel: 3, pad: 1, stride: 2}", {"elu"}),
      layer_spec("relu", "of_more_channels", "{}", {"both"}),
      layer_spec("conv", "strided_pointwise", "{count: 40, kernel: 1, stride: 2}"),
      layer_spec("conv", "depthwise", "{count: 40, kernel: 3, pad: 1, groups: 40}", {"direct"}),
      layer_spec("conv", "pointwise", "{count: 40, kernel: 1}"),
      layer_spec("dropout", "dropout", "{rate: 0.25}"),
      layer_spec("conv", "grouped", "{count: 40, kernel: 3, pad: 1, groups: 4}",
                 {"strided_pointwise"}),
      layer_spec("add", "add", "{}", {"dropout", "grouped", "direct"}),
      layer_spec("concat", "concat", "{}", {"add", "depthwise"}),
      layer_spec("fc", "fc_pieces", "{count: 300}"),
      layer_spec("batch_norm", "norm_vector"),
      layer_spec("relu6", "relu6"),
      layer_spec("batch_norm", "norm_frozen", "{freeze: true}"),
      layer_spec("tanh", "tanh"),
      layer_spec("fc", "fc_small", "{count: 10}", {"tanh"}),
      layer_spec("fc", "fc_beside", "{count: 10}", {"tanh"}),
      layer_spec("add", "sum", "{}", {"fc_small", "fc_beside"}),
      layer_spec("sigmoid", "sigmoid"),
  };
  Network network({3, 14, 12}, layers);
  network.initialise(4);
  return network;
}

struct Results {
  std::vector<Values> outputs;
  std::vector<Values> gradients;
  std::vector<std::size_t> samples;

  bool operator==(const Results&) const = default;
};

// Groups of these sizes, their inputs and their outputs' gradients drawn.
class Groups {
 public:
  Groups(const Network& network, std::vector<std::size_t> sizes, Phase phase,
         Keep keep = Keep::output)
      : network_(network), sizes_(std::move(sizes)), phase_(phase) {
    for (const std::size_t n : sizes_) {
      workspaces_.emplace_back(network, std::max<std::size_t>(n, 32), phase, keep);
      gradients_.emplace_back(network);
    }
  }

  void use(const PackedParameters& packed) {
    for (Workspace& workspace : workspaces_) workspace.use(packed);
  }

  Results alone(std::uint32_t seed = 11) {
    draw(seed);
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      network_.forward(workspaces_[k], sizes_[k], position(k));
      if (phase_ == Phase::train) network_.backward(workspaces_[k], sizes_[k], gradients_[k]);
    }
    return results();
  }

  Results shared(Workers& workers, std::size_t* allocations = nullptr) {
    alone(12);  // what is left out must not be found where an equal pass has left it
    draw(11);
    SharedPass pass(network_, workers, sizes_.size());
    std::vector<SharedPass::Group> groups;
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      groups.push_back({sizes_[k], position(k), &gradients_[k]});
    }
    const std::size_t before = allocations_of_this_thread();
    pass.forward(workspaces_, groups);
    if (phase_ == Phase::train) pass.backward(workspaces_, groups);
    if (allocations != nullptr) *allocations = allocations_of_this_thread() - before;
    return results();
  }

  // What the gradients are when backward has passed each of the layers; in the end, all of them.
  std::vector<Values> shared_with_pauses(Workers& workers, const std::vector<std::size_t>& layers) {
    draw(11);
    SharedPass pass(network_, workers, 1, layers);
    const std::vector<SharedPass::Group> groups = {{sizes_[0], position(0), &gradients_[0]}};
    std::vector<Values> found;
    pass.forward(workspaces_, groups);
    pass.backward(workspaces_, groups, [&](std::size_t layer) {
      EXPECT_EQ(layer, layers.at(found.size()));
      found.push_back(values(gradients_[0].values()));
    });
    found.push_back(values(gradients_[0].values()));
    return found;
  }
  std::vector<Values> alone_with_pauses(const std::vector<std::size_t>& layers) {
    draw(11);
    network_.forward(workspaces_[0], sizes_[0], position(0));
    std::vector<Values> found;
    network_.backward(workspaces_[0], sizes_[0], gradients_[0], [&](std::size_t layer) {
      if (found.size() == layers.size() || layer > layers[found.size()]) return;
      EXPECT_EQ(layer, layers[found.size()]);
      found.push_back(values(gradients_[0].values()));
    });
    found.push_back(values(gradients_[0].values()));
    return found;
  }

 private:
  static Network::Position position(std::size_t k) { return {7, 3, 32 * k}; }

  void draw(std::uint32_t seed) {
    Draw draw(seed);
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      const auto assign = [&](View values) {
        draw.integers(values, 100);
        for (Real& value : values) value /= 100;  // sums round
      };
      assign(workspaces_[k].input(sizes_[k]));
      if (phase_ == Phase::train) assign(workspaces_[k].doutput(sizes_[k]));
      gradients_[k].clear();
      // Sums go on from what is there.
      for (Real& value : gradients_[k].values()) value = Real{0.125};
    }
  }

  Results results() {
    Results found;
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      found.outputs.push_back(values(workspaces_[k].output(sizes_[k])));
      found.gradients.push_back(values(gradients_[k].values()));
      found.samples.push_back(gradients_[k].take_samples());
    }
    return found;
  }

  const Network& network_;
  std::vector<std::size_t> sizes_;
  Phase phase_;
  std::vector<Workspace> workspaces_;
  std::vector<Gradients> gradients_;
};

TEST(SharedPass, IsTestedOnEveryTypeOfLayer) {
  std::set<std::string> missing;
  for (const LayerEntry& entry : layer_entries()) missing.emplace(entry.type);
  const Network network = all_layers();
  std::set<Sharing> ways;
  std::set<ChannelCut> cuts;
  for (const Network::Node& node : network.nodes()) {
    missing.erase(node.spec.type);
    ways.insert(node.plan.sharing);
    cuts.insert(node.plan.channel_cut);
    if (node.plan.sharing == Sharing::pieces && node.spec.name == "fc_pieces") {
      EXPECT_GT(node.plan.pieces, 1U);
    }
  }
  EXPECT_EQ(missing, std::set<std::string>());
  EXPECT_EQ(ways.size(), 4U);
  EXPECT_EQ(cuts.size(), 3U);
}

class SharedPassByThreads : public testing::TestWithParam<int> {};

TEST_P(SharedPassByThreads, GivesTheBitsOfOneThread) {
  const Network network = all_layers();
  Workers workers(GetParam());
  const std::vector<std::vector<std::size_t>> cases = {{32},    {1},       {21},
                                                       {32, 5}, {1, 1, 1}, {32, 32, 32, 17}};
  for (const std::vector<std::size_t>& sizes : cases) {
    Groups groups(network, sizes, Phase::train);
    const Results expected = groups.alone();
    const Results found = groups.shared(workers);
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      EXPECT_TRUE(found.outputs[k] == expected.outputs[k]) << "outputs";
      EXPECT_EQ(found.samples[k], expected.samples[k]);
      for (const Parameter& p : network.parameters()) {
        const auto of = [&](const Values& all) {
          return Values(all.begin() + static_cast<std::ptrdiff_t>(p.offset),
                        all.begin() + static_cast<std::ptrdiff_t>(p.offset + p.size));
        };
        EXPECT_TRUE(of(found.gradients[k]) == of(expected.gradients[k]))
            << p.name << ", group " << k << " of " << sizes.size() << " samples " << sizes[k];
      }
    }
  }
}

// Both ways: the gradients that are there when layers have been passed are those of the end.
TEST_P(SharedPassByThreads, TellsWhenGradientsAreThere) {
  Workers workers(GetParam());
  for (std::uint32_t seed = 0; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Network network = seed == 0 ? all_layers() : random_network(seed, false);
    const std::vector<std::size_t> all = network.backward_pauses();
    std::vector<std::size_t> some;
    for (std::size_t i = 0; i < all.size(); i += 3) some.push_back(all[i]);
    Groups groups(network, {21}, Phase::train);
    const Values expected = groups.alone().gradients[0];
    for (const std::vector<std::size_t>& pauses : {all, some}) {
      for (const auto& found :
           {groups.shared_with_pauses(workers, pauses), groups.alone_with_pauses(pauses)}) {
        ASSERT_EQ(found.size(), pauses.size() + 1);
        EXPECT_TRUE(found.back() == expected);
        for (std::size_t i = 0; i < pauses.size(); ++i) {
          for (const Parameter& p : network.parameters()) {
            if (p.layer < pauses[i]) continue;
            const auto begin = static_cast<std::ptrdiff_t>(p.offset);
            EXPECT_TRUE(std::equal(expected.begin() + begin,
                                   expected.begin() + begin + static_cast<std::ptrdiff_t>(p.size),
                                   found[i].begin() + begin))
                << p.name << " at " << pauses[i];
          }
        }
      }
    }
  }
}

TEST_P(SharedPassByThreads, EvaluatesSingleSamplesToTheBitsOfOneThread) {
  const Network network = all_layers();
  Workers workers(GetParam());
  for (const std::size_t samples : {1U, 2U, 5U}) {
    Groups evaluated(network, std::vector<std::size_t>(samples, 1), Phase::evaluate);
    const Results outputs = evaluated.alone();
    EXPECT_TRUE(evaluated.shared(workers) == outputs);
    const PackedParameters packed(network);
    evaluated.use(packed);
    EXPECT_TRUE(evaluated.alone() == outputs);
    EXPECT_TRUE(evaluated.shared(workers) == outputs);
  }
}

TEST_P(SharedPassByThreads, GivesThemForRandomNetworks) {
  Workers workers(GetParam());
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const Network network = random_network(seed, false);
    Groups groups(network, {32, 11}, Phase::train);
    const Results expected = groups.alone();
    EXPECT_TRUE(groups.shared(workers) == expected) << "seed " << seed;
  }
}

// Where tensors take turns in one memory, too.
TEST_P(SharedPassByThreads, EvaluatesRandomNetworksAsWithEveryTensorKept) {
  Workers workers(GetParam());
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const Network network = random_network(seed, false);
    Groups whole(network, {11, 3}, Phase::evaluate, Keep::every_tensor);
    Groups sharing(network, {11, 3}, Phase::evaluate);
    EXPECT_TRUE(sharing.alone() == whole.alone());
    Groups singles(network, {1, 1, 1}, Phase::evaluate, Keep::every_tensor);
    Groups sharing_singles(network, {1, 1, 1}, Phase::evaluate);
    const Results expected = singles.alone();
    EXPECT_TRUE(sharing_singles.alone() == expected);
    EXPECT_TRUE(sharing_singles.shared(workers) == expected);
  }
}

TEST_P(SharedPassByThreads, AllocatesNothing) {
  const Network network = all_layers();
  Workers workers(GetParam());
  Groups groups(network, {32, 7}, Phase::train);
  std::size_t allocations = 1;
  groups.shared(workers, &allocations);
  EXPECT_EQ(allocations, 0U);
}

INSTANTIATE_TEST_SUITE_P(Threads, SharedPassByThreads, testing::Values(1, 2, 3, 4, 7, 16, 64));

TEST(SharedPass, RefusesWorkspacesOfAnotherNetwork) {
  const Network network = all_layers();
  const Network other = random_network(1, false);
  Workers workers(3);
  std::vector<Workspace> workspaces;
  workspaces.emplace_back(other, 32, Phase::train);
  Gradients gradients(network);
  const std::vector<SharedPass::Group> groups = {{8, {}, &gradients}};
  SharedPass pass(network, workers, 1);
  EXPECT_THROW(pass.forward(workspaces, groups), ArgumentError);
  EXPECT_THROW(pass.backward(workspaces, groups), ArgumentError);
  std::vector<Workspace> evaluating;
  evaluating.emplace_back(network, 32, Phase::evaluate);
  EXPECT_THROW(pass.forward(evaluating, groups), ArgumentError);
}

}  // namespace
}  // namespace cnn
