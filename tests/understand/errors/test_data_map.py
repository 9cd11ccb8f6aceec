"""The map: regions by variability and correctness, of the rows that the Run was trained on and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertkit import Run, train
from bertkit.tasks.task import make_task
from bertkit.understand.errors.data_map import Mapped, map_of_run, mapped
from bertkit.understand.errors.pool import read_pool
from tests.helpers import tiny_recipe


def test_regions() -> None:
    probability = np.array([[0.9, 0.1, 0.1, 0.8, 0.2, np.nan], [0.9, 0.9, 0.1, 0.8, 0.2, np.nan]])
    correct = np.array([[1, 0, 0, 1, 0, np.nan], [1, 1, 0, 1, 0, np.nan]])
    found = mapped(probability, correct)
    assert found is not None
    assert found.rows == [0, 1, 2, 3, 4]
    assert found.regions == ["easy", "ambiguous", "hard", "easy", "hard"]
    assert found.confidence.tolist() == pytest.approx([0.9, 0.5, 0.1, 0.8, 0.2])
    assert found.variability[1] == pytest.approx(0.4)
    assert found.correctness.tolist() == [1, 0.5, 0, 1, 0]
    assert found.counts() == {"easy": 2, "ambiguous": 1, "hard": 2}


def test_one_epoch_has_no_variability() -> None:
    found = mapped(np.array([[0.9, 0.2]]), np.array([[1.0, 0.0]]))
    assert found is not None
    assert found.regions == ["easy", "hard"]
    assert mapped(np.full((1, 2), np.nan), np.full((1, 2), np.nan)) is None


def test_the_map_is_of_the_rows_that_were_trained_on(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, num_train_epochs=2), output=tmp_path / "run")
    opened = Run.open(run.path)
    task = make_task(opened.recipe, opened.task_state)
    pool = read_pool(task, opened.recipe)
    rows = [pool.rows[row] for row in pool.trained]
    found = map_of_run(opened, rows)
    assert isinstance(found, Mapped)
    assert (found.epochs, len(found.rows)) == (2, len(rows))
    assert map_of_run(opened, rows[1:]) == "the training rows have changed since the Run was trained"
    changed = [{**rows[0], "label": "other"}, *rows[1:]]
    assert map_of_run(opened, changed) == "the training rows have changed since the Run was trained"
    opened.data_map_file.unlink()
    assert "no record of its training" in str(map_of_run(opened, rows))
