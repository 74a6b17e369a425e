#!/usr/bin/python3
"""Draws sample pictures of digits, as a user might have them: drawings, and what passes for photographs of paper.

The digits are written by make_digits.py's hand, and the same holds as there: a picture is a function of (seed, digit,
take), and addition, multiplication, division and square root of doubles are all that shapes it. Needs Python 3.9 and
numpy, and for the JPEG files the program cjpeg (Debian: libjpeg-turbo-progs).
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from make_digits import SAMPLES, Hand, draw, fit, ink, mnist_image, whole_number, write

import numpy as np
from picture_files import ENCODERS, save, to_bytes


class Sample(NamedTuple):
    """A drawing: what its paper and ink look like and where the digit is."""

    name: str  # begins with the digit
    take: int  # which of the many drawings of the digit
    size: tuple  # (width, height), pixels
    box: int  # side of the square that the digit fills, pixels
    corner: tuple  # (left, top) of that square, pixels
    paper: tuple  # grey or (red, green, blue)
    ink: tuple
    pen: float = 2.6  # see draw()
    shade: float = 0.0  # part of the light that is missing at the right edge


WHITE, BLACK = (255,), (0,)
DRAWINGS = [
    Sample("0-pencil-on-white.png", 1, (160, 160), 110, (25, 25), WHITE, (110,), pen=1.1),
    Sample("1-uneven-light.jpg", 3, (150, 200), 130, (15, 35), (215,), (40,), shade=0.35),
    Sample("2-off-centre.png", 2, (400, 300), 64, (310, 210), WHITE, BLACK),
    Sample("2-weak-28x28.png", 11, (28, 28), 15, (11, 3), (168,), (128,)),
    Sample("3-blue-on-cream.png", 7, (200, 200), 140, (30, 30), (250, 243, 222), (28, 48, 140)),
    Sample("5-white-on-black.png", 0, (64, 64), 46, (9, 9), BLACK, WHITE),
    Sample("6-low-contrast.png", 4, (100, 100), 70, (15, 15), (150,), (112,)),
    Sample("7-black-on-white.png", 9, (120, 96), 72, (24, 12), WHITE, BLACK),
    Sample("8-red-on-white.bmp", 0, (48, 56), 40, (4, 8), (255, 255, 255), (190, 30, 40)),
    Sample("9-black-on-grey.pgm", 2, (56, 56), 40, (8, 8), (200,), (10,)),
]
MNIST_SAMPLE, MNIST_TAKE = "4-as-in-mnist.png", 2


def drawing(seed, sample):
    """The pixels of a Sample: bytes (h, w) if it is grey, else (h, w, 3)."""
    digit = int(sample.name[0])
    (width, height), (left, top) = sample.size, sample.corner
    cover = np.zeros((height, width, 1))
    drawn = draw(Hand(seed, SAMPLES, digit, sample.take), digit, sample.box, sample.pen)
    cover[top : top + sample.box, left : left + sample.box, 0] = drawn
    paper, ink_colour = np.array(sample.paper, float), np.array(sample.ink, float)
    light = 1 - sample.shade * (np.arange(width) / width)[None, :, None]
    pixels = to_bytes((paper + (ink_colour - paper) * cover) * light)
    return pixels[..., 0] if len(sample.paper) == 1 else pixels


def line(seed, digit, take, box, width):
    """A digit filling a box x box square, drawn `width` pixels wide: the part (0 to 1) of each pixel under ink."""
    strokes = write(Hand(seed, SAMPLES, digit, take), digit)
    return np.clip(ink(fit(strokes, width, box), box) + 0.5, 0, 1)


def put(cover, part, left, top):
    """Lays a drawing over another; what lies outside is cut off."""
    height, width = cover.shape
    y, x = max(top, 0), max(left, 0)
    part = part[y - top : height - top, x - left : width - left]
    under = cover[y : y + part.shape[0], x : x + part.shape[1]]
    np.maximum(under, part, out=under)


def page(seed, size, *digits):
    """The ink (h, w), 0 to 1, on a page of size (width, height): digits of (digit, take, box, width, left, top)."""
    cover = np.zeros(size[::-1])
    for digit, take, box, width, left, top in digits:
        put(cover, line(seed, digit, take, box, width), left, top)
    return cover


def grid(size):
    """The places x (1, w) and y (h, 1) of a page's pixels, in pixels."""
    width, height = size
    return np.arange(width)[None, :] + 0.5, np.arange(height)[:, None] + 0.5


