"""Run files in TREC's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bertkit.bench.retrieval.ranking import Ranking
from bertkit.bench.retrieval.trec import tags, write_runs
from bertkit.data.beir import read_collection
from tests.bench.retrieval.beir_data import DOCUMENTS, write_beir


def ranking() -> Ranking:
    empty = np.array([], dtype=int)
    return Ranking(
        [np.array([1, 0]), np.array([2]), empty, empty], [np.array([0.5, 0.25]), np.array([1.0]), empty, empty]
    )


def test_a_file_per_model(tmp_path: Path) -> None:
    tiny = read_collection(write_beir(tmp_path / "tiny"))
    assert write_runs(tmp_path / "out", {"runs/a": ranking()}, tiny) == ""
    lines = (tmp_path / "out" / "runs-a.trec").read_text().splitlines()
    assert lines == ["q1 Q0 d2 1 0.5 runs-a", "q1 Q0 d1 2 0.25 runs-a", "q2 Q0 d3 1 1 runs-a"]


def test_ids_with_spaces(tmp_path: Path) -> None:
    tiny = read_collection(write_beir(tmp_path / "tiny", [*DOCUMENTS, {"_id": "a b", "text": "c"}]))
    assert "can not hold an id with a space: 'a b'" in write_runs(tmp_path / "out", {"runs/a": ranking()}, tiny)
    assert not (tmp_path / "out").exists()


def test_names_of_files_differ() -> None:
    assert tags(["a/b", "a b", "a-b", "../.."]) == {"a/b": "a-b", "a b": "a-b-2", "a-b": "a-b-3", "../..": "model"}
