// Lines over epochs, or over the values of a key: where everything stands in the drawing. What it
// looks like is the matter of templates/line_chart.svg and style.css.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/template.hpp"

namespace cnn::report {

struct Point {
  double x;
  double y;  // where it is not finite the line is broken
};

// Around a line: the deviation of what it is the mean of.
struct Spread {
  double x;
  double low;
  double high;
};

struct Line {
  std::string name;   // of the legend: "training"
  std::string style;  // class in style.css: "train"
  std::vector<Point> points;
  std::vector<Spread> band = {};
};

enum class Scale { plain, percent, logarithmic };

struct LineChart {
  std::string title;  // "Loss"
  std::string x_name = "epoch";
  Scale scale = Scale::plain;  // logarithmic: plain where a value is not positive or all are close
  std::vector<Line> lines;
  double height = 230;
  bool begins_at_zero = false;
  std::vector<std::string> x_names = {};  // x is a place in them, where there are any
};

// The fields of line_chart.svg. At most 400 points of each line are drawn, the last one among them.
Fields line_chart_fields(const LineChart& chart);

}  // namespace cnn::report
