"""Picture files for the scripts beside this one: arrays as PNG, BMP, PGM and JPEG. Needs numpy, and for JPEG cjpeg."""

import os
import shutil
import struct
import subprocess
import zlib

import numpy as np

PNG_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}  # channels: grey, grey and opacity, RGB, RGB and opacity


def to_bytes(values):
    return np.floor(values + 0.5).astype(np.uint8)


def png(pixels):
    """A PNG file of (h, w), or (h, w, channels) with 1 to 4 of them: of bytes, or of 16-bit numbers."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    height, width = pixels.shape[:2]
    colour = PNG_COLOUR[1 if pixels.ndim == 2 else pixels.shape[2]]
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, colour, 0, 0, 0)
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    rows = b"".join(b"\0" + row.tobytes() for row in big_endian)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def bmp(pixels):
    """Bytes (h, w, 3) as a BMP file of 24 bits per pixel: rows from the bottom up, blue first, padded to 4 bytes."""
    height, width = pixels.shape[:2]
    padding = b"\0" * (-3 * width % 4)
    rows = b"".join(row[:, ::-1].tobytes() + padding for row in pixels[::-1])
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(rows), 0, 0, 54) + info + rows


def pnm(pixels):
    """Bytes (h, w) as a binary PGM file, or (h, w, 3) as a binary PPM file."""
    kind = b"P5" if pixels.ndim == 2 else b"P6"
    return b"%s\n%d %d\n255\n" % (kind, pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def jpeg(pixels, quality=85):
    """Bytes (h, w) or (h, w, 3) as a JPEG file by the program cjpeg, or None where there is none."""
    if not shutil.which("cjpeg"):
        return None
    command = ["cjpeg", "-quality", str(quality)]
    return subprocess.run(command, input=pnm(pixels), stdout=subprocess.PIPE, check=True).stdout


ENCODERS = {".png": png, ".bmp": bmp, ".pgm": pnm, ".jpg": jpeg}


def save(path, data):
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
