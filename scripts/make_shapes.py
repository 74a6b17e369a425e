#!/usr/bin/python3
"""Draws coloured shapes: a set of pictures in folders, a folder per class in train/ and test/.

Ten shapes, filled or as outlines, of any colour on any other, turned, off the middle, of several sizes, in front of
shaded and slightly noisy paper. The pictures have 24 to 56 pixels on a side, not all are square; half are PNG with a
palette, half JPEG. Picture i of a class is a function of (seed, part, class, i) alone: the pixels are drawn by this
script's own arithmetic on random() of Python's Mersenne Twister, Pillow scales and writes them. So the files are the same
byte for byte wherever Pillow's version and its libraries are. Needs Python 3.9 and Pillow (Debian: python3-pil).
"""

import argparse
import colorsys
import math
import random
import shutil
import sys
from pathlib import Path

try:
    from PIL import Image, ImageDraw
except ImportError:
    sys.exit("make_shapes.py: error: Pillow is missing; on Debian: apt-get install python3-pil")

FINE = 6  # a pixel is drawn as 6x6


def arc(radius, begin, end, x=0.0, y=0.0, steps=48):
    """Points of a circle about (x, y), angles in turns, clockwise to the eye."""
    angles = [math.tau * (begin + (end - begin) * i / steps) for i in range(steps + 1)]
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def star(inner):
    return [(r * math.sin(math.tau * i / 10), -r * math.cos(math.tau * i / 10))
            for i, r in enumerate((1.0, inner) * 5)]


def heart():
    angles = [math.tau * i / 64 for i in range(64)]
    return [(math.sin(a) ** 3,
             -(13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 16) for a in angles]


def crescent():
    """A disc without another one, which covers it from the right."""
    return arc(1.0, 0.125, 0.875) + arc(0.825, 0.836, 0.164, x=0.275)


# Outlines about (0, 0), about 1 from there at the farthest; x to the right, y down.
SHAPES = {
    "arrow": [(-1, -0.3), (0.1, -0.3), (0.1, -0.75), (1, 0), (0.1, 0.75), (0.1, 0.3), (-1, 0.3)],
    "bolt": [(0.25, -1), (-0.6, 0.2), (-0.05, 0.2), (-0.25, 1), (0.6, -0.25), (0.05, -0.25)],
    "circle": arc(0.9, 0, 1),
    "crescent": crescent(),
    "cross": [(-0.3, -0.95), (0.3, -0.95), (0.3, -0.3), (0.95, -0.3), (0.95, 0.3), (0.3, 0.3), (0.3, 0.95),
              (-0.3, 0.95), (-0.3, 0.3), (-0.95, 0.3), (-0.95, -0.3), (-0.3, -0.3)],
    "drop": [(0, -1)] + arc(0.6, -0.06, 0.56, y=0.4),
    "heart": heart(),
    "square": [(-0.75, -0.75), (0.75, -0.75), (0.75, 0.75), (-0.75, 0.75)],
    "star": star(0.42),
    "triangle": [(0, -1), (0.87, 0.5), (-0.87, 0.5)],
}


def colour(rng):
    return tuple(255 * level for level in colorsys.hsv_to_rgb(rng.random(), rng.random(), 0.1 + 0.9 * rng.random()))


def light(rgb):
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def two_colours(rng):
    """Paper and ink, far enough apart in lightness to be told apart in grey, too."""
    while True:
        paper, ink = colour(rng), colour(rng)
        if abs(light(paper) - light(ink)) > 55:
            return paper, ink


def mask(rng, points, width, height):
    """Where the ink is: 0 to 255, at FINE times the size, then scaled down."""
    size = min(width, height) * FINE
    radius = size * (0.26 + 0.2 * rng.random())
    angle = math.tau * rng.random()
    stretch = 0.85 + 0.3 * rng.random()
    cosine, sine = math.cos(angle), math.sin(angle)
    room_x, room_y = width * FINE / 2 - 0.9 * radius, height * FINE / 2 - 0.9 * radius
    middle_x = width * FINE / 2 + room_x * (rng.random() - 0.5) * 1.4
    middle_y = height * FINE / 2 + room_y * (rng.random() - 0.5) * 1.4
    placed = []
    for x, y in points:
        x, y = radius * x * stretch, radius * y / stretch
        placed.append((middle_x + cosine * x - sine * y, middle_y + sine * x + cosine * y))
    fine = Image.new("L", (width * FINE, height * FINE))
    draw = ImageDraw.Draw(fine)
    if rng.random() < 0.6:
        draw.polygon(placed, fill=255)
    else:
        pen = FINE * (1.3 + 1.2 * rng.random()) * size / (36 * FINE) + 2
        closed = placed + placed[:2]
        draw.line(closed, fill=255, width=round(pen), joint="curve")
    return fine.resize((width, height), Image.BOX)


def picture(rng, points):
    width = 24 + int(33 * rng.random())
    height = width if rng.random() < 0.6 else 24 + int(33 * rng.random())
    ink_mask = mask(rng, points, width, height).tobytes()
    paper, ink = two_colours(rng)
    slope_x, slope_y = (40 * (rng.random() - 0.5) for _ in range(2))
    grain = 5 * rng.random()
    levels = bytearray()
    for y in range(height):
        for x in range(width):
            share = ink_mask[y * width + x] / 255
            shade = slope_x * (x / width - 0.5) + slope_y * (y / height - 0.5) + grain * (2 * rng.random() - 1)
            for p, i in zip(paper, ink):
                levels.append(min(max(int(p + share * (i - p) + shade + 0.5), 0), 255))
    return Image.frombytes("RGB", (width, height), bytes(levels))


def save(rng, image, name):
    if rng.random() < 0.5:
        image.quantize(16, dither=Image.Dither.NONE).save(name.with_suffix(".png"), bits=4, optimize=True)
    else:
        image.save(name.with_suffix(".jpg"), quality=80, optimize=True)


def main():
    parser = argparse.ArgumentParser(description="Draws coloured shapes into folders, one per class.")
    default = Path(__file__).resolve().parent.parent / "data" / "shapes"
    parser.add_argument("--out", type=Path, default=default, help="directory to make anew (default: data/shapes)")
    parser.add_argument("--train", type=int, default=80, help="pictures of each class in train/ (default: 80)")
    parser.add_argument("--test", type=int, default=20, help="pictures of each class in test/ (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    options = parser.parse_args()
    for part, count in (("train", options.train), ("test", options.test)):
        shutil.rmtree(options.out / part, ignore_errors=True)
        for label, points in SHAPES.items():
            folder = options.out / part / label
            folder.mkdir(parents=True)
            for i in range(count):
                rng = random.Random(f"{options.seed} {part} {label} {i}")
                save(rng, picture(rng, points), folder / f"{label}-{i + 1:02}")


main()
