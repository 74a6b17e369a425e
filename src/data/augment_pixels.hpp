// What augmentation does to the values of pixels, not to their positions: strokes, brightness,
// contrast, saturation and hue. Functions without state; any thread may call them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cnn/shape.hpp"

#include "base/view.hpp"

namespace cnn {

// Steps of a pixel in which strokes grow.
constexpr int kThicknessSteps = 256;

// Bytes of the memory in which thicken works: three planes of (H + 2, W + 2).
std::size_t thicken_bytes(const Shape& shape);

// Grows what is lighter than its surroundings by steps/256 pixels, or thins it if steps is
// negative. Over a whole number of pixels n, each pixel becomes the largest value, or the smallest,
// within distance n of it: 1 reaches the four neighbours, 2 reaches two pixels along rows and
// columns and one more in the other direction, and so on (an octagon, the plus and the square of
// 3x3 in turn). A fraction is the mean of the next two whole numbers, weighted and rounded. What
// lies outside the image counts for nothing.
// pixels, result: (C, H, W). Assigns result; `work` has thicken_bytes(shape) bytes, which are
// ignored and assigned.
void thicken(std::span<const std::uint8_t> pixels, const Shape& shape, int steps,
             std::span<std::uint8_t> work, std::span<std::uint8_t> result);

// image ← factor·image, cut to 0 … 255.
void scale_brightness(Real factor, View image);

// The mean of the image in grey, 0.299·R + 0.587·G + 0.114·B for three channels; otherwise the mean
// of all values.
double mean_of_grey(CView image, const Shape& shape);

// image ← factor·image + (1 − factor)·mean_of_grey, cut to 0 … 255.
void scale_contrast(Real factor, const Shape& shape, View image);

// Each pixel ← factor·pixel + (1 − factor)·its grey, cut to 0 … 255. image: (3, H, W).
void scale_saturation(Real factor, View image);

// Turns the hue of each pixel by `turn`, −0.5 … 0.5 of the circle red, yellow, green, cyan, blue,
// magenta; its value max(R, G, B) and its saturation stay. Values are 0 … 255. image: (3, H, W).
void turn_hue(Real turn, View image);

}  // namespace cnn
