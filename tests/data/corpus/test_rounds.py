"""The two rounds: what is drawn, repeated, and run in parallel."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from bertkit.data.corpus import parts
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.parts import CorpusPart
from bertkit.data.corpus.rounds import Workers, _batches, _repeated, choose
from bertkit.errors import DataError


def test_repeated_hashes_are_those_after_the_first() -> None:
    hashes = np.array([[1, 2], [1, 3], [1, 2], [4, 2], [1, 2], [1, 3]], np.uint64)
    assert _repeated(hashes).tolist() == [False, False, True, False, True, True]
    assert _repeated(hashes[:1]).tolist() == [False]


def write_parts(folder: Path, sizes: list[int]) -> None:
    first = 0
    for number, size in enumerate(sizes):
        hashes = np.array([[i, 0] for i in range(first, first + size)], np.uint64).reshape(-1, 2)
        CorpusPart(np.zeros(0), np.zeros(1), np.zeros(size + 1), hashes, {}).write(folder / parts.name(number))
        first += size


@pytest.mark.parametrize(
    ("sizes", "options", "validates"),
    [
        ([60, 40], {"validation_ratio": 0.1}, 10),
        ([60, 40], {"validation_ratio": 0.0}, 0),
        ([5, 3], {"validation_ratio": 0.01}, 2),
        ([5, 3], {"validation_ratio": 0.01, "pairs": "none"}, 1),
        ([1], {}, 0),
        ([2], {}, 1),
    ],
)
def test_validation_documents(tmp_path: Path, sizes: list[int], options: dict, validates: int) -> None:
    write_parts(tmp_path, sizes)
    found = choose(tmp_path, len(sizes), CorpusOptions(**options))
    train, validation = (np.load(tmp_path / f"{split}.npy") for split in ("train", "validation"))
    assert (found["train"], found["validation"]) == (len(train), len(validation)) == (sum(sizes) - validates, validates)
    everything = [(number << 32) + i for number, size in enumerate(sizes) for i in range(size)]
    assert sorted([*train, *validation]) == everything
    assert all((np.diff(table) > 0).all() for table in (train, validation))


def test_documents_are_dealt_out_whole(monkeypatch) -> None:
    from bertkit.data.corpus import rounds as corpus_rounds

    monkeypatch.setattr(corpus_rounds, "PART", 5)
    assert list(_batches(["abc", "de", "fghijklm", "n"])) == [["abc", "de"], ["fghijklm"], ["n"]]


def double(number: int) -> int:
    return 2 * number


def die(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("processes", [1, 2])
def test_jobs_run_here_or_elsewhere(processes: int) -> None:
    with Workers(processes) as workers:
        assert sorted(workers(double, ((i,) for i in range(9)))) == list(range(0, 18, 2))


def test_a_process_that_is_killed_is_told() -> None:
    with Workers(2) as workers, pytest.raises(DataError, match="a process was killed"):
        list(workers(die, ((i,) for i in range(9))))
