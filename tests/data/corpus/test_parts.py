"""A part as it was written, and sentences read from their places."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from bertkit.data.corpus import parts
from bertkit.data.corpus.parts import CorpusPart, RandomSentences, read_summary


@pytest.fixture
def part() -> CorpusPart:
    tokens = np.arange(20, dtype=np.uint16)
    hashes = np.arange(4, dtype=np.uint64).reshape(2, 2)
    return CorpusPart(tokens, np.array([0, 3, 4, 10, 20]), np.array([0, 3, 4]), hashes, {"bytes": 7})


def test_a_part_is_read_as_it_was_written(part: CorpusPart, tmp_path: Path) -> None:
    part.write(tmp_path / "a.part")
    again = CorpusPart.read(tmp_path / "a.part")
    for name in ("tokens", "sentences", "documents", "hashes"):
        assert np.array_equal(getattr(again, name), getattr(part, name))
        assert getattr(again, name).dtype == getattr(part, name).dtype
    assert again.counts == {"bytes": 7}
    assert (len(again), again.lengths.tolist()) == (2, [10, 10])
    counts, hashes = read_summary(tmp_path / "a.part")
    assert counts == {"bytes": 7}
    assert np.array_equal(hashes, part.hashes)
    assert [file.name for file in tmp_path.iterdir()] == ["a.part"]


@pytest.mark.parametrize(("wanted", "lengths"), [(-3, {3, 1, 6}), (1, {3, 1, 6}), (4, {4, 7, 6}), (99, {10, 7, 6})])
def test_sentences_from_a_random_one_on_until_there_are_enough(
    part: CorpusPart, tmp_path: Path, wanted: int, lengths: set[int]
) -> None:
    part.write(tmp_path / parts.name(5))
    np.save(tmp_path / "table.npy", np.array([5 << 32, (5 << 32) + 1]))
    random_sentences = RandomSentences(tmp_path, tmp_path / "table.npy")
    assert len(random_sentences) == 2
    draw = random.Random(0)
    found = [random_sentences.sample(0, wanted, draw).tolist() for _ in range(50)]
    assert {len(tokens) for tokens in found} == lengths
    assert {tokens[0] for tokens in found} == {0, 3, 4}
    assert all(tokens == list(range(tokens[0], tokens[0] + len(tokens))) for tokens in found)
    assert random_sentences.sample(1, wanted, draw).tolist() == list(range(10, 20))
