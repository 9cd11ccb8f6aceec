"""Writes TensorFlow checkpoints as tensor_bundle.cc and LevelDB's table_builder.cc do: small blocks, shared keys."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from bertkit.models.bundle import crc32c, masked

TYPES = {"float32": 1, "int64": 9}


def varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def block(entries: list[tuple[bytes, bytes]], every: int = 16) -> bytes:
    """Each key without what it shares with the one before, but in full every so many."""
    data, full, last = b"", [], b""
    for number, (key, value) in enumerate(entries):
        shared = 0
        if number % every:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        else:
            full.append(len(data))
        data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return data + struct.pack(f"<{len(full) + 1}I", *full, len(full))


def write_table(file: Path, entries: list[tuple[bytes, bytes]], size: int = 20) -> None:
    data, places = b"", []

    def add(content: bytes) -> bytes:
        nonlocal data
        place = varint(len(data)) + varint(len(content))
        data += content + b"\0" + struct.pack("<I", masked(crc32c(content + b"\0")))
        return place

    for start in range(0, len(entries), size):
        part = entries[start : start + size]
        places.append((part[-1][0], add(block(part))))
    further, index = add(block([])), add(block(places, every=1))
    footer = (further + index).ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    file.write_bytes(data + footer)


def write_checkpoint(prefix: Path, tensors: dict[str, np.ndarray]) -> None:
    data, entries = b"", [(b"", field(1, 1) + field(3, field(1, 1)))]
    for name, values in sorted(tensors.items()):
        content = values.astype(values.dtype.newbyteorder("<")).tobytes()
        shape = b"".join(field(2, field(1, size)) for size in values.shape)
        checksum = varint(6 << 3 | 5) + struct.pack("<I", masked(crc32c(content)))
        place = field(4, len(data)) + field(5, len(content))
        entries.append((name.encode(), field(1, TYPES[values.dtype.name]) + field(2, shape) + place + checksum))
        data += content
    write_table(prefix.with_name(prefix.name + ".index"), entries)
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)
