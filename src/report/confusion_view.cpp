#include "report/confusion_view.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/file.hpp"
#include "report/calibration.hpp"
#include "report/numbers.hpp"
#include "report/pictures.hpp"

namespace cnn::report {
namespace {

constexpr std::size_t kLargestMatrix = 50;  // classes; above, a list of the worst cells
constexpr std::size_t kMostConfused = 100;
constexpr std::size_t kMostClasses = 1000;  // rows of the table of classes
constexpr std::size_t kPictureBytes = 1'000'000;

using Places = std::vector<std::size_t>;  // in the selection

class Results {
 public:
  explicit Results(ScoredRun& run)
      : run_(run),
        predictions_(run.evaluation().predictions),
        names_(run.info().classes),
        confusion_(names_.size(), predictions_) {}

  void add(Fields& fields) {
    add_headline(fields);
    add_mistakes(fields);
    if (names_.size() <= kLargestMatrix) {
      add_matrix(fields);
    } else {
      add_confused(fields);
    }
    add_classes(fields);
    add_calibration(fields);
  }

 private:
  bool is_wrong(std::size_t place) const {
    return predictions_[place].predicted != predictions_[place].label;
  }

  void add_headline(Fields& fields) const {
    const Evaluation& evaluation = run_.evaluation();
    const ProportionInterval interval = wilson_interval(evaluation.correct, predictions_.size());
    fields.show("scored");
    fields.text("accuracy", fmt::format("{:.2f}", 100 * evaluation.accuracy()));
    fields.text("interval",
                fmt::format("{:.2f} – {:.2f}", 100 * interval.low, 100 * interval.high));
    fields.text("correct", grouped(evaluation.correct))
        .text("images", grouped(predictions_.size()));
    constexpr double kLong = 1e6;
    fields.text("test_loss", evaluation.loss < kLong ? fmt::format("{:.4f}", evaluation.loss)
                                                     : fmt::format("{:.3e}", evaluation.loss));
    fields.text("part", std::string(part_name(run_.part())));
    fields.text("set", display_path(run_.dataset().origin.images));
  }

  // The first `most` of those that `wanted` takes, by probability.
  template <typename Wanted>
  Places extremes(std::size_t most, bool highest_first, const Wanted& wanted) const {
    Places places;
    for (std::size_t i = 0; i < predictions_.size(); ++i) {
      if (wanted(i)) places.push_back(i);
    }
    std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
      const double pa = predictions_[a].probability, pb = predictions_[b].probability;
      return highest_first ? pa > pb : pa < pb;
    });
    places.resize(std::min(places.size(), most));
    return places;
  }

  void add_mistakes(Fields& fields) {
    const std::size_t most = names_.size() <= kLargestMatrix ? 40 : 10;
    const std::size_t wrong = predictions_.size() - run_.evaluation().correct;
    fields.text("mistakes", counted(wrong, "mistake"));
    fields.show("faultless", wrong == 0 && !predictions_.empty());
    add_pictures(fields, "most_wrong",
                 extremes(most, true, [&](std::size_t i) { return is_wrong(i); }));
    constexpr double kSure = 0.9995;  // 100.0 %
    const Places unsure =
        extremes(most, false, [&](std::size_t i) { return predictions_[i].probability < kSure; });
    fields.show("is_unsure", !unsure.empty());
    add_pictures(fields, "least_sure", unsure);
  }

