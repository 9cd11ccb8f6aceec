"""Adding documents to a folder: what is computed again, what is counted, and what a kill leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.errors import DataError, RunError
from bertkit.search import kept
from bertkit.search.events import state, track
from bertkit.search.events.documents import TimedText
from bertkit.search.events.state import Tracked
from bertkit.search.events.track import NewDocuments, add, begun, settled
from tests.search.events.made import document, facts, news, predictor_of
from tests.search.fakes import TablePredictor, quiet


def tracked(
    folder: Path, *parts: Sequence[TimedText], predictor: TablePredictor | None = None, **options: Any
) -> Tracked:
    """The state after each part was added by a command of its own."""
    reader: Any = predictor or predictor_of([one for part in parts for one in part])
    folder.mkdir(exist_ok=True)
    for part in parts:
        known, model = settled(folder, "model", options)
        add(known or begun(model, {"model": 1}, reader, options), part, reader, folder, quiet)
    known = state.load(folder)
    assert known
    return known


@pytest.mark.parametrize("cut", [1, 57, 256, 399])
def test_two_inputs_equal_one(cut: int, tmp_path: Path) -> None:
    documents = news(400)
    whole = tracked(tmp_path / "whole", documents, window=10.0)
    parts = tracked(tmp_path / "parts", documents[:cut], documents[cut:], window=10.0)
    assert facts(whole) == facts(parts)
    np.testing.assert_allclose(whole.similarities, parts.similarities, atol=1e-6)
    assert 20 < len(whole.clusters.events) < 300


def test_old_documents_are_neither_read_nor_counted_again(tmp_path: Path) -> None:
    documents = news(60)
    reader: Any = predictor_of(documents)
    own = begun("model", {}, reader, {})
    assert add(own, [*documents[:40], documents[3]], reader, tmp_path, quiet) == NewDocuments(40, 1, 0)
    reader.read.clear()
    known = state.load(tmp_path)
    assert known
    assert add(known, documents, reader, tmp_path, quiet) == NewDocuments(20, 40, 0)
    assert sorted(reader.read) == sorted(one.text for one in documents[40:])
    reader.read.clear()
    before = facts(known)
    assert add(known, documents, reader, tmp_path, quiet) == NewDocuments(0, 60, 0)
    assert reader.read == []
    assert facts(known) == before


def test_late_documents_are_counted(tmp_path: Path) -> None:
    documents = news(50)
    reader: Any = predictor_of(documents)
    own = begun("model", {}, reader, {})
    add(own, documents[20:], reader, tmp_path, quiet)
    assert add(own, documents[:20], reader, tmp_path, quiet) == NewDocuments(20, 0, 20)
    assert sum(sum(event.days.values()) for event in own.clusters.events) == 50


def test_equal_texts_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PART", 2)
    texts = ["storm a", "vote b", "storm a", "chess c", "vote b", "fire d", "storm a", "fire e"]
    documents = [document(number, number, text) for number, text in enumerate(texts)]
    reader: Any = predictor_of(documents)
    own = begun("model", {}, reader, {})
    reader.read.clear()
    add(own, documents, reader, tmp_path, quiet)
    assert len(reader.read) == 5
    assert own.ids == [str(number) for number in range(8)]
    one_at_a_time = begun("model", {}, reader, {})
    for one in documents:
        add(one_at_a_time, [one], reader, tmp_path, quiet)
    assert facts(one_at_a_time) == facts(own)


def test_a_kill_costs_no_vectors_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PART", 10)
    documents = news(60)
    whole = facts(tracked(tmp_path / "whole", documents[:20], documents[20:]))
    reader: Any = predictor_of(documents)
    folder = tmp_path / "killed"
    tracked(folder, documents[:20], predictor=reader)
    before = (folder / state.FILE).read_bytes()

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(state, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            tracked(folder, documents[20:], predictor=reader)
    assert (folder / state.FILE).read_bytes() == before
    reader.read.clear()
    assert facts(tracked(folder, documents[20:], predictor=reader)) == whole
    assert reader.read == []
    assert [path.name for path in folder.iterdir()] == [state.FILE]


def test_a_first_command_that_was_killed_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = news(10)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(state, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            tracked(tmp_path, documents)
    assert [path.name for path in tmp_path.iterdir()] == [track.VECTORS]
    assert len(tracked(tmp_path, documents).ids) == 10
    (tmp_path / track.VECTORS).mkdir()  # a kill after the state was written
    tracked(tmp_path, documents)
    assert [path.name for path in tmp_path.iterdir()] == [state.FILE]


def failed(folder: Path, model: str | None = None, **options: Any) -> str:
    with pytest.raises((DataError, RunError)) as raised:
        settled(folder, model, options)
    return str(raised.value)


def test_folders_models_and_options_that_do_not_fit(tmp_path: Path) -> None:
    assert "--model  missing" in failed(tmp_path)
    assert "--threshold  2 is not from 0 to 1" in failed(tmp_path, "model", threshold=2)
    (tmp_path / "notes.txt").touch()
    assert f"--output  {tmp_path}: holds other files (notes.txt)" in failed(tmp_path, "model")
    own = tmp_path / "own"
    tracked(own, news(5), window=7.0)
    assert settled(own, None, {"window": 7.0, "threshold": None})[1] == "model"
    assert "--window  8 is not the 7 that the folder was begun with" in failed(own, window=8.0)
    known, _ = settled(own, "other", {})
    assert known
    known.check_model({"model": 1}, own)
    with pytest.raises(DataError, match="begun with another model or other options of it"):
        known.check_model({"model": 2}, own)


@pytest.mark.parametrize("content", [b"", b"PK", b"junk" * 100, None], ids=["empty", "cut", "junk", "other arrays"])
def test_states_that_can_not_be_used(content: bytes | None, tmp_path: Path) -> None:
    if content is None:
        np.savez(tmp_path / state.FILE, a=np.zeros(3))
    else:
        (tmp_path / state.FILE).write_bytes(content)
    assert f"{tmp_path / state.FILE}  can not be used: " in failed(tmp_path, "model")


def test_a_state_that_was_cut_or_changed(tmp_path: Path) -> None:
    tracked(tmp_path, news(30))
    file = tmp_path / state.FILE
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "can not be used: " in failed(tmp_path)
    for name in ("about", "events", "sums", "ids", "days", "central", "vectors", "word_starts", "times", "squares"):
        file.write_bytes(whole)
        with np.load(file) as found:
            arrays = {key: found[key] for key in found.files}
        arrays[name] = arrays[name][: len(arrays[name]) // 2]
        np.savez(file, **arrays)
        assert "can not be used: " in failed(tmp_path), name