def ruled(size, step, first, width, tilt):
    """The part (0 to 1) of each pixel of a page under lines `step` apart, which fall by `tilt` pixels per pixel."""
    x, y = grid(size)
    distance = y - tilt * x - first
    distance = distance - np.floor(distance / step + 0.5) * step
    return np.clip(width / 2 - np.abs(distance) + 0.5, 0, 1)


def squared(size, step, first, width, tilt):
    upright = ruled(size[::-1], step, first, width, -tilt).T
    return np.maximum(ruled(size, step, first, width, tilt), upright)


def steps_up(t):
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def uneven(size, fall_x, fall_y, bulge):
    """The light on a page, 1 at its brightest spot: linear and quadratic falls, as parts of the whole light."""
    x, y = grid(size)
    x, y = x / size[0], y / size[1]
    light = 1 - fall_x * x - fall_y * y - bulge * ((x - 0.4) * (x - 0.4) + (y - 0.3) * (y - 0.3))
    return light / light.max()


def shadow(size, start, end, soft, depth):
    """The light past something that casts a shadow to the right of a line from (start, 0) to (end, height)."""
    x, y = grid(size)
    edge = start + (end - start) * y / size[1]
    return 1 - depth * steps_up((x - edge) / soft + 0.5)


def blurred(pixels):
    """Each pixel mixed with its neighbours, 1 : 2 : 1 across and down."""
    for axis in (0, 1):
        edge = [(int(axis == k),) * 2 for k in range(pixels.ndim)]
        padded = np.moveaxis(np.pad(pixels, edge, mode="edge"), axis, 0)
        pixels = np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)
    return pixels


def coloured(pixels, cover, colour):
    """Pixels (h, w, channels) with a colour laid on where `cover` (h, w) is 1."""
    return pixels + (np.array(colour, float) - pixels) * cover[..., None]


def photograph(hand, pixels, light, noise):
    """A page (h, w, channels) in its light (h, w), slightly out of focus and with a sensor's noise: bytes."""
    seen = blurred(pixels * light[..., None])
    return to_bytes(np.clip(seen + hand.bell(noise, (*light.shape, 1)), 0, 255))


def sheet(hand, size, colour):
    """An empty page (h, w, channels) with the faint spots of paper."""
    width, height = size
    grain = blurred(blurred(hand.bell(0.02, (height, width))))
    return np.array(colour, float) * (1 + grain[..., None])


def hairline(seed, hand):
    return to_bytes(255 - 255 * page(seed, (64, 64), (7, 3, 44, 1.0, 11, 9)))


def felt_pen(seed, hand):
    return to_bytes(255 - 230 * page(seed, (170, 200), (5, 13, 150, 27.0, 10, 24)))


def uneven_photograph(seed, hand):
    size = (240, 300)
    paper = sheet(hand, size, (228, 222, 206))
    inked = coloured(paper, 0.9 * page(seed, size, (9, 11, 150, 8.0, 45, 78)), (30, 34, 60))
    light = uneven(size, 0.3, 0.1, 0.35) * shadow(size, 200, 90, 16, 0.42)
    return photograph(hand, inked, light, 2.5)


def ruled_paper(seed, hand):
    size = (220, 240)
    paper = coloured(sheet(hand, size, (240, 240, 236)), 0.8 * ruled(size, 44, 25, 2.0, 0.03), (120, 150, 205))
    inked = coloured(paper, page(seed, size, (3, 5, 120, 6.0, 50, 62)), (24, 32, 92))
    return photograph(hand, inked, uneven(size, 0.05, 0.25, 0.2), 2.0)


def squared_paper(seed, hand):
    size = (240, 240)
    paper = coloured(sheet(hand, size, (236, 236, 230)), 0.8 * squared(size, 30, 12, 1.6, -0.04), (140, 146, 160))
    inked = coloured(paper, page(seed, size, (4, 1, 124, 8.0, 58, 56)), (20, 20, 24))
    return photograph(hand, inked, uneven(size, 0.25, 0.05, 0.2), 2.0)