  void add_pictures(Fields& fields, const std::string& list, const Places& places) {
    const std::vector<std::vector<double>> odds = run_.probabilities(places);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!add_picture(fields, list, places[i], &odds[i])) return;
    }
  }

  // False once pictures have taken what they may.
  bool add_picture(Fields& fields, const std::string& list, std::size_t place,
                   const std::vector<double>* odds) {
    const std::uint32_t index = run_.selection()[place];
    const Dataset& data = run_.dataset();
    const std::optional<std::string> uri =
        budget_.uri(small_picture(data.image(index), data.shape));
    if (!uri) return false;
    const Prediction& p = predictions_[place];
    const bool wrong = is_wrong(place);
    Fields picture;
    picture.text("uri", *uri).text("label", names_[p.label]).text("predicted", names_[p.predicted]);
    picture.text("name", run_.image_name(index));
    picture.text("probability", percent(p.probability));
    picture.text("alt", fmt::format("{}, taken for {}", names_[p.label], names_[p.predicted]));
    picture.show("wrong", wrong).show("right", !wrong).show("all", odds == nullptr);
    if (odds != nullptr) add_odds(picture, *odds, p.label);
    fields.add(list, std::move(picture));
    return true;
  }

  // The three most probable classes, and the true one.
  void add_odds(Fields& picture, const std::vector<double>& odds, std::size_t label) const {
    constexpr std::size_t kTop = 3;
    Places order(odds.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t top = std::min(kTop, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        return odds[a] != odds[b] ? odds[a] > odds[b] : a < b;
                      });
    order.resize(top);
    if (std::find(order.begin(), order.end(), label) == order.end()) order.back() = label;
    for (const std::size_t k : order) {
      Fields row;
      row.text("class", names_[k]).text("share", fmt::format("{:.1f}", 100 * odds[k]));
      row.show("is_true", k == label);
      picture.add("odds", std::move(row));
    }
  }

  static std::string anchor(const ConfusedPair& cell) {
    return fmt::format("cell-{}-{}", cell.label, cell.predicted);
  }

  // The pictures of each wrong cell, the fullest first; which cells have some.
  std::map<std::pair<std::size_t, std::size_t>, bool> add_cells(Fields& fields) {
    constexpr std::size_t kMostInACell = 12;
    std::map<std::pair<std::size_t, std::size_t>, Places> members;
    for (std::size_t i = 0; i < predictions_.size(); ++i) {
      if (is_wrong(i)) members[{predictions_[i].label, predictions_[i].predicted}].push_back(i);
    }
    std::map<std::pair<std::size_t, std::size_t>, bool> shown;
    for (const ConfusedPair& cell : most_confused(confusion_, members.size())) {
      const Places& places = members[{cell.label, cell.predicted}];
      Fields group;
      group.text("anchor", anchor(cell)).text("label", names_[cell.label]);
      group.text("predicted", names_[cell.predicted]).text("count", grouped(cell.count));
      group.show("cut", places.size() > kMostInACell);
      for (std::size_t i = 0; i < std::min(places.size(), kMostInACell); ++i) {
        if (!add_picture(group, "pictures", places[i], nullptr)) break;
      }
      if (budget_.is_spent()) break;
      fields.add("cells", std::move(group));
      shown[{cell.label, cell.predicted}] = true;
    }
    fields.show("cells_cut", budget_.is_spent());
    return shown;
  }

  void add_matrix(Fields& fields) {
    const auto linked = add_cells(fields);
    std::size_t most = 1;
    for (const ConfusedPair& cell : most_confused(confusion_, 1)) most = cell.count;
    fields.show("matrix");
    constexpr std::size_t kShort = 3;
    const bool short_names = std::all_of(names_.begin(), names_.end(), [](const std::string& name) {
      return name.size() <= kShort;
    });
    fields.text("matrix_style", fmt::format("{}{}", short_names ? "short" : "long",
                                            names_.size() > 20 ? " dense" : ""));
    for (const std::string& name : names_) fields.add("columns", Fields().text("class", name));
    for (std::size_t label = 0; label < names_.size(); ++label) {
      const std::vector<std::size_t> row = confusion_.row(label);
      const std::size_t images = std::accumulate(row.begin(), row.end(), std::size_t{0});
      Fields item;
      item.text("class", names_[label]);
      for (std::size_t k = 0; k < row.size(); ++k) {
        item.add("row_cells", cell_fields({label, k, row[k]}, k == label ? images : most,
                                          linked.contains({label, k})));
      }
      fields.add("rows", std::move(item));
    }
  }

  Fields cell_fields(const ConfusedPair& cell, std::size_t most, bool linked) const {
    const double share =
        most == 0 ? 0 : static_cast<double>(cell.count) / static_cast<double>(most);
    const bool right = cell.label == cell.predicted;
    constexpr double kLightest = 0.08, kDarkest = 0.55;
    Fields fields;
    fields.text("count", std::to_string(cell.count)).text("style", right ? "hit" : "miss");
    fields.text("tint", fmt::format("{:.2f}", cell.count == 0 ? 0
                                                              : kLightest + (kDarkest - kLightest) *
                                                                                std::sqrt(share)));
    fields.text("says", fmt::format("{} taken for {}: {}", names_[cell.label],
                                    names_[cell.predicted], cell.count));
    fields.show("zero", cell.count == 0);
    fields.show("linked", linked).show("plain", cell.count > 0 && !linked);
    fields.text("anchor", anchor(cell));
    return fields;
  }

  void add_confused(Fields& fields) const {
    const std::vector<ConfusedPair> pairs = most_confused(confusion_, kMostConfused);
    fields.show("confused", !pairs.empty());
    for (const ConfusedPair& pair : pairs) {
      fields.add("pairs", Fields()
                              .text("label", names_[pair.label])
                              .text("predicted", names_[pair.predicted])
                              .text("count", grouped(pair.count)));
    }
  }

  void add_classes(Fields& fields) const {
    const std::vector<ClassMetrics> metrics = class_metrics(confusion_);
    Places order(metrics.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    fields.show("many_classes", order.size() > kLargestMatrix);
    fields.show("classes_cut", order.size() > kMostClasses);
    if (order.size() > kMostClasses) {
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return metrics[a].f1 < metrics[b].f1; });
      order.resize(kMostClasses);
    }
    fields.show("per_class", !order.empty());
    for (const std::size_t k : order) {
      const ClassMetrics& m = metrics[k];
      fields.add("class_rows", Fields()
                                   .text("class", names_[k])
                                   .text("class_images", grouped(m.images))
                                   .text("precision", fmt::format("{:.4f}", m.precision))
                                   .text("recall", fmt::format("{:.4f}", m.recall))
                                   .text("f1", fmt::format("{:.4f}", m.f1)));
    }
  }

  void add_calibration(Fields& fields) const {
    if (predictions_.empty()) return;
    fields.add("calibration", calibration_fields(calibrate(predictions_)));
  }

  ScoredRun& run_;
  const std::vector<Prediction>& predictions_;
  const std::vector<std::string>& names_;
  Confusion confusion_;
  PictureBudget budget_{kPictureBytes};
};

}  // namespace

void add_results(Fields& fields, ScoredRun& run) {
  Results(run).add(fields);
}

}  // namespace cnn::report
