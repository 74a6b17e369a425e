"""The file formats of the comparison, written and read here on their own, so that nothing is shared
with the program under test: IDX (LeCun's MNIST page) and safetensors (its published format)."""

import gzip
import json
import struct

import numpy as np


class FormatError(Exception):
    """A file is not what its format prescribes; the message names the file and the place."""


def write_idx(path, array):
    """Writes unsigned bytes of any rank as IDX; gzipped where the name ends in .gz."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wb") as file:
        file.write(header + array.astype(np.uint8).tobytes())


def write_safetensors(path, tensors):
    """Writes {name: array} as F32 tensors without metadata."""
    header, offset = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [offset, offset + 4 * array.size]}
        offset += 4 * array.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data starts at a multiple of 8
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array, dtype="<f4").tobytes())


def read_safetensors(path):
    """Returns ({name: float32 array}, metadata). Raises FormatError at the first broken rule."""
    try:
        return _parse_safetensors(path, path.read_bytes())
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # a header of another shape
        raise FormatError(f"{path}: safetensors header: {error!r}") from error


def _parse_safetensors(path, data):
    length = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else None
    if length is None or length > len(data) - 8 or data[8:9] != b"{":
        raise FormatError(f"{path}: no safetensors header (size {len(data)}, length {length})")
    header = json.loads(data[8:8 + length], object_pairs_hook=_without_duplicates)
    metadata = header.pop("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise FormatError(f"{path}: __metadata__ holds a value that is not a string")

    body, tensors, expected = data[8 + length:], {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        size = 4 * int(np.prod(entry["shape"], dtype=np.int64))
        if entry["dtype"] != "F32" or begin != expected or end - begin != size or end > len(body):
            raise FormatError(f"{path}: tensor {name}: {entry}, expected F32 data at {expected} "
                              f"with {size} of {len(body)} bytes")
        tensors[name] = np.frombuffer(body[begin:end], "<f4").reshape(entry["shape"])
        expected = end
    if expected != len(body):
        raise FormatError(f"{path}: {len(body) - expected} bytes after the last tensor")
    return tensors, metadata


def _without_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"duplicate key among {names}")
    return dict(pairs)