def between_others(seed, hand):
    """The digit in the middle, and what the picture's edges leave of its neighbours."""
    size = (230, 240)
    others = [(5, 3, 120, 7.0, -76, 56), (8, 4, 124, 7.0, 192, 66), (3, 5, 120, 7.0, 60, -102)]
    cover = page(seed, size, (6, 1, 124, 7.0, 53, 58), *others)
    inked = coloured(sheet(hand, size, (224, 216, 196)), 0.92 * cover, (26, 30, 44))
    return photograph(hand, inked, uneven(size, 0.1, 0.3, 0.1), 2.0)


def dark_frame(seed, hand):
    """Black on white, in a frame of two dark tones."""
    inside = 250 - 240 * page(seed, (150, 150), (8, 8, 104, 9.0, 22, 24))
    return to_bytes(np.pad(np.pad(inside, 4, constant_values=96), 8, constant_values=30))


def light_frame(seed, hand):
    """White on black, in a light frame."""
    inside = 8 + 240 * page(seed, (140, 140), (0, 11, 92, 8.0, 26, 22))
    return to_bytes(np.pad(inside, 9, constant_values=214))


def large_sheet(seed, hand):
    size = (1600, 1200)
    inked = coloured(np.full((1200, 1600, 1), 226.0), page(seed, size, (2, 8, 110, 6.0, 1020, 640)), (36,))
    return photograph(hand, inked, uneven(size, 0.35, 0.15, 0.3), 0.5)[..., 0]


def on_transparency(seed, hand):
    """White ink, all of it opaque, on nothing: grey and opacity."""
    opacity = to_bytes(255 * page(seed, (120, 120), (3, 9, 86, 8.0, 15, 17)))
    return np.stack([np.full_like(opacity, 255), opacity], axis=2)


def twelve_bits(seed, hand):
    """A camera's 12 bits in a PNG file of 16: the brightest value is 4095."""
    grey = blurred(3700 - 3000 * page(seed, (100, 110), (5, 14, 78, 7.0, 10, 16)))
    return np.floor(grey + hand.bell(16, grey.shape) + 0.5).astype(np.uint16)


def two_digits(seed, hand):
    size = (230, 150)
    return to_bytes(255 - 255 * page(seed, size, (4, 6, 96, 7.0, 18, 28), (7, 2, 96, 7.0, 122, 28)))


def empty_sheet(seed, hand):
    size = (200, 160)
    light = uneven(size, 0.2, 0.15, 0.2) * shadow(size, 130, 170, 40, 0.2)
    return photograph(hand, sheet(hand, size, (236, 232, 222)), light, 2.0)


SCENES = {
    "0-light-frame.png": light_frame,
    "2-small-on-a-large-sheet.jpg": large_sheet,
    "3-ruled-paper.jpg": ruled_paper,
    "3-white-on-transparency.png": on_transparency,
    "4-beside-a-7.png": two_digits,
    "4-squared-paper.jpg": squared_paper,
    "5-felt-pen.png": felt_pen,
    "5-twelve-bits.png": twelve_bits,
    "6-between-others.jpg": between_others,
    "7-hairline.png": hairline,
    "8-dark-frame.png": dark_frame,
    "9-shadow-on-paper.jpg": uneven_photograph,
    "blank-sheet.jpg": empty_sheet,
}
SCENE_TAKE = 1000  # the first take of the scenes' light and noise


def save_samples(folder, seed):
    pictures = {sample.name: drawing(seed, sample) for sample in DRAWINGS}
    digit = int(MNIST_SAMPLE[0])
    pictures[MNIST_SAMPLE] = mnist_image(Hand(seed, SAMPLES, digit, MNIST_TAKE), digit)
    for k, (name, scene) in enumerate(SCENES.items()):
        pictures[name] = scene(seed, Hand(seed, SAMPLES, SCENE_TAKE + k))
    for name, pixels in sorted(pictures.items()):
        data = ENCODERS[Path(name).suffix](pixels)
        if data is None:
            print(f"{folder / name}: left out, for want of the program cjpeg", file=sys.stderr)
        else:
            save(folder / name, data)
    print(f"{folder}: sample pictures")


def main():
    folder = Path(__file__).resolve().parent.parent / "data" / "samples"
    parser = argparse.ArgumentParser(
        description="Draws sample pictures of digits in many sizes, colours and formats. The same seed gives the same "
        "pictures."
    )
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help="where they go (default: %(default)s)")
    parser.add_argument("--seed", type=whole_number(0, 2**32 - 1), default=1, metavar="S", help="(default: 1)")
    options = parser.parse_args()
    save_samples(options.out, options.seed)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"make_samples.py: error: {error}")
