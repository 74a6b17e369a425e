#include "kernels/pool_2x2.hpp"

#include <algorithm>
#include <type_traits>

#include "base/lanes.hpp"

namespace cnn::pool_2x2 {
namespace {

// The four pixels of one window, in row order. V: Real, or Lanes of as many neighbouring windows.
template <typename V>
struct Window {
  V pixels[4];
};

template <typename V>
constexpr std::size_t kCount = sizeof(V) / sizeof(Real);
template <typename V>
constexpr bool kIsOne = std::is_same_v<V, Real>;
template <typename V>
using Bytes = std::conditional_t<kIsOne<V>, std::uint8_t,
                                 std::conditional_t<std::is_same_v<V, Lanes4>, Bytes4, Bytes8>>;

template <typename V>
CNN_INLINE Window<V> load_window(const Real* upper, const Real* lower) {
  if constexpr (kIsOne<V>) {
    return {{upper[0], upper[1], lower[0], lower[1]}};
  } else {
    const V a = load<V>(upper), b = load<V>(upper + kCount<V>);
    const V c = load<V>(lower), d = load<V>(lower + kCount<V>);
    return {{even(a, b), odd(a, b), even(c, d), odd(c, d)}};
  }
}

template <typename V>
CNN_INLINE void store_window(const Window<V>& window, Real* upper, Real* lower) {
  const V* const pixels = window.pixels;
  if constexpr (kIsOne<V>) {
    upper[0] = pixels[0];
    upper[1] = pixels[1];
    lower[0] = pixels[2];
    lower[1] = pixels[3];
  } else {
    store(interleave_low(pixels[0], pixels[1]), upper);
    store(interleave_high(pixels[0], pixels[1]), upper + kCount<V>);
    store(interleave_low(pixels[2], pixels[3]), lower);
    store(interleave_high(pixels[2], pixels[3]), lower + kCount<V>);
  }
}

// Indices 0 … 3 are computed as Reals, which fill vectors of the pixels' width, and kept as bytes.
template <typename V>
CNN_INLINE void store_indices(const V& indices, std::uint8_t* to) {
  if constexpr (kIsOne<V>) {
    *to = static_cast<std::uint8_t>(indices);
  } else {
    using Integers = decltype(indices > indices);
    store(__builtin_convertvector(__builtin_convertvector(indices, Integers), Bytes<V>), to);
  }
}

template <typename V>
CNN_INLINE V load_indices(const std::uint8_t* from) {
  if constexpr (kIsOne<V>) {
    return static_cast<Real>(*from);
  } else {
    return __builtin_convertvector(load<Bytes<V>>(from), V);
  }
}

// Calls windows.operator()<V>(first pixel in the upper row, in the lower row, first output) until
// all outputs are done. A row's last vector may overlap the one before.
template <typename Windows>
CNN_INLINE void for_windows(const Planes& planes, const Windows& windows) {
  const std::size_t outputs = planes.width / 2;
  std::size_t output = 0;
  for (std::size_t plane = 0; plane < planes.count; ++plane) {
    for (std::size_t y = 0; y + 1 < planes.height; y += 2, output += outputs) {
      const std::size_t upper = (plane * planes.height + y) * planes.width;
      const std::size_t lower = upper + planes.width;
      const auto step = [&]<typename V>(const V&) CNN_INLINE_LAMBDA {
        for (std::size_t x = 0; x < outputs; x += kCount<V>) {
          const std::size_t i = std::min(x, outputs - kCount<V>);
          windows.template operator()<V>(upper + 2 * i, lower + 2 * i, output + i);
        }
      };
      if (outputs >= kCount<Lanes8>) {
        step(Lanes8());
      } else if (outputs >= kCount<Lanes4>) {
        step(Lanes4());
      } else {
        step(Real());
      }
    }
  }
}

// Zeros for the last row and column of odd planes, which no window reads.
void clear_rest(const Planes& planes, Real* dx) {
  const std::size_t rows = planes.count * planes.height;
  if (planes.width % 2 != 0) {
    for (std::size_t row = 0; row < rows; ++row) dx[(row + 1) * planes.width - 1] = 0;
  }
  if (planes.height % 2 != 0) {
    for (std::size_t row = planes.height - 1; row < rows; row += planes.height) {
      std::fill_n(dx + row * planes.width, planes.width, Real{0});
    }
  }
}

CNN_INLINE
void forward_max_body(const Planes& planes, const Real* x, Real* y, std::uint8_t* winners) {
  const auto windows = [=]<typename V>(std::size_t upper, std::size_t lower, std::size_t output)
                           CNN_INLINE_LAMBDA {
                             const Window<V> window = load_window<V>(x + upper, x + lower);
                             V best = window.pixels[0];
                             V index{};
                             for (int k = 1; k < 4; ++k) {
                               const V pixel = window.pixels[k];
                               const auto wins = (pixel > best) | (pixel != pixel);
                               best = wins ? pixel : best;
                               index = wins ? V{} + static_cast<Real>(k) : index;
                             }
                             store(best, y + output);
                             if (winners != nullptr) store_indices(index, winners + output);
                           };
  for_windows(planes, windows);
}

CNN_INLINE
void backward_max_body(const Planes& planes, const Real* dy, const std::uint8_t* winners,
                       Real* dx) {
  const auto windows = [=]<typename V>(std::size_t upper, std::size_t lower, std::size_t output)
                           CNN_INLINE_LAMBDA {
                             const V share = load<V>(dy + output);
                             const V winner = load_indices<V>(winners + output);
                             Window<V> window;
                             for (int k = 0; k < 4; ++k) {
                               const V index = V{} + static_cast<Real>(k);
                               window.pixels[k] = winner == index ? share : V{};
                             }
                             store_window(window, dx + upper, dx + lower);
                           };
  for_windows(planes, windows);
  clear_rest(planes, dx);
}

CNN_INLINE
void forward_mean_body(const Planes& planes, const Real* x, Real* y) {
  const auto windows = [=]<typename V>(std::size_t upper, std::size_t lower, std::size_t output)
                           CNN_INLINE_LAMBDA {
                             const Window<V> window = load_window<V>(x + upper, x + lower);
                             const V* const p = window.pixels;
                             const V sum = (p[0] + p[1]) + (p[2] + p[3]);
                             store<V>(sum * Real{0.25}, y + output);
                           };
  for_windows(planes, windows);
}

CNN_INLINE
void backward_mean_body(const Planes& planes, const Real* dy, Real* dx) {
  const auto windows = [=]<typename V>(std::size_t upper, std::size_t lower,
                                       std::size_t output) CNN_INLINE_LAMBDA {
    const V share = load<V>(dy + output) * Real{0.25};
    store_window<V>({{share, share, share, share}}, dx + upper, dx + lower);
  };
  for_windows(planes, windows);
  clear_rest(planes, dx);
}

}  // namespace

void forward_max(const Planes& planes, const Real* x, Real* y, std::uint8_t* winners) {
  vectorized<forward_max_body>(planes, x, y, winners);
}

void backward_max(const Planes& planes, const Real* dy, const std::uint8_t* winners, Real* dx) {
  vectorized<backward_max_body>(planes, dy, winners, dx);
}

void forward_mean(const Planes& planes, const Real* x, Real* y) {
  vectorized<forward_mean_body>(planes, x, y);
}

void backward_mean(const Planes& planes, const Real* dy, Real* dx) {
  vectorized<backward_mean_body>(planes, dy, dx);
}

}  // namespace cnn::pool_2x2
