"""Pictures decoded, fitted and augmented by the library and by Pillow, which must agree: compare.py PROBE.
compare.py PROBE --rate FOLDER compares how fast they read and decode the JPEG files below FOLDER, in
processor time, so that other programs matter less. Ends with code 77 where there is no Pillow."""

import colorsys
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if len(sys.argv) < 2:
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)

try:
    from PIL import Image, ImageChops, ImageEnhance, ImageOps
except ImportError:
    print("Pillow is not installed")
    sys.exit(77)


def drawn(mode, width, height, rng):
    """Smooth shades with some noise and hard edges, as photographs have them."""
    bands = []
    for _ in Image.new(mode, (1, 1)).getbands():
        shade = Image.linear_gradient("L").rotate(rng.randrange(4) * 90).resize((width, height))
        noise = Image.effect_noise((width, height), 20)
        band = ImageChops.blend(shade, noise, 0.2)
        box = (width // 4, height // 3, width // 2 + 1, height // 2 + 1)
        band.paste(rng.randrange(256), box)
        bands.append(band)
    return Image.merge(mode, bands) if len(bands) > 1 else bands[0]


class Comparison:
    def __init__(self, probe, folder):
        self.probe, self.folder, self.worst = probe, Path(folder), {}

    def run(self, *words):
        result = subprocess.run([self.probe, *map(str, words)], capture_output=True, text=True)
        assert result.returncode == 0, f"{words}: {result.stderr}"
        return Image.open(self.folder / "out.png")

    def note(self, name, expected, found, largest, mean=None):
        """The pictures have one size, and no level differs by more than `largest`."""
        assert found.size == expected.size, f"{name}: {found.size}, Pillow has {expected.size}"
        histogram = ImageChops.difference(expected.convert("RGB"), found.convert("RGB")).histogram()
        counts = [sum(histogram[level::256]) for level in range(256)]
        most = max(level for level, count in enumerate(counts) if count)
        average = sum(level * count for level, count in enumerate(counts)) / sum(counts)
        assert most <= largest, f"{name}: a level differs by {most}"
        assert mean is None or average <= mean, f"{name}: levels differ by {average} in the mean"
        before = self.worst.get(name, (0, 0.0))
        self.worst[name] = (max(before[0], most), max(before[1], average))

    def decoding(self, name, picture, file_format, largest=0, **options):
        path = self.folder / "picture"
        picture.save(path, file_format, **options)
        expected = ImageOps.exif_transpose(Image.open(path))
        found = self.run("decode", path, self.folder / "out.png")
        self.note(name, expected, found, largest)

    def all_formats(self, rng):
        turned = Image.Exif()
        for width, height in [(1, 1), (2, 3), (7, 5), (33, 17), (64, 64), (250, 131)]:
            rgb, gray = drawn("RGB", width, height, rng), drawn("L", width, height, rng)
            turned[0x112] = rng.randrange(1, 9)
            for name, picture in [("RGB", rgb), ("gray", gray)]:
                self.decoding(f"PNG {name}", picture, "PNG")
                self.decoding("PNG turned", picture, "PNG", exif=turned)
                self.decoding(f"BMP {name}", picture, "BMP")
                self.decoding(f"PNM {name}", picture, "PPM")
                self.decoding("JPEG turned", picture, "JPEG", quality=80, exif=turned)
                for progressive in (False, True):
                    self.decoding(f"JPEG {name}", picture, "JPEG", quality=rng.randrange(20, 100),
                                  progressive=progressive)
            for subsampling in range(3):
                self.decoding("JPEG subsampled", rgb, "JPEG", subsampling=subsampling)
            self.decoding("JPEG CMYK", drawn("CMYK", width, height, rng), "JPEG", largest=1)
            for bits in (1, 2, 4, 8):
                self.decoding("PNG palette", rgb.quantize(2 ** bits), "PNG", bits=bits)
            self.decoding("PNG bits", gray.convert("1"), "PNG")
            self.decoding("PBM", gray.convert("1"), "PPM")
            self.decoding("BMP bits", gray.convert("1"), "BMP")
            self.decoding("BMP palette", rgb.quantize(200), "BMP")
            self.decoding("GIF", rgb.quantize(200), "GIF")
            self.decoding("GIF", gray, "GIF", interlace=0)
            self.decoding("WebP lossy", rgb, "WEBP", quality=rng.randrange(20, 100))
            self.decoding("WebP lossless", rgb, "WEBP", lossless=True)

    def fits(self, rng):
        ways = {"crop": lambda p, s, c: ImageOps.fit(p, s, Image.BILINEAR),
                "pad": lambda p, s, c: ImageOps.pad(p, s, Image.BILINEAR, color=c),
                "stretch": lambda p, s, c: p.resize(s, Image.BILINEAR)}
        sizes = [(28, 28), (32, 32), (64, 48), (47, 96), (224, 224), (1, 5)]
        for width, height in [(28, 28), (33, 47), (100, 20), (640, 427), (9, 300), (500, 500), (3, 3)]:
            for mode in ("RGB", "L"):
                picture, path = drawn(mode, width, height, rng), self.folder / "picture"
                picture.save(path, "PNG")
                for size in rng.sample(sizes, 3):
                    for name, way in ways.items():
                        level = rng.randrange(256)
                        try:
                            expected = way(picture, size, (level,) * len(picture.getbands()))
                        except ValueError:  # a side that would be rounded to 0
                            continue
                        found = self.run("fit", path, self.folder / "out.png", size[1], size[0],
                                         name, level)
                        self.note(f"fit: {name}", expected, found, largest=1)

    def reduced(self, rng):
        """Decoded at a smaller scale, against scaled down from the full one."""
        ways = {"crop": lambda p, s: ImageOps.fit(p, s, Image.BILINEAR),
                "stretch": lambda p, s: p.resize(s, Image.BILINEAR)}
        turned, path = Image.Exif(), self.folder / "picture"
        for width, height in [(256, 256), (1024, 768), (517, 933), (391, 203)]:
            for subsampling in (0, 2):
                turned[0x112] = rng.randrange(1, 9)
                drawn("RGB", width, height, rng).save(path, "JPEG", quality=90, exif=turned,
                                                      subsampling=subsampling)
                full = ImageOps.exif_transpose(Image.open(path))
                for size in (8, 16, 31, 64, 128):
                    for name, way in ways.items():
                        found = self.run("reduce", path, self.folder / "out.png", size, size, name, 0)
                        self.note("JPEG reduced", way(full, (size, size)), found, largest=8, mean=1)


    def crops(self, rng):
        """Random resized crops, as torchvision makes them with Pillow."""
        path = self.folder / "picture"
        for width, height in [(32, 32), (48, 30), (224, 160)]:
            for mode in ("RGB", "L"):
                picture = drawn(mode, width, height, rng)
                picture.save(path, "PNG")
                for size in (16, 32, 61):
                    high, wide = rng.randint(1, height), rng.randint(1, width)
                    top, left = rng.randint(0, height - high), rng.randint(0, width - wide)
                    expected = picture.crop((left, top, left + wide, top + high))
                    found = self.run("crop", path, self.folder / "out.png", top, left, high, wide, size)
                    self.note("augment: crop", expected.resize((size, size), Image.BILINEAR), found, largest=1)

    def colours(self, rng):
        """torchvision's ColorJitter is made of Pillow's enhancements; its hues of bytes would be too coarse to
        compare with, so these are Python's."""
        ways = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
                "saturation": ImageEnhance.Color}
        path = self.folder / "picture"
        for factor in (0.05, 0.5, 0.9, 1.0, 1.3, 1.95):
            picture = drawn("RGB", 40, 31, rng)
            picture.save(path, "PNG")
            for name, way in ways.items():
                found = self.run("colour", path, self.folder / "out.png", name, factor)
                self.note(f"augment: {name}", way(picture).enhance(factor), found, largest=1)
            turn = factor / 2 - 0.5
            expected = picture.copy()
            expected.putdata([turned(pixel, turn) for pixel in picture.getdata()])
            found = self.run("colour", path, self.folder / "out.png", "hue", turn)
            self.note("augment: hue", expected, found, largest=1)


