"""Shapes of the files of a Run: what a training writes fits, and what is not known is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RunError
from bertkit.files.run_files import About, Environment, Metrics, read_file
from bertkit.fs import write_json

METRICS: dict[str, Any] = {
    "validation": {"accuracy": 0.5, "auc": None},
    "intervals": {"validation": {"accuracy": [0.1, None]}},
    "rows": {"train": 3},
    "warnings": [{"split": "train", "message": "half of the texts are cut"}],
    "later": [1, {"a": 2}],
}


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (Metrics, METRICS),
        (Metrics, {}),
        (About, {"kind": "quantize", "backend": "onnx", "parent": {"name": "a", "weights": {}}}),
        (Environment, {"devices": ["cpu"], "versions": {"torch": "2"}, "command": ["train"], "threads": 2}),
    ],
)
def test_what_is_written_is_read_as_it_is(shape: Any, value: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", value)
    assert read_file(tmp_path / "a.json", shape) == value


def test_a_warning_without_its_message(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {**METRICS, "warnings": [{"split": "train"}]})
    with pytest.raises(RunError, match=r"can not be used: it has no warnings\.0\.message; copy the Run again"):
        read_file(tmp_path / "a.json", Metrics)
