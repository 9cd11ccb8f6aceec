"""What a training started from: a model that a Run trained on labels is named, a pre-trained one is not."""

from __future__ import annotations

from pathlib import Path

from bertkit import train
from bertkit.understand.errors.origin import trained_on_labels
from bertkit.understand.errors.run import ErrorSearch, find_errors
from tests.understand.errors.made import recipe_of, texts_of


def test_a_start_from_labels_is_told_and_noted(tiny_bert: Path, tmp_path: Path) -> None:
    rows = texts_of(40, 0)[0]
    first = train(recipe_of(tmp_path, tiny_bert, rows), output=tmp_path / "run")
    second = train(recipe_of(tmp_path, first.model, rows), output=tmp_path / "again")
    assert trained_on_labels(first) == ""
    what = trained_on_labels(second)
    assert what == f"{first.model} was trained on labels, perhaps on those of these rows"
    record = find_errors(second, tmp_path / "errors", ErrorSearch(folds=2))
    assert f"{what}: errors may be missed" in record["notes"]
