#include "report/calibration.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/numbers.hpp"

namespace cnn::report {
namespace {

// The square of the diagram, as calibration.svg has it.
constexpr double kLeft = 46;
constexpr double kTop = 10;
constexpr double kSide = 240;
constexpr double kCounts = 34;  // height of the bars of counts below

}  // namespace

Calibration calibrate(const std::vector<Prediction>& predictions) {
  Calibration result;
  for (const Prediction& p : predictions) {
    const auto bin = static_cast<std::size_t>(p.probability * Calibration::kBins);
    Calibration::Bin& b = result.bins[std::min(bin, Calibration::kBins - 1)];
    ++b.images;
    b.accuracy += p.predicted == p.label ? 1 : 0;
    b.probability += p.probability;
  }
  for (Calibration::Bin& b : result.bins) {
    if (b.images == 0) continue;
    const auto images = static_cast<double>(b.images);
    b.accuracy /= images;
    b.probability /= images;
    result.error +=
        images / static_cast<double>(predictions.size()) * std::abs(b.accuracy - b.probability);
  }
  return result;
}

Fields calibration_fields(const Calibration& calibration) {
  Fields fields;
  fields.text("ece", fmt::format("{:.4f}", calibration.error));
  std::size_t most = 1;
  for (const Calibration::Bin& b : calibration.bins) most = std::max(most, b.images);
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    fields.add("ticks", Fields()
                            .text("x", coordinate(kLeft + share * kSide))
                            .text("y", coordinate(kTop + (1 - share) * kSide))
                            .text("text", fmt::format("{:g}", share)));
  }
  constexpr double kWidth = kSide / Calibration::kBins;
  for (std::size_t i = 0; i < Calibration::kBins; ++i) {
    const Calibration::Bin& b = calibration.bins[i];
    const double low = static_cast<double>(i) / Calibration::kBins;
    const double tall = kCounts * static_cast<double>(b.images) / static_cast<double>(most);
    const std::string range = fmt::format("{:.1f} to {:.1f}", low, low + 0.1);
    const std::string accuracy = b.images == 0 ? "–" : percent(b.accuracy);
    const std::string probability = b.images == 0 ? "–" : percent(b.probability);
    Fields bin;
    bin.text("x", coordinate(kLeft + low * kSide + 2)).text("width", coordinate(kWidth - 4));
    bin.text("y", coordinate(kTop + (1 - b.accuracy) * kSide));
    bin.text("height", coordinate(b.accuracy * kSide));
    bin.text("count_y", coordinate(kTop + kSide + 24 + kCounts - tall));
    bin.text("count_height", coordinate(b.images == 0 ? 0 : std::max(tall, 1.0)));
    bin.text("range", range).text("images", grouped(b.images));
    bin.text("accuracy", accuracy).text("probability", probability);
    bin.show("filled", b.images > 0);
    fields.add("bins", std::move(bin));
  }
  return fields;
}

}  // namespace cnn::report
