"""TensorFlow's files: checksums and bytes as published, and damage that is noticed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.errors import ModelError
from bertkit.models import bundle
from bertkit.models.bundle import Bundle, crc32c
from tests.models.tensorflow_files import write_checkpoint


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # RFC 3720, appendix B.4, and the two below
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"", 0),
    ],
)
def test_published_checksums(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@pytest.mark.parametrize("length", [1, 63, 64 * 8 - 1, 64 * 8, 64 * 8 + 5, 6001])
def test_checksums_side_by_side_are_those_one_by_one(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = random.Random(length).randbytes(length)
    expected = bundle._one_by_one(0xFFFFFFFF, data) ^ 0xFFFFFFFF
    monkeypatch.setattr(bundle, "LANES", 64)
    assert crc32c(data) == expected


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "model.ckpt", TENSORS)
    return tmp_path / "model.ckpt"


TENSORS = {f"bert/encoder/layer_{i}/output/dense/kernel": np.full((3, 2), i, np.float32) for i in range(50)}
TENSORS |= {"global_step": np.array(7, np.int64), "words": np.arange(6, dtype=np.float32).reshape(2, 3)}


def test_all_tensors_are_read(prefix: Path) -> None:
    read = Bundle(prefix)
    assert sorted(read.entries) == sorted(TENSORS)
    for name, values in TENSORS.items():
        got = read.read(name)
        assert got.dtype == values.dtype
        np.testing.assert_array_equal(got, values)


def test_the_bytes_of_a_small_index_by_hand(tmp_path: Path) -> None:
    """One block of two entries; what each byte is stands in LevelDB's table_format.md and tensor_bundle.proto."""
    header = bytes([0x08, 1])  # field 1, num_shards: 1
    entry = (
        bytes([0x08, 1, 0x12, 4, 0x12, 2, 0x08, 2, 0x28, 8, 0x35]) + b"\xaa\xbb\xcc\xdd"
    )  # float, shape [2], 8 bytes
    first, second = bytes([0, 0, len(header)]) + header, bytes([0, 1, len(entry)]) + b"w" + entry
    block = first + second + bytes(4) + b"\1\0\0\0"
    index = bytes([0, 1, 2]) + b"w" + bytes([0, len(block)]) + bytes(4) + b"\1\0\0\0"
    at = len(block) + 5
    data = _with_trailer(block) + _with_trailer(index)
    footer = bytes([0, 0, at, len(index)]).ljust(40, b"\0") + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
    (tmp_path / "a.index").write_bytes(data + footer)
    assert Bundle(tmp_path / "a").entries == {"w": bundle.Place(1, (2,), 0, 0, 8, 0xDDCCBBAA, False)}


def _with_trailer(block: bytes) -> bytes:
    return block + b"\0" + bundle.masked(crc32c(block + b"\0")).to_bytes(4, "little")


@pytest.mark.parametrize("end", [".index", ".data-00000-of-00001"])
def test_a_flipped_bit_is_noticed(prefix: Path, end: str) -> None:
    file = prefix.with_name(prefix.name + end)
    whole = file.read_bytes()
    for number in range(0, len(whole), 97):
        flipped = bytearray(whole)
        flipped[number] ^= 16
        file.write_bytes(flipped)
        try:
            read = Bundle(prefix)
            same = all(np.array_equal(read.read(name), values) for name, values in TENSORS.items())
        except ModelError:
            continue
        assert same, f"byte {number}"  # padding of the footer


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "last bytes"), (b"x" * 100, "last bytes"), (None, "can not be read")]
)
def test_what_is_no_index_is_refused(prefix: Path, content: bytes | None, said: str) -> None:
    file = prefix.with_name(prefix.name + ".index")
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        Bundle(prefix)


def test_data_that_is_cut_off_or_missing(prefix: Path) -> None:
    file = prefix.with_name(prefix.name + ".data-00000-of-00001")
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(ModelError, match="words is damaged: not all of its 24 bytes are there"):
        Bundle(prefix).read("words")
    file.unlink()
    with pytest.raises(ModelError, match="can not be read"):
        Bundle(prefix).read("words")


@pytest.mark.parametrize("place", [{"offset": 2**64 - 1}, {"shape": (2**63, 2**63)}, {"size": 2**62}, {"shard": 10**9}])
def test_places_beyond_any_file(prefix: Path, place: dict[str, Any]) -> None:
    read = Bundle(prefix)
    read.entries["words"] = read.entries["words"]._replace(**place)
    with pytest.raises(ModelError, match="copy the checkpoint again"):
        read.read("words")
