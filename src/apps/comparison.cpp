#include "apps/comparison.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "infer/mcnemar.hpp"

namespace cnn::app {
namespace {

// How the images fall out.
struct Counts {
  std::size_t both_right = 0;
  std::size_t only_first = 0;
  std::size_t only_second = 0;
  std::size_t both_wrong = 0;
  std::vector<std::size_t> differ;  // places in the selection: the models name other classes
};

Counts count(const Comparison& c) {
  Counts counts;
  for (std::size_t i = 0; i < c.selection.size(); ++i) {
    const Prediction& a = c.first.predictions[i];
    const Prediction& b = c.second.predictions[i];
    const bool a_right = a.predicted == a.label, b_right = b.predicted == b.label;
    ++(a_right ? (b_right ? counts.both_right : counts.only_first)
               : (b_right ? counts.only_second : counts.both_wrong));
    if (a.predicted != b.predicted) counts.differ.push_back(i);
  }
  return counts;
}

double agreement(const Comparison& c, const Counts& counts) {
  const auto images = static_cast<double>(c.selection.size());
  return 1 - static_cast<double>(counts.differ.size()) / std::max(images, 1.0);
}

}  // namespace

std::string comparison_text(const Comparison& c) {
  constexpr std::size_t kMostShown = 20;
  constexpr double kUnlikely = 0.05;
  const Counts counts = count(c);
  std::string text = c.title + "\n";
  text += fmt::format("first   {:.2f} %  {}\n", 100 * c.first.accuracy(), c.models[0]);
  text += fmt::format("second  {:.2f} %  {}\n", 100 * c.second.accuracy(), c.models[1]);
  text += fmt::format("both right {}, only the first {}, only the second {}, both wrong {}\n",
                      counts.both_right, counts.only_first, counts.only_second, counts.both_wrong);
  text += fmt::format("agreement {:.2f} %\n", 100 * agreement(c, counts));
  const double p = mcnemar_p(counts.only_first, counts.only_second);
  text += fmt::format("McNemar's p = {:.2g}: {}\n", p,
                      p >= kUnlikely ? "these images do not tell which is better"
                      : counts.only_first > counts.only_second ? "the first is better"
                                                               : "the second is better");
  if (counts.differ.empty()) return text;
  const std::size_t shown_images = std::min(counts.differ.size(), kMostShown);
  text += fmt::format("\nthey differ on {} image{}{}\n  index  true, first, second\n",
                      counts.differ.size(), counts.differ.size() == 1 ? "" : "s",
                      shown_images < counts.differ.size()
                          ? fmt::format("; the first {} (--json: all)", kMostShown)
                          : "");
  for (std::size_t i = 0; i < shown_images; ++i) {
    const std::size_t at = counts.differ[i];
    const Prediction& a = c.first.predictions[at];
    const auto name = [&](std::size_t k) { return shown(c.classes[k], c.classes[k].size()); };
    text += fmt::format("  {:>5}  {}, {}, {}\n", c.selection[at], name(a.label), name(a.predicted),
                        name(c.second.predictions[at].predicted));
  }
  return text;
}

std::string comparison_json(const Comparison& c) {
  using Json = nlohmann::ordered_json;
  const Counts counts = count(c);
  Json models = Json::array(), differ = Json::array();
  for (const Evaluation* evaluation : {&c.first, &c.second}) {
    models.push_back({{"file", c.models[models.size()]},
                      {"correct", evaluation->correct},
                      {"accuracy", evaluation->accuracy()}});
  }
  for (const std::size_t at : counts.differ) {
    const Prediction& a = c.first.predictions[at];
    differ.push_back({{"index", c.selection[at]},
                      {"true", c.classes[a.label]},
                      {"first", c.classes[a.predicted]},
                      {"second", c.classes[c.second.predictions[at].predicted]}});
  }
  const Json json = {
      {"images", c.selection.size()},      {"models", std::move(models)},
      {"both_right", counts.both_right},   {"only_first", counts.only_first},
      {"only_second", counts.only_second}, {"both_wrong", counts.both_wrong},
      {"agreement", agreement(c, counts)}, {"p", mcnemar_p(counts.only_first, counts.only_second)},
      {"differ", std::move(differ)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cnn::app
