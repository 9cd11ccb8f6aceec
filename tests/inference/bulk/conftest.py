"""Rows, and a job of small parts over them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, Run
from bertkit.inference.bulk import output
from bertkit.inference.bulk.options import BulkOptions
from bertkit.inference.bulk.run import Bulk
from tests.helpers import write_rows

SIZE = 4
"""Rows of a part."""


@pytest.fixture(scope="module")
def predictor(tiny_run: Run) -> Predictor:
    return Predictor.open(tiny_run)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    texts = ["hello", "where is my parcel ?", "i want it back " * 9, "", "good bye , good bye", "中 😀"]
    return write_rows([{"n": n, "text": texts[n % 6]} for n in range(30)], tmp_path / "rows.jsonl")


@pytest.fixture
def job(predictor: Predictor, tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`job("rows.jsonl", output="out.csv")`: a call of `predict_file` with parts of `SIZE` rows."""

    def run(source: Path, *, size: int = SIZE, run: Run | None = tiny_run, **options: Any) -> int:
        more = {name: options.pop(name) for name in ("meter", "elsewhere") if name in options}
        made = BulkOptions(**{name: str(v) if name == "output" else v for name, v in options.items()})
        made.check([str(source)])
        monkeypatch.setattr(output, "Bulk", lambda *a, **k: Bulk(*a, **{**k, "size": size}))
        return output.predict_file(predictor, str(source), predictor.recipe.data, made, run=run, **more).rows

    return run


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
