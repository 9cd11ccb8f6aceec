"""What an export of every task must do, for each task there is: the graph answers as the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit import Predictor, Run, train
from bertkit.engine.run import run as run_backend
from bertkit.shrink.export import export
from tests.contract.test_task import TOGETHER
from tests.helpers import tiny_recipe


@pytest.fixture(scope="module", params=TOGETHER)
def both(request: pytest.FixtureRequest, tiny_bert: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    name, options = request.param
    folder = tmp_path_factory.mktemp(name.rpartition(":")[2])
    run = train(tiny_recipe(name, options, tiny_bert, folder, max_steps=3), output=folder / "run")
    from bertkit.inference.evaluate import read_rows

    predictor = Predictor.open(run)
    _, rows = read_rows(predictor.task, run.recipe, split="validation")
    return run, export(run, folder / "exported", rows)


def outputs_of(run: Run, rows: Any, *, answers: bool) -> dict[str, Any]:
    predictor = Predictor.open(run)
    encoded = predictor.task.encode(rows, predictor.tokenizer, predictor.limit, answers=answers)
    return run_backend(predictor.backend, encoded.examples, predictor.collate, tokens=64)[0]


def test_the_graph_is_the_model(both: tuple[Run, Run]) -> None:
    predictor = Predictor.open(both[0])
    rows = predictor.task.tiny_rows()
    for answers in (False, True):
        expected, found = (outputs_of(run, rows, answers=answers) for run in both)
        assert expected.keys() == found.keys()
        for name in expected:
            for one, other in zip(expected[name], found[name], strict=True):
                np.testing.assert_allclose(other, one, atol=1e-4, err_msg=name)
