#!/usr/bin/python3
"""Draws handwritten-looking digits: a training set and a test set in MNIST's format.

A digit is a handful of pen strokes. Each way of writing it is a row of control points (GLYPHS below); the points are
jittered, joined by cardinal splines, bent, stretched, slanted and turned, and the lines are then drawn with a pen of
varying width and pressure. As in MNIST, the digit fills a 20x20 box, which lies in a 28x28 picture so that its centre
of mass falls on pixel (14, 14), light on dark.

Image i of a set is a function of (seed, set, i) alone. All that shapes a picture is addition, multiplication, division
and square root of doubles, element by element, which IEEE 754 rounds alike everywhere; of numpy's random numbers only
PCG64's uniform doubles are used. So a seed gives the same pictures on any machine, and the same files as long as zlib
packs alike. Needs Python 3.9 and numpy.
"""

import argparse
import gzip
import io
import struct
import sys
from pathlib import Path
from typing import NamedTuple

try:
    import numpy as np
except ImportError:
    sys.exit("make_digits.py: error: numpy is missing; on Debian: apt-get install python3-numpy")

from picture_files import save, to_bytes

# The ways of writing each digit: (frequency, strokes). A stroke is a row of control points "x,y" in hundredths of the
# digit's height, x to the right and y down; "!" marks a corner, "/" the pen being lifted.
GLYPHS = {
    0: [
        (5, "36,0 14,10 0,38 2,72 20,96 44,96 64,72 68,38 56,10 36,0"),  # round
        (2, "24,0 6,18 0,55 8,90 22,100 38,86 44,50 38,15 24,1"),  # slim
        (3, "52,12 34,0 10,16 0,50 10,88 32,100 56,82 64,46 54,14 36,4 24,18"),  # the end curls in
        (2, "46,8 26,2 6,26 0,60 12,94 36,99 58,74 62,36 50,12 36,6"),  # begun at the right
        (2, "30,6 12,24 0,60 10,94 34,98 56,72 62,34 52,8 34,0 16,10 8,26"),  # overlapping at the left
        (3, "22,8 6,36 4,74 22,98 48,94 66,66 66,30 50,4 26,2 14,8 30,24"),  # the end crosses the start
        (1, "40,16 22,12 4,40 4,76 24,100 50,92 62,62 54,26 34,10 30,0"),  # the end rises above the start
    ],
    1: [
        (14, "10,0 10,50 10,100"),  # a bar
        (2, "0,22 20,0! 20,50 20,100"),  # with a serif
        (2, "4,20 26,0! 26,50 26,100 / 0,100 26,98 52,100"),  # with a serif and a foot
        (1, "10,0 10,50 10,92 18,100"),  # ending in a hook
    ],
    2: [
        (4, "4,22 16,4 38,0 56,14 54,38 34,64 2,98! 30,96 68,98"),  # sharp corner, flat foot
        (4, "6,24 20,4 42,0 58,16 52,42 32,70 10,92 4,84 16,76 34,86 52,98 72,92"),  # small loop
        (4, "8,20 28,0 50,10 52,36 36,66 14,96 0,92 6,72 24,72 46,92 76,88"),  # large loop
        (3, "12,18 28,2 46,10 46,36 28,68 8,92 0,80 14,66 36,70 60,80 90,74"),  # large loop, rising foot
        (2, "2,6 30,4 60,2! 30,50 0,98! 30,96 66,94"),  # like a Z
        (2, "2,14 26,2 56,8 48,36 22,68 0,96! 34,94 70,98"),  # a rounded Z
        (3, "10,22 28,2 52,8 58,36 44,72 20,92 4,82 12,60 34,62 54,84 70,98"),  # large loop, falling foot
        (2, "20,12 34,0 46,14 42,50 30,88 12,96 2,84 16,70 40,74 66,72"),  # steep stem, raised foot
        (2, "24,16 40,0 56,8 52,34 32,64 0,92! 38,84 94,82"),  # small head, long foot
        (1, "14,34 4,20 18,2 44,2 54,24 40,54 4,96! 36,92 68,100"),  # begun with a curl
    ],
    3: [
        (4, "4,14 24,0 50,8 52,30 22,46! 48,52 62,74 44,96 16,100 0,86"),  # two bows meeting in a corner
        (2, "4,4 30,3 58,2! 40,22 24,40! 50,46 62,70 44,96 14,98 0,86"),  # flat top
        (3, "4,16 26,0 50,10 44,34 24,48 16,44 26,42 50,52 60,76 40,98 12,98 0,84"),  # loop in the middle
        (3, "2,10 26,0 48,12 44,34 28,46 46,56 56,76 40,98 14,100 0,92"),  # one flowing line
        (2, "0,8 24,0 44,10 36,32 16,44! 44,50 60,64 56,86 30,100 2,96"),  # large lower bow
        (2, "2,8 24,0 46,4 40,24 20,40! 38,50 44,70 30,94 0,100"),  # slim, the end drawn out
    ],
    4: [
        (4, "10,0 4,30 0,56! 30,58 66,54 / 48,4 46,50 42,100"),  # open, angular
        (3, "6,0 0,34 10,54 34,54 52,40 / 56,2 50,50 44,100"),  # open, curved
        (2, "4,2 0,34 12,52 36,46 54,4! 48,50 42,100"),  # open, in one line
        (2, "46,0 22,30 0,60! 32,62 70,60 / 46,0 46,50 46,100"),  # closed
        (1, "50,100 50,50 52,0! 24,32 0,62! 34,64 72,60"),  # closed, in one line
        (2, "24,0 10,30 0,58! 34,56 78,50 / 50,22 44,60 36,100"),  # open, low stem
        (3, "14,4 2,24 6,40 30,38 58,30 / 60,0 40,46 20,100"),  # small cup, long leaning stem
    ],
    5: [
        (4, "12,4 8,24 4,44! 28,34 54,48 56,74 38,96 14,100 0,90 / 12,4 34,3 62,0"),  # the hat drawn last
        (3, "62,2 36,3 14,4! 10,24 6,42! 32,36 56,52 54,80 30,100 0,94"),  # in one line
        (3, "60,4 36,2 16,14 14,34 34,46 52,62 48,86 26,100 0,92"),  # like an S
        (3, "24,10 18,28 12,44! 34,42 48,58 42,82 22,98 0,94 / 24,10 50,4 84,0"),  # long hat
        (2, "30,6 24,22 16,38! 36,48 44,66 30,88 0,98 / 30,6 52,6 76,2"),  # shallow belly
        (2, "16,2 16,26 18,52! 40,46 60,58 60,82 40,98 14,98 0,82 / 16,2 32,2 50,0"),  # large belly, short hat
        (1, "14,2 10,24 8,46! 34,36 58,52 56,82 30,100 4,88 6,74 / 14,2 36,3 60,0"),  # the end curls in
        (2, "34,2 24,26 12,50! 34,46 44,62 32,88 4,100 / 34,2 48,2 66,0"),  # long leaning neck
    ],
    6: [
        (4, "46,0 22,18 4,48 2,78 18,98 42,94 54,74 42,56 20,60 6,80"),  # curved stem
        (3, "40,0 22,34 6,68 10,92 28,100 46,88 46,68 28,62 10,78"),  # straight stem
        (1, "36,0 14,26 2,60 12,94 38,98 58,74 48,50 24,50 6,68"),  # large loop
        (2, "10,0 4,34 0,70 10,96 34,100 50,82 42,62 20,60 2,74"),  # upright stem
        (1, "54,10 44,0 24,14 6,46 4,80 22,100 48,90 52,68 34,56 10,70"),  # begun with a hook
        (3, "22,0 8,30 0,66 12,94 42,98 70,84 68,62 46,58 26,74 18,90"),  # wide loop
        (2, "30,0 16,36 6,72 14,98 34,94 40,76 26,70 12,84"),  # long stem, small loop
    ],
    7: [
        (5, "0,6 30,4 58,2! 42,46 26,100"),  # plain
        (3, "2,22 4,6! 30,5 60,2! 44,44 30,100"),  # with a serif
        (2, "0,6 30,4 58,2! 40,50 24,100 / 10,50 34,48 60,46"),  # with a bar
        (3, "2,22 6,6! 30,5 58,2! 42,50 28,100 / 6,52 38,50 72,44"),  # with a serif and a bar
        (3, "0,10 22,2 50,2 56,14 38,48 24,100"),  # rounded
        (2, "2,18 10,4 28,8 56,2! 44,40 32,100"),  # wavy top
        (2, "0,38 8,12 26,4 44,10! 38,50 18,100"),  # long serif, like an n
        (1, "0,16 30,2 64,0 80,16 64,52 44,100"),  # one wide arc
    ],
    8: [
        (5, "50,12 28,0 8,14 16,36 40,56 50,80 30,100 6,90 4,68 24,48 46,30 52,10"),  # one line
        (2, "28,0 8,12 10,36 28,46 46,34 46,10 28,1 / 28,46 4,62 4,88 28,100 52,88 52,60 28,46"),  # two rings
        (3, "62,6 38,2 14,12 16,34 38,54 44,80 22,100 2,86 12,62 36,42 60,12"),  # open at the top
        (2, "28,48 8,32 16,6 38,0 48,18 30,46 6,66 4,92 26,100 44,84 42,62 26,48"),  # begun in the middle
        (3, "56,8 32,2 8,16 12,38 30,56 34,82 20,100 8,88 16,64 36,44 56,26 60,8"),  # large head, slim below
        (2, "44,10 26,0 8,12 12,30 30,46 36,72 26,98 14,96 12,74 30,46 46,26 44,8"),  # slim
        (2, "48,8 26,0 6,16 20,38 44,58 48,82 30,100 10,90 18,66 40,34 66,0"),  # an S and a straight stroke up
        (2, "66,18 44,4 14,8 8,26 30,48 42,70 36,94 22,94 22,74 40,46 64,20"),  # wide head, small below
        (1, "4,100 18,72 42,34 44,8 26,0 8,14 20,44 44,74 52,100"),  # open at the bottom
    ],
    9: [
        (4, "50,14 30,0 6,14 2,40 22,52 44,38 50,10! 48,50 44,100"),  # straight tail
        (3, "48,12 26,0 4,16 4,42 24,52 44,36 50,14 50,56 38,90 14,100 2,92"),  # curved tail
        (3, "54,16 34,2 8,16 2,40 20,50 46,34 54,10 48,50 34,100"),  # flowing
        (3, "46,18 34,4 12,12 6,32 22,40 42,26 52,8! 42,50 26,100"),  # small loop
        (2, "46,4 24,2 4,22 8,42 28,44 50,22! 44,60 36,100"),  # open at the top
        (2, "58,6 32,2 8,18 10,36 30,36 48,20 46,56 30,100"),  # open to the right
        (2, "34,14 22,0 4,12 2,32 16,40 32,28 36,10! 36,50 36,100"),  # small loop, upright
    ],
}

