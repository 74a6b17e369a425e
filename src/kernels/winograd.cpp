#include "kernels/winograd.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>

#include "base/vectors.hpp"
#include "kernels/blas.hpp"
#include "kernels/lane_product.hpp"
#include "kernels/winograd_transforms.hpp"

namespace cnn {

using namespace winograd;

static_assert(kLanes % kProductLanes == 0);

// The contents of the scratch.
struct Winograd::Memory {
  Pixels input;              // one padded image
  Pixels output;             // one output, rounded up to whole tiles
  Kernels kernels;           // (C, F)
  Kernels backward_kernels;  // (F, C)
  std::size_t dweight_pitch, input_pitch, output_pitch;

  // (36, C, F), or (36, F, C) on the way back: the first, so that it may be shared.
  const Real* weight;
  Real* dweight;        // (36, C, F)
  Real* input_points;   // (36, T, C)
  Real* output_points;  // (36, T, F)
  Real* input_pixels;
  Real* dinput_pixels;
  Real* output_pixels;
  std::size_t size;

  // The matrix of one point.
  static Matrix matrix(Real* points, std::size_t pitch, int point, int rows, int columns) {
    Matrix m(points + static_cast<std::size_t>(point) * pitch, rows, columns);
    m.stride = round_up(columns, kLanes);
    return m;
  }
};

namespace {

// BLAS packs both matrices for every product of dweight: up to this extent, that costs more than it
// gains.
constexpr int kLargestSquare = 96 * 96;

// The points of kernels in panels, of so many columns side by side each: a product reads a panel
// from one end to the other.
struct Panels {
  Kernels kernels;
  int size;    // pixels of a kernel in each direction
  int widest;  // the last may have fewer columns

  // Calls panel(first column, columns) for the panels that columns first … last-1 stand in.
  template <typename Panel>
  void for_each(int first, int last, const Panel& panel) const {
    for (int begin = first / widest * widest; begin < last; begin += widest) {
      panel(begin, std::min(widest, kernels.lanes() - begin));
    }
  }

  std::size_t pitch() const { return pitch_of(kernels.rows, kernels.lanes()); }

  // The part's rows of all panels.
  void pack(const PartOf& part, CView weight, Real* to) const {
    const PartOf::Range rows = part.range(kernels.rows);
    for_each(0, kernels.columns, [&](int begin, int lanes) {
      Kernels panel = kernels;
      panel.rows = rows.last - rows.first;
      panel.columns = std::min(lanes, kernels.columns - begin);
      points_of_weight(size, panel,
                       weight.data() + static_cast<std::size_t>(begin) * kernels.column_step +
                           static_cast<std::size_t>(rows.first) * kernels.row_step,
                       pitch(), to + product(begin, kernels.rows) + product(rows.first, lanes));
    });
  }

