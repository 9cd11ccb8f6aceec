"""Files of corrections, filled in by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertkit.understand.errors.findings import COLUMNS
from tests.helpers import write_csv

Line = dict[str, Any]


def line(place: str, text: str, given: str, corrected: str, words: str = "", kinds: str = "label") -> Line:
    return {"kinds": kinds, "place": place, "text": text, "given": given, "corrected": corrected, "words": words}


def fill(folder: Path, lines: Sequence[Line], task: str = "classify", **about: Any) -> Path:
    """`errors.csv` with these lines, and the `errors.json` beside it; `about`: `block`, `options` and `labels`."""
    folder.mkdir(exist_ok=True)
    values = {"task": task, "block": {}, "options": {}, "labels": [], **about}
    (folder / "errors.json").write_text(json.dumps(values), "utf-8")
    return write_csv(folder / "errors.csv", COLUMNS, [[one.get(name, "") for name in COLUMNS] for one in lines])