def turned(pixel, turn):
    hue, saturation, value = colorsys.rgb_to_hsv(*(level / 255 for level in pixel))
    return tuple(round(255 * level) for level in colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value))


def compare_rates(probe, folder):
    """The best of five rounds of both in turn."""
    names = [str(name) for name in sorted(Path(folder).rglob("*.jpg"))]
    best = ours = 0.0
    with tempfile.NamedTemporaryFile("w") as name_list:
        name_list.write("".join(f"{name}\n" for name in names))
        name_list.flush()
        for _ in range(5):
            start = time.process_time()
            for name in names:
                Image.open(name).convert("RGB")
            best = max(best, len(names) / (time.process_time() - start))
            ours = max(ours, float(subprocess.check_output([probe, "rate", name_list.name])))
    print(f"{len(names)} files per core: {ours:.0f} per second, Pillow {best:.0f}: {ours / best:.2f} times")


def main():
    probe = sys.argv[1]
    if sys.argv[2:3] == ["--rate"]:
        compare_rates(probe, sys.argv[3])
        return
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(probe, folder)
        rng = random.Random(1)
        comparison.all_formats(rng)
        comparison.fits(rng)
        comparison.reduced(rng)
        comparison.crops(rng)
        comparison.colours(rng)
        for name, (most, mean) in sorted(comparison.worst.items()):
            print(f"{name}: levels differ by {most} at most, by {mean:.3f} in the mean")


main()
