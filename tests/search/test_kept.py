"""Parts that are kept: computed once, known again, lost alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.search import kept
from bertkit.search.kept import Kept, Work
from tests.helpers import Power, messages
from tests.search.fakes import TablePredictor, quiet

TEXTS = [f"text {number}" for number in range(7)]


def table() -> Any:
    return TablePredictor({text: [float(number)] for number, text in enumerate(TEXTS)})


def work(predictor: Any, identity: Any = "model") -> Work:
    return Work(predictor, lambda answers: np.array([answer["vector"] for answer in answers]), identity, "texts")


def rows(texts: list[str]) -> list[dict[str, Any]]:
    return [{"text": text} for text in texts]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PART", 3)


@pytest.mark.parametrize("folder", ["in a folder", None])
def test_all_rows_in_parts(folder: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    found = Kept(work(table()), rows(TEXTS), tmp_path if folder else None)
    found.compute(quiet)
    assert [len(block) for block in found.blocks()] == [3, 3, 1]
    assert found.whole()[:, 0].tolist() == [*range(7)]
    assert messages(caplog)[-1] == "texts: 7 texts read, cut"


def test_a_kill_costs_one_part(tmp_path: Path) -> None:
    first, second = table(), table()
    shown: list[str] = []

    def killed(label: str) -> Any:
        shown.append(label)
        if len(shown) == 3:
            raise Power
        return iter

    with pytest.raises(Power):
        Kept(work(first), rows(TEXTS), tmp_path).compute(killed)
    assert shown == ["texts, part 1 of 3", "texts, part 2 of 3", "texts, part 3 of 3"]
    again = Kept(work(second), rows(TEXTS), tmp_path)
    again.compute(quiet)
    assert second.read == TEXTS[6:]
    assert again.whole()[:, 0].tolist() == [*range(7)]
    assert again.counts == {"texts": 7}


@pytest.mark.parametrize("other", ["model", "rows"])
def test_other_models_and_rows_are_computed_anew(other: str, tmp_path: Path) -> None:
    Kept(work(table()), rows(TEXTS), tmp_path).compute(quiet)
    second = table()
    texts = TEXTS[:6] if other == "rows" else TEXTS
    Kept(work(second, "another" if other == "model" else "model"), rows(texts), tmp_path).compute(quiet)
    assert second.read == texts
