"""Rankings of models whose vectors and scores are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.bench.retrieval import ranking
from bertkit.bench.retrieval.ranking import Desk, Ranker, rerank, search
from bertkit.data.beir import Collection, read_collection
from tests.bench.retrieval.beir_data import VECTORS, write_beir
from tests.search.fakes import ScoringPredictor, TablePredictor, quiet


@pytest.fixture
def tiny(tmp_path: Path) -> Collection:
    return read_collection(write_beir(tmp_path / "tiny"))


def ranker(predictor: Any, name: str = "table") -> Ranker:
    return Ranker(name, predictor, {"weights": name})


def ids(found: ranking.Ranking, tiny: Collection) -> list[str]:
    return [" ".join(tiny.documents[number] for number in own) for own in found.documents]


def test_the_nearest_documents_in_order_without_the_query_itself(tiny: Collection, tmp_path: Path) -> None:
    predictor = TablePredictor(VECTORS)
    found = search(ranker(predictor), tiny, Desk(tmp_path, quiet))
    assert ids(found, tiny) == ["d2 d3 d1 d4 q3", "d3 d4 q3 d2 d1", "d4 d3 d2 d1", "d1 d2 d3 d4 q3"]
    assert found.scores[1][0] == pytest.approx(0.9945, abs=1e-4)  # the cosine of 6 degrees
    assert "document parcel is late" in predictor.read
    assert "where is it" in predictor.read


def test_so_many_are_found(tiny: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "FOUND", 2)
    found = search(ranker(TablePredictor(VECTORS)), tiny, Desk(tmp_path, quiet))
    assert ids(found, tiny) == ["d2 d3", "d3 d4", "d4 d3", "d1 d2"]


def test_a_reranker_orders_the_first_and_leaves_the_rest(tiny: Collection, tmp_path: Path) -> None:
    desk = Desk(tmp_path, quiet)
    first = search(ranker(TablePredictor(VECTORS)), tiny, desk)
    scores = {
        (query, text): float(len(text)) if query != "who plays" else 0.0
        for query in tiny.queries.values()
        for text in tiny.texts
    }
    model = ScoringPredictor(scores)
    found = rerank(ranker(model, "lengths"), first, 3, tiny, desk)
    # cat sleeps: 10, money back: 10, parcel is late: 14, man plays: 9
    assert ids(found, tiny) == ["d1 d2 d3 d4 q3", "d3 d4 q3 d2 d1", "d4 d2 d3 d1", "d1 d2 d3 d4 q3"]
    assert all((own[:-1] >= own[1:]).all() for own in found.scores)
    assert len(model.read) == 12
    again = ScoringPredictor(scores)
    rerank(ranker(again, "lengths"), first, 3, tiny, desk)
    assert not again.read  # its scores are kept


def test_windows_are_those_of_the_task(tiny: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    search(ranker(TablePredictor(VECTORS)), tiny, Desk(tmp_path, quiet, windows=True))
    assert "table: documents of tiny: 5 texts read, windows" in caplog.messages
    assert "table: queries of tiny: 4 texts read, cut" in caplog.messages
