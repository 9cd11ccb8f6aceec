"""Read TensorFlow's checkpoints of the second version, `NAME.index` and `NAME.data-00000-of-00001`, without TensorFlow.

The index is a sorted table as LevelDB writes it (doc/table_format.md there, tensorflow/core/lib/io/table.h), of tensor
names and of the place of each tensor in the data files, as protocol buffers (tensorflow/core/protobuf/
tensor_bundle.proto). Checksums are verified, so that a damaged file gives no weights. TensorFlow writes these tables
uncompressed (tensor_bundle.cc); others are refused.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bertkit.errors import ModelError

MAGIC = 0xDB4775248B80FB57
"""Last eight bytes of a table."""
FOOTER = 48
TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2"}
"""Numbers of tensorflow/core/framework/types.proto -> numpy's types."""
LANES = 1 << 15
"""Parts of a file whose checksums are computed side by side."""


class Place(NamedTuple):
    """Where a tensor lies."""

    type: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    sliced: bool


class Bundle:
    """The tensors of a checkpoint.

    Args:
        prefix: the path without `.index`, such as `bert_model.ckpt`.

    Raises:
        ModelError: no such files, or files that are damaged or of another kind.
    """

    def __init__(self, prefix: Path):
        self._prefix = prefix
        self._index = prefix.with_name(prefix.name + ".index")
        try:
            entries = dict(_table(self._index.read_bytes()))
            header = dict(_fields(entries.pop(b"")))
            self._shards = int(header.get(1, 0))
            if header.get(2, 0) != 0:
                raise ValueError("it is big-endian")
            self.entries = {name.decode("utf-8"): _entry(value) for name, value in sorted(entries.items())}
        except OSError as error:
            raise ModelError.at(str(self._index), "can not be read", detail=str(error.strerror)) from error
        except (ValueError, KeyError, IndexError, struct.error) as error:
            what = f"no index of a TensorFlow checkpoint ({error})"
            raise ModelError.at(str(self._index), what, "copy the checkpoint again") from error

    def read(self, name: str) -> np.ndarray:
        """A tensor, verified."""
        entry = self.entries[name]
        if entry.type not in TYPES or entry.sliced:
            what = f"{name} has a type or a layout that can not be read (type {entry.type})"
            raise ModelError.at(str(self._index), what, "save it with one tensor per variable")
        file = self._prefix.with_name(f"{self._prefix.name}.data-{entry.shard:05d}-of-{self._shards:05d}")
        expected = math.prod(entry.shape) * np.dtype(TYPES[entry.type]).itemsize
        todo = "copy the checkpoint again"
        try:
            if entry.size != expected or entry.offset + entry.size > file.stat().st_size:
                raise ModelError.at(str(file), f"{name} is damaged: not all of its {expected:,} bytes are there", todo)
            with file.open("rb") as stream:
                stream.seek(entry.offset)
                data = stream.read(entry.size)
        except OSError as error:
            raise ModelError.at(str(file), "can not be read", todo) from error
        if masked(crc32c(data)) != entry.checksum:
            raise ModelError.at(str(file), f"{name} is damaged", todo)
        return np.frombuffer(data, TYPES[entry.type]).reshape(entry.shape)


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a sorted table."""
    if len(data) < FOOTER or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        raise ValueError("its last bytes are not those of a table")
    footer = data[-FOOTER:]
    _, at = _varint(footer, 0)  # of the block of further blocks, which checkpoints do not have
    _, at = _varint(footer, at)
    offset, at = _varint(footer, at)
    size, at = _varint(footer, at)
    for _, place in _block(data, offset, size):
        start, after = _varint(place, 0)
        yield from _block(data, start, _varint(place, after)[0])


def _block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block, trailer = data[offset : offset + size], data[offset + size : offset + size + 5]
    compression, checksum = struct.unpack("<BI", trailer)
    if compression:
        raise ValueError("it is compressed")
    if masked(crc32c(block + trailer[:1])) != checksum:
        raise ValueError("a checksum is wrong")
    end = size - 4 * (1 + struct.unpack("<I", block[-4:])[0])  # after the entries: where full keys are, and how many
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        new, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + new]
        yield key, block[at + new : at + new + length]
        at += new + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the place after it."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 128:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol buffer: number and value."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        value: int | bytes
        if kind == 0:
            value, at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind == 5:
            value, at = struct.unpack("<I", message[at : at + 4])[0], at + 4
        elif kind == 1:
            value, at = struct.unpack("<Q", message[at : at + 8])[0], at + 8
        else:
            raise ValueError(f"a field of kind {kind}")
        yield key >> 3, value


def _entry(message: bytes) -> Place:
    numbers: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    for field, value in _fields(message):
        if isinstance(value, int):
            numbers[field] = value
        elif field == 2:
            sizes = [dict(_fields(dim)) for number, dim in _fields(value) if number == 2 and isinstance(dim, bytes)]
            shape = tuple(int(size.get(1, 0)) for size in sizes)
        else:
            numbers[field] = 1  # slices
    kind, shard, offset, size, checksum = (numbers.get(field, 0) for field in (1, 3, 4, 5, 6))
    return Place(kind, shape, shard, offset, size, checksum, 7 in numbers)


def masked(checksum: int) -> int:
    """A checksum as LevelDB stores it: rotated, plus a constant."""
    return (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _polynomial_table() -> np.ndarray:
    """`(256,)`: the checksum of each byte, reflected polynomial 0x82F63B78 (Castagnoli et al. 1993)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    return table


CRC = _polynomial_table()


def crc32c(data: bytes) -> int:
    """CRC-32C of bytes.

    A long text is cut into lanes of equal length, whose checksums are computed side by side. A checksum is linear, so
    two lanes are joined by moving the first one past the length of the second. 400 MB take some seconds.
    """
    width = len(data) // LANES
    if width < 8:
        return _one_by_one(0xFFFFFFFF, data) ^ 0xFFFFFFFF
    lanes = np.ascontiguousarray(np.frombuffer(data, np.uint8, LANES * width).reshape(LANES, width).T)  # (width, lane)
    state = np.zeros(LANES, np.uint32)
    state[0] = 0xFFFFFFFF
    for column in lanes:
        state = CRC[(state ^ column) & 255] ^ (state >> 8)
    move = _past_zeros(width)
    while len(state) > 1:
        state = _apply(move, state[::2]) ^ state[1::2]
        move = _apply(move, move)
    return _one_by_one(int(state[0]), data[LANES * width :]) ^ 0xFFFFFFFF


def _one_by_one(state: int, data: bytes) -> int:
    table = CRC.tolist()
    for byte in data:
        state = table[(state ^ byte) & 255] ^ (state >> 8)
    return state


def _past_zeros(count: int) -> np.ndarray:
    """`(32,)`: what each bit of a state becomes after so many zero bytes."""
    one = 1 << np.arange(32, dtype=np.uint32)
    result, step = one, CRC[one & 255] ^ (one >> 8)
    while count:
        if count & 1:
            result = _apply(step, result)
        count, step = count >> 1, _apply(step, step)
    return result


def _apply(move: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Move each state: the sum, without carry, of what its bits become."""
    result = np.zeros_like(states)
    for bit, moved in enumerate(move):
        result ^= np.where(states >> np.uint32(bit) & np.uint32(1), moved, np.uint32(0))
    return result
