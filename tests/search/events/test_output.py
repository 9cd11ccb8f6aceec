"""Rows of events and documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bertkit.search.events.output import document_rows, event_rows, write_rows
from bertkit.search.events.track import add, begun
from tests.search.events.made import document, predictor_of
from tests.search.fakes import quiet

TEXTS = [
    (0.5, "storm wind rain"),
    (1.2, "storm wind coast"),
    (1.9, "storm rain\ncoast"),
    (2.5, "alone here"),
    (3.1, "storm flood wind"),
    (3.5, "storm flood rain"),
]


def test_rows_of_events_and_documents(tmp_path: Path) -> None:
    documents = [document(number, day, text) for number, (day, text) in enumerate(TEXTS)]
    reader: Any = predictor_of(documents)
    own = begun("model", {}, reader, {})
    add(own, documents, reader, tmp_path, quiet)
    storm, alone = event_rows(own)
    assert list(storm) == [
        *("event", "single", "documents", "first", "peak", "last", "keywords", "title", "title_id", "days"),
    ]
    assert (storm["event"], storm["single"], storm["documents"]) == (1, False, 5)
    assert (storm["first"], storm["peak"], storm["last"]) == ("1970-01-01", "1970-01-02", "1970-01-04")
    assert storm["days"] == {"1970-01-01": 1, "1970-01-02": 2, "1970-01-04": 2}
    assert storm["keywords"][0] == "storm"
    assert storm["title"] == " ".join(documents[int(storm["title_id"])].text.split())
    assert (alone["single"], alone["documents"], alone["title"]) == (True, 1, "alone here")
    rows = list(document_rows(own))
    assert [row["event"] for row in rows] == [1, 1, 1, 2, 1, 1]
    assert rows[0] == {"id": "0", "time": "1970-01-01T12:00:00Z", "event": 1, "similarity": None}
    assert 0.18 <= rows[1]["similarity"] <= 1
    write_rows(rows, tmp_path / "rows.jsonl")
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()] == rows