SPAN_POINTS = 8  # straight pieces that stand for one span of a spline
BOX = 20  # pixels: the side of the box an MNIST digit fills
SIDE = 28  # pixels: the side of an MNIST picture
CENTRE = 14  # the pixel on which MNIST puts the centre of mass
TRAINING_SET, TEST_SET, SAMPLES, ORDERS = range(4)  # the random streams


class Stroke(NamedTuple):
    """One movement of the pen: points (n, 2) as (x, y), and the pen's radius (n) there.

    As written, the unit of the points is arbitrary and the radius is 1 on average; once fitted, both are pixels.
    """

    points: np.ndarray
    radius: np.ndarray


class Hand:
    """The random numbers of one picture: all of them made of PCG64's uniform doubles."""

    def __init__(self, *key):
        self._uniform = np.random.Generator(np.random.PCG64(key)).random

    def uniform(self, low, high, shape=None):
        """Evenly spread over [low, high): a number, or an array of the given shape."""
        return low + (high - low) * self._uniform(shape)

    def bell(self, deviation, shape=None):
        """Nearly normal with mean 0: the sum of four uniforms, within 3.5 deviations."""
        total = self._uniform(shape)
        for _ in range(3):
            total = total + self._uniform(shape)
        return (total - 2.0) * (deviation * 1.7320508075688772)  # the sum has variance 1/3

    def factor(self, deviation):
        """Nearly log-normal around 1: f and 1/f are equally likely; deviation is that of log f, below 0.5."""
        half = self.bell(deviation / 2)
        return (1.0 + half) / (1.0 - half)

    def chance(self, probability):
        return self._uniform() < probability

    def pick(self, weighted):
        """One of [(weight, item), ...]."""
        left = self.uniform(0, sum(weight for weight, _ in weighted))
        for weight, item in weighted:
            left -= weight
            if left < 0:
                return item
        return weighted[-1][1]