  // c ← a·(the columns of one point's panels, from `first` on). The bits of a row of c depend on
  // nothing but the row of a.
  void multiply(const ConstMatrix& a, const Real* points, int first, const Matrix& c) const {
    const int last = first + c.stride;
    for_each(first, last, [&](int begin, int lanes) {
      const int from = std::max(begin, first);
      const int to = std::min(begin + lanes, last);
      cnn::multiply({.rows = static_cast<std::size_t>(a.rows),
                     .inner = static_cast<std::size_t>(a.columns),
                     .lanes = static_cast<std::size_t>(to - from),
                     .a = a.data,
                     .a_row_step = static_cast<std::size_t>(a.stride),
                     .a_inner_step = 1,
                     .b = points + product(begin, a.columns) + (from - begin),
                     .b_step = static_cast<std::size_t>(lanes),
                     .c = c.data + (from - first),
                     .c_step = static_cast<std::size_t>(c.stride)});
    });
  }
};

// c ← aᵀ·b, or c += aᵀ·b. The bits of a row of c depend on nothing but the column of a.
void multiply_columns(const Matrix& a, const Matrix& b, bool adds, const Matrix& c) {
  multiply({.rows = static_cast<std::size_t>(a.columns),
            .inner = static_cast<std::size_t>(a.rows),
            .lanes = static_cast<std::size_t>(c.stride),
            .a = a.data,
            .a_row_step = 1,
            .a_inner_step = static_cast<std::size_t>(a.stride),
            .b = b.data,
            .b_step = static_cast<std::size_t>(b.stride),
            .c = c.data,
            .c_step = static_cast<std::size_t>(c.stride),
            .adds = adds});
}

// The same for a part of the rows of c, whose bits may depend on which rows they are.
void multiply_columns_by_blas(const Matrix& a, const Matrix& b, bool adds, const Matrix& c,
                              const PartOf& part) {
  const auto [first, last] = part.range(c.rows);
  if (first == last) return;
  Matrix columns = a;
  columns.data += first;
  columns.columns = last - first;
  Matrix rows = c;
  rows.data += product(first, c.stride);
  rows.rows = last - first;
  gemm(columns, Transpose::yes, b, Transpose::no, adds ? 1 : 0, rows);
}

}  // namespace

bool Winograd::applies(const Window& window) {
  return window.stride == Size2{1, 1} && window.dilation == Size2{1, 1} &&
         window.kernel.height == window.kernel.width &&
         (window.kernel.height == 3 || window.kernel.height == 5);
}

bool Winograd::pays(const Window& window, int count) {
  if (!applies(window)) return false;
  const Winograd winograd(window, count);
  const double tiles = double(winograd.tile_rows_) * winograd.tile_columns_;
  const double channels = window.input.channels;
  const double plain = double(window.patch()) * window.positions() * count;
  // A transform costs about as much as kTransform multiplications per value.
  constexpr double kTransform = 1;
  const double here = kPoints * tiles * (channels * count + kTransform * (channels + count));
  // Where channels are few, the transforms cost more than what they save over direct convolution,
  // which then runs near the processor's peak. Those of larger kernels serve fewer outputs.
  const int fewest = window.kernel.height == 3 ? 12 : 20;
  return channels >= fewest && count >= fewest && plain > here;
}

Winograd::Winograd(const Window& window, int count)
    : window_(window), count_(count), outputs_(kTile + 1 - window.kernel.height) {
  assert(applies(window));
  tile_rows_ = (window.output.height + outputs_ - 1) / outputs_;
  tile_columns_ = (window.output.width + outputs_ - 1) / outputs_;
  // Enough tiles for matrix products to be efficient, few enough for the cache.
  constexpr int kTiles = 96;
  constexpr int kMostImages = 16;
  block_rows_ = std::clamp(kTiles / tile_columns_, 1, tile_rows_);
  if (block_rows_ == tile_rows_) {
    const auto most = static_cast<unsigned>(std::max(1, kTiles / (tile_rows_ * tile_columns_)));
    block_images_ = std::min(static_cast<int>(std::bit_floor(most)), kMostImages);
  }
  // A part of few images keeps more threads busy, one of many transforms dweight less often: that
  // of large kernels counts.
  constexpr int kFewKernels = 128 * 128;
  const bool large = std::int64_t{window.input.channels} * count > kFewKernels;
  part_ = std::max(block_images_, large ? kMostImages : kMostImages / 2);
  constexpr int kFewestRows = 16;
  const int tiles = tile_rows_ * tile_columns_;
  const auto images = std::bit_ceil(static_cast<unsigned>((kFewestRows + tiles - 1) / tiles));
  fewest_ = std::min(static_cast<int>(images), block_images_);
  // Two vectors, so many rows of which hide the latency of a multiply-add; few rows need four.
  constexpr int kFewTiles = 3;
  const int vectors = tile_rows_ * tile_columns_ <= kFewTiles ? 4 : 2;
  panel_ = vectors * (vector_level() == VectorLevel::x86_64_v4 ? 16 : 8);
}

Winograd::Memory Winograd::divide(View scratch) const {
  const int channels = round_up(window_.input.channels, kLanes);
  const int filters = round_up(count_, kLanes);
  const int tiles = block_images_ * block_rows_ * tile_columns_;
  Memory memory{};
  memory.input = {tile_rows_ * outputs_ + window_.kernel.height - 1,
                  tile_columns_ * outputs_ + window_.kernel.width - 1, channels};
  memory.output = {tile_rows_ * outputs_, tile_columns_ * outputs_, filters};
  memory.kernels = rows_of_channels(window_.kernel.height, count_, window_.input.channels);
  memory.backward_kernels = rows_of_filters(window_.kernel.height, count_, window_.input.channels);
  memory.dweight_pitch = pitch_of(window_.input.channels, filters);
  memory.input_pitch = pitch_of(tiles, channels);
  memory.output_pitch = pitch_of(tiles, filters);
  const auto take = [&](std::size_t size) {
    Real* const begin = scratch.empty() ? nullptr : scratch.data() + memory.size;
    memory.size += size;
    return begin;
  };
  memory.weight = take(std::max(packed(Way::forward), packed(Way::back)));
  memory.dweight = take(kPoints * memory.dweight_pitch);
  memory.input_points = take(kPoints * memory.input_pitch);
  memory.output_points = take(kPoints * memory.output_pitch);
  memory.input_pixels = take(memory.input.size());
  memory.dinput_pixels = take(memory.input.size());
  memory.output_pixels = take(memory.output.size());
  assert(scratch.empty() || memory.size <= scratch.size());
  return memory;
}

std::size_t Winograd::scratch() const {
  return divide({}).size;
}

template <typename Block>
void Winograd::for_blocks(std::size_t n, const Block& block) const {
  const auto images = static_cast<std::size_t>(block_images_);
  for (std::size_t i = 0; i < n; i += images) {
    for (int row = 0; row < tile_rows_; row += block_rows_) {
      block(i, std::min(images, n - i), row, std::min(block_rows_, tile_rows_ - row));
    }
  }
}

void Winograd::forward(std::size_t n, Filters filters, CView x, CView weight, CView packed,
                       CView bias, View y, View scratch, const OutputRange& range) const {
  const Memory m = divide(scratch);
  const Panels panels{m.kernels, window_.kernel.height, panel_};
  if (packed.empty()) pack(Way::forward, {}, weight, scratch);
  const Real* const points = packed.empty() ? m.weight : packed.data();
  const std::size_t all_filters = static_cast<std::size_t>(count_);
  const int some = static_cast<int>(filters.last - filters.first);
  const int channels = window_.input.channels;
  const Shape output{some, window_.output.height, window_.output.width};
  const std::size_t plane = product(output.height, output.width);
  const Pixels pixels{m.output.rows, m.output.columns, round_up(some, kLanes)};
  std::fill_n(m.input_pixels, m.input.size(), Real{0});
  for_blocks(n, [&](std::size_t first, std::size_t images, int row, int rows) {
    const Tiles tiles{row, rows, tile_columns_, outputs_};
    const int image_tiles = rows * tile_columns_;
    for (std::size_t i = 0; i < images; ++i) {
      if (row == 0) {
        gather(window_.input, &x[(first + i) * window_.input.size()], m.input, window_.pad.height,
               window_.pad.width, m.input_pixels);
      }
      points_of_input(tiles, m.input, m.input_pixels, m.input_pitch,
                      m.input_points + i * product(image_tiles, m.input.lanes));
    }
    const int all = static_cast<int>(images) * image_tiles;
    for (int p = 0; p < kPoints; ++p) {
      panels.multiply(Memory::matrix(m.input_points, m.input_pitch, p, all, channels),
                      points + static_cast<std::size_t>(p) * panels.pitch(),
                      static_cast<int>(filters.first),
                      Memory::matrix(m.output_points, m.output_pitch, p, all, some));
    }
    for (std::size_t i = 0; i < images; ++i) {
      output_of_points(tiles, pixels, m.output_points + i * product(image_tiles, pixels.lanes),
                       m.output_pitch, m.output_pixels);
      if (row + rows == tile_rows_) {
        scatter(pixels, m.output_pixels, 0, 0, 1, bias.empty() ? nullptr : &bias[filters.first],
                output, &y[((first + i) * all_filters + filters.first) * plane], range);
      }
    }
  });
}

std::size_t Winograd::packed(Way way) const {
  const int channels = window_.input.channels;
  return kPoints * (way == Way::forward ? pitch_of(channels, round_up(count_, kLanes))
                                        : pitch_of(count_, round_up(channels, kLanes)));
}

void Winograd::pack(Way way, const PartOf& part, CView weight, View packed) const {
  const int kernel = window_.kernel.height;
  const Kernels kernels = way == Way::forward
                              ? rows_of_channels(kernel, count_, window_.input.channels)
                              : rows_of_filters(kernel, count_, window_.input.channels);
  Panels{kernels, kernel, panel_}.pack(part, weight, packed.data());
}

void Winograd::clear_pixels(const Memory& m) const {
  std::fill_n(m.input_pixels, m.input.size(), Real{0});
  std::fill_n(m.output_pixels, m.output.size(), Real{0});
}

void Winograd::backward(std::size_t n, CView x, CView weight, CView dy, View dweight, View dx,
                        View scratch) const {
  const Memory m = divide(scratch);
  const std::size_t x_size = window_.input.size();
  const std::size_t y_size = dy.size() / n;
  if (!dx.empty()) pack(Way::back, {}, weight, scratch);
  clear_pixels(m);
  for (std::size_t i = 0; i < n; i += part()) {
    const Images images{std::min(part(), n - i), x.subspan(i * x_size), dy.subspan(i * y_size)};
    backward_part(m, images, dx.empty() ? dx : dx.subspan(i * x_size));
    add_dweight({}, dweight, scratch);
  }
}

void Winograd::backward_part(const Images& images, CView weight, CView packed, View dx,
                             View scratch) const {
  assert(images.x.empty() || images.n <= part());
  assert(images.half.of == 1 || (images.half.of == kHalves && dx.empty()));
  Memory m = divide(scratch);
  if (!packed.empty()) {
    m.weight = packed.data();
  } else if (!dx.empty()) {
    pack(Way::back, {}, weight, scratch);
  }
  const auto [first, last] = images.half.range(window_.input.channels);
  m.input.lanes = round_up(last - first, kLanes);
  clear_pixels(m);
  backward_part(m, images, dx);
}

void Winograd::backward_part(const Memory& m, const Images& part, View dx) const {
  const PartOf& half = part.half;
  const Shape output{count_, window_.output.height, window_.output.width};
  const PartOf::Range chosen = half.range(window_.input.channels);
  const Shape input{chosen.last - chosen.first, window_.input.height, window_.input.width};
  const std::size_t skipped =
      static_cast<std::size_t>(chosen.first) * product(input.height, input.width);
  const bool weighs = !part.x.empty();
  const bool by_blas = product(window_.input.channels, count_) > kLargestSquare;
  const int products = half.of == 1 ? kHalves : 1;  // by BLAS
  const Panels panels{m.backward_kernels, window_.kernel.height, panel_};
  bool adds = false;  // to dweight: it holds nothing before the first block
  for_blocks(part.n, [&](std::size_t first, std::size_t images, int row, int rows) {
    const Tiles tiles{row, rows, tile_columns_, outputs_};
    const int image_tiles = rows * tile_columns_;
    const std::size_t input_step = product(image_tiles, m.input.lanes);
    for (std::size_t i = 0; i < images; ++i) {
      if (row == 0) {
        if (weighs) {
          gather(input, part.x.data() + (first + i) * window_.input.size() + skipped, m.input,
                 window_.pad.height, window_.pad.width, m.input_pixels);
        }
        gather(output, &part.dy[(first + i) * output.size()], m.output, 0, 0, m.output_pixels);
      }
      if (weighs) {
        points_of_input(tiles, m.input, m.input_pixels, m.input_pitch,
                        m.input_points + i * input_step);
      }
      points_of_doutput(tiles, m.output, m.output_pixels, m.output_pitch,
                        m.output_points + i * product(image_tiles, m.output.lanes));
    }
    const int all = static_cast<int>(images) * image_tiles;
    for (int p = 0; p < kPoints; ++p) {
      const Matrix a = Memory::matrix(m.input_points, m.input_pitch, p, all, input.channels);
      const Matrix b = Memory::matrix(m.output_points, m.output_pitch, p, all, count_);
      if (weighs) {
        Matrix c = Memory::matrix(m.dweight, m.dweight_pitch, p, input.channels, count_);
        c.data += product(chosen.first, c.stride);
        if (!by_blas) multiply_columns(a, b, adds, c);
        for (int k = 0; by_blas && k < products; ++k) {
          multiply_columns_by_blas(a, b, adds, c, {k, products});
        }
      }
      if (dx.empty()) continue;
      // In place of the input's points, which have done their work.
      panels.multiply(b, m.weight + static_cast<std::size_t>(p) * panels.pitch(), 0, a);
    }
    adds = true;
    if (dx.empty()) return;
    for (std::size_t i = 0; i < images; ++i) {
      if (row == 0) std::fill_n(m.dinput_pixels, m.input.size(), Real{0});
      add_input_of_points(tiles, m.input, m.input_points + i * input_step, m.input_pitch,
                          m.dinput_pixels);
      if (row + rows == tile_rows_) {
        scatter(m.input, m.dinput_pixels, window_.pad.height, window_.pad.width, kUnscale, nullptr,
                input, &dx[(first + i) * window_.input.size()]);
      }
    }
  });
}

// The part's channels of all kernels.
void Winograd::add_dweight(const PartOf& part, View dweight, View scratch) const {
  const Memory m = divide(scratch);
  const auto [first, last] = part.range(m.kernels.rows);
  Kernels kernels = m.kernels;
  kernels.rows = last - first;
  add_weight_of_points(window_.kernel.height, kernels, m.dweight + product(first, kernels.lanes()),
                       m.dweight_pitch,
                       dweight.data() + static_cast<std::size_t>(first) * kernels.row_step);
}

}  // namespace cnn
