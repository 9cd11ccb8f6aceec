"""A bench of retrieval: files, and what is named twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import Predictor, train
from bertkit.bench.retrieval.ranking import Ranker
from bertkit.bench.retrieval.run import RetrievalRequest, check_names, run
from bertkit.data.beir import read_collection
from bertkit.errors import RecipeError
from bertkit.inference.bulk.identity import model_of
from tests.bench.retrieval.beir_data import write_beir
from tests.helpers import tiny_recipe


def test_names_that_stand_twice_or_are_missing(tmp_path: Path) -> None:
    check_names([tmp_path / "a"], ["m"], ["r"])
    with pytest.raises(RecipeError, match="m stands twice"):
        check_names([tmp_path / "a"], ["m", "m"], [])
    with pytest.raises(RecipeError) as error:
        check_names([], [], [])
    assert len(error.value.problems) == 2


def test_a_run_writes_its_files_and_again_the_same(tiny_bert: Path, tmp_path: Path) -> None:
    trained = train(tiny_recipe("embed", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run")
    predictor = Predictor.open(trained)
    collection = read_collection(write_beir(tmp_path / "tiny"))
    request = RetrievalRequest([collection], [Ranker("mine", predictor, model_of(trained, predictor))])
    results, notes = run(request, tmp_path / "out", lambda label: iter)
    assert "tiny: 5 documents, 4 judged queries (test)" in notes
    found = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert (tmp_path / "out" / "table.md").read_text("utf-8").count("ndcg@10") >= 1
    runs = (tmp_path / "out" / "runs" / "tiny").glob("*.trec")
    assert [len(file.read_text("utf-8").splitlines()) > 10 for file in runs] == [True]
    run(request, tmp_path / "out", lambda label: iter)
    assert json.loads((tmp_path / "out" / "results.json").read_text("utf-8")) == found
    assert results.scores.keys() == {"tiny"}