def parse(glyph):
    """The strokes of a GLYPHS entry: [(points (n, 2), corners (n) of bool), ...], in heights of the digit."""
    strokes = []
    for stroke in glyph.split("/"):
        marks = stroke.split()
        points = [[float(v) / 100 for v in mark.rstrip("!").split(",")] for mark in marks]
        strokes.append((np.array(points), np.array([mark.endswith("!") for mark in marks])))
    return strokes


def spline(points, tightness):
    """The cardinal spline through points (n, 2), n >= 2, as a polyline; tightness 0.5 is Catmull-Rom's."""
    before, after = 2 * points[:1] - points[1:2], 2 * points[-1:] - points[-2:-1]
    p = np.concatenate([before, points, after])[:, None, :]
    slope = tightness * (p[2:] - p[:-2])
    t = (np.arange(SPAN_POINTS) / SPAN_POINTS)[None, :, None]
    curve = (
        p[1:-2] * ((2 * t - 3) * t * t + 1)
        + p[2:-1] * ((3 - 2 * t) * t * t)
        + slope[:-1] * (((t - 2) * t + 1) * t)
        + slope[1:] * ((t - 1) * t * t)
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def polyline(points, corners, tightness):
    """Splines through points (n, 2), broken at the corners (n), as one polyline (m, 2)."""
    breaks = [0, *(np.flatnonzero(corners[1:-1]) + 1), len(points) - 1]
    runs = [spline(points[a : b + 1], tightness) for a, b in zip(breaks, breaks[1:])]
    return np.concatenate([runs[0], *(run[1:] for run in runs[1:])])


def elastic(hand, points, deviation, cells=3):
    """Moves points (n, 2), x and y in [0, 1], by a smooth random field: a cubic B-spline on cells x cells squares."""
    field = hand.bell(deviation, (cells + 3, cells + 3, 2))
    position = np.clip(points, 0, 1) * cells
    cell = np.minimum(position.astype(int), cells - 1)
    t = position - cell
    s = 1 - t
    weights = [s * s * s / 6, (3 * t - 6) * t * t / 6 + 2 / 3, (3 * s - 6) * s * s / 6 + 2 / 3, t * t * t / 6]
    moved = points
    for i in range(4):
        for j in range(4):
            weight = weights[i][:, 1:] * weights[j][:, :1]
            moved = moved + weight * field[cell[:, 1] + i, cell[:, 0] + j]
    return moved


def bend(hand, points):
    """Warps a whole digit, points (n, 2): its proportions, its bow, its elastic distortion, then an affine map."""
    x, y = points[:, 0] - (points[:, 0].min() + points[:, 0].max()) / 2, points[:, 1]
    x = x * (1 + hand.bell(0.28) * (y - 0.5))  # wider at the top or at the bottom
    y = y + hand.bell(0.2) * y * (1 - y)  # the upper part taller or shorter
    x = x + hand.bell(0.06) * 4 * y * (1 - y)  # bowed
    points = elastic(hand, np.stack([x + 0.5, y], axis=1), 0.045)
    x, y = points[:, 0] * 1.15 * hand.factor(0.25), points[:, 1]  # narrower or wider
    x = x - (0.12 + hand.bell(0.3)) * y  # slant, to the right more often
    half = hand.bell(0.05)  # tangent of half the angle of a turn
    cosine, sine = (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)
    return np.stack([cosine * x + sine * y, cosine * y - sine * x], axis=1)


def pressure(hand, n):
    """How the pen's radius varies along n points: a quadratic Bezier curve through random values near 1."""
    s = np.arange(n) / (n - 1)
    first, middle, last = 1 + hand.bell(0.1), 1 + hand.bell(0.08), 1 + hand.bell(0.14)
    return np.maximum(first * (1 - s) * (1 - s) + 2 * middle * s * (1 - s) + last * s * s, 0.4)


def trim(hand, line):
    """Lifts the pen early or puts it down late: drops up to a twelfth of a polyline at either end."""
    drop = len(line) // 12
    return line[int(hand.uniform(0, drop + 1)) : len(line) - int(hand.uniform(0, drop + 1))]


def write(hand, digit):
    """Writes a digit: a list of strokes."""
    haste = hand.uniform(0.5, 1.5)
    tightness = hand.uniform(0.4, 0.6)
    rounded = hand.chance(0.3)
    lines = []
    for points, corners in parse(hand.pick(GLYPHS[digit])):
        points = points + hand.bell(0.036 * haste, points.shape) + hand.bell(0.02 * haste, 2)
        lines.append(trim(hand, polyline(points, corners & (not rounded), tightness)))
    bent = bend(hand, np.concatenate(lines))
    ends = np.cumsum([len(line) for line in lines])[:-1]
    return [Stroke(points, pressure(hand, len(points))) for points in np.split(bent, ends)]


def length(strokes):
    """The length of all lines together, in longer sides of the digit: about 1 for a 1 and 3.5 for an 8."""
    points = np.concatenate([stroke.points for stroke in strokes])
    steps = np.concatenate([stroke.points[1:] - stroke.points[:-1] for stroke in strokes])
    x, y = steps[:, 0], steps[:, 1]
    total = np.cumsum(np.sqrt(x * x + y * y))[-1]  # unlike sum(), in one order on every machine
    return total / (points.max(axis=0) - points.min(axis=0)).max()


def fit(strokes, width, box):
    """Scales and moves strokes into the middle of a box x box square, for a pen `width` pixels wide on average.

    The longer side, the pen's own width included, fills the square.
    """
    points = np.concatenate([stroke.points for stroke in strokes])
    radius = np.concatenate([stroke.radius for stroke in strokes])[:, None] * (width / 2)
    bare = (points.max(axis=0) - points.min(axis=0)).max()
    scale = box / bare
    for _ in range(8):  # the radius does not scale, hence a fixed point; two rounds are enough but for the fattest pens
        low, high = (points * scale - radius).min(axis=0), (points * scale + radius).max(axis=0)
        scale = scale + (box - (high - low).max()) / bare
    low, high = (points * scale - radius).min(axis=0), (points * scale + radius).max(axis=0)
    origin = (low + high - box) / 2
    return [Stroke(stroke.points * scale - origin, stroke.radius * (width / 2)) for stroke in strokes]


def ink(strokes, box):
    """How far inside the strokes (in pixels, negative outside) the centre of each pixel of a box x box square is."""
    centres = np.arange(box) + 0.5
    deepest = np.full((box, box), -np.inf)
    for points, radius in strokes:
        start, along = points[:-1, None, None, :], (points[1:] - points[:-1])[:, None, None, :]
        x, y = centres[None, None, :] - start[..., 0], centres[None, :, None] - start[..., 1]
        dx, dy = along[..., 0], along[..., 1]
        t = np.clip((x * dx + y * dy) / np.maximum(dx * dx + dy * dy, 1e-12), 0, 1)
        reach = radius[:-1, None, None] * (1 - t) + radius[1:, None, None] * t
        x, y = x - t * dx, y - t * dy
        deepest = np.maximum(deepest, (reach - np.sqrt(x * x + y * y)).max(axis=0))
    return deepest


def draw(hand, digit, box, pen=2.6):
    """A digit filling a box x box square: the part (0 to 1) of each pixel that is covered with ink.

    pen is the usual width of the line when the box is 20 pixels wide. Long lines are drawn with finer pens, which
    leave the loops of an 8 open.
    """
    strokes = write(hand, digit)
    width = box / BOX * min(pen * hand.factor(0.32), 13 / length(strokes))
    depth = ink(fit(strokes, width, box), box)
    roughness = hand.bell(0.08, (box, box))  # of the line's edge, in pixels
    sharpness = hand.uniform(0.6, 1.0)
    return np.where(depth > -0.5, np.clip((depth + roughness) * sharpness + 0.5, 0, 1), 0)


def mnist_image(hand, digit):
    """A digit as MNIST has it: (28, 28) bytes, light on dark, centred by mass to the nearest pixel."""
    box = to_bytes(255 * draw(hand, digit, BOX))
    mass = int(box.sum())
    place = np.arange(BOX)
    top, left = (
        # The box stays inside the picture even where its mass lies far off its middle.
        min(max(CENTRE - (2 * int((sums * place).sum()) + mass) // (2 * mass), 0), SIDE - BOX)
        for sums in (box.sum(axis=1), box.sum(axis=0))
    )
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + BOX, left : left + BOX] = box
    return image


def digit_set(seed, stream, n):
    """A set of n digits: images (n, 28, 28) and labels (n) of bytes. Every ten in a row hold each digit once."""
    keys = Hand(seed, ORDERS, stream).uniform(0, 1, ((n + 9) // 10, 10))
    labels = np.argsort(keys, axis=1, kind="stable").reshape(-1)[:n].astype(np.uint8)
    images = np.stack([mnist_image(Hand(seed, stream, i), int(label)) for i, label in enumerate(labels)])
    return images, labels


def idx(array):
    """An array of bytes as an IDX file."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def gzipped(data):
    """gzip without name and time, so that equal contents are equal files."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as file:
        file.write(data)
    return out.getvalue()


def save_sets(folder, seed, train, test):
    for name, stream, n in (("train", TRAINING_SET, train), ("t10k", TEST_SET, test)):
        images, labels = digit_set(seed, stream, n)
        save(folder / f"{name}-images-idx3-ubyte.gz", gzipped(idx(images)))
        save(folder / f"{name}-labels-idx1-ubyte.gz", gzipped(idx(labels)))
    print(f"{folder}: {train} training and {test} test digits")


def whole_number(low, high):
    """A type of option for argparse: whole numbers from low to high."""

    def parse_number(text):
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse_number


def main():
    folder = Path(__file__).resolve().parent.parent / "data" / "digits"
    parser = argparse.ArgumentParser(
        description="Draws handwritten-looking digits in MNIST's format (four IDX files, gzipped). The same seed gives "
        "the same files. make_samples.py draws pictures of digits in other sizes, colours and formats.",
    )
    number = whole_number(1, 100_000)
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help="where they go (default: %(default)s)")
    parser.add_argument("--train", type=number, default=6000, metavar="N", help="digits to train on (default: 6000)")
    parser.add_argument("--test", type=number, default=1000, metavar="N", help="digits to test on (default: 1000)")
    parser.add_argument("--seed", type=whole_number(0, 2**32 - 1), default=1, metavar="S", help="(default: 1)")
    options = parser.parse_args()
    save_sets(options.out, options.seed, options.train, options.test)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"make_digits.py: error: {error}")
