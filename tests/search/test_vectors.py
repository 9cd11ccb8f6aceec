"""Vectors of queries and documents, by the task's own contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.errors import ModelError, RecipeError
from bertkit.inference.checkpoint import Checkpoint, guess
from bertkit.run import Run
from bertkit.search.vectors import check_vectors, for_documents, in_windows, vectors
from tests.helpers import make
from tests.search.fakes import TablePredictor, quiet


def opened(tiny_bert: Path, **options: Any) -> Checkpoint:
    recipe = guess(str(tiny_bert), "embed")
    return Checkpoint.adopt(str(tiny_bert), recipe.model_copy(update={"options": options}))


def whole(predictor: Any, texts: list[str]) -> np.ndarray:
    found = vectors(predictor, texts, None, None, "texts")
    found.compute(quiet)
    return found.whole()


def test_documents_have_their_prompt(tiny_bert: Path) -> None:
    predictor = opened(tiny_bert, prompts={"query": "where is ", "document": "a "})
    plain = opened(tiny_bert, prompts={})
    np.testing.assert_allclose(whole(predictor, ["parcel"]), whole(plain, ["where is parcel"]), atol=1e-6)
    np.testing.assert_allclose(whole(for_documents(predictor), ["parcel"]), whole(plain, ["a parcel"]), atol=1e-6)
    assert for_documents(plain).backend is plain.backend


def test_vectors_have_length_1(tiny_bert: Path) -> None:
    found = whole(opened(tiny_bert, normalize=False), ["hello", "a man plays"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert found.dtype == np.float32


def test_windows_read_the_whole_document(tiny_bert: Path) -> None:
    predictor = opened(tiny_bert, max_length=40)
    long = " ".join(["a man plays"] * 30)
    texts = [f"{long} where is my parcel ?", f"{long} hello hello"]
    cut, read = (whole(for_documents(predictor, windows=windows), texts) for windows in (False, True))
    np.testing.assert_allclose(cut[0], cut[1], atol=1e-6)
    assert np.abs(read[0] - read[1]).max() > 1e-4


def test_windows_fit_into_a_model_that_takes_few_tokens(tiny_bert: Path) -> None:
    """The overlap of 32 tokens, which is the default, leaves no room in 20."""
    read = for_documents(opened(tiny_bert, max_length=20), windows=True)
    assert whole(read, [" ".join(["a man plays"] * 30)]).shape[0] == 1
    with pytest.raises(RecipeError, match="no room for more"):
        whole(
            for_documents(opened(tiny_bert, max_length=20, long_text="windows", window_overlap=18), windows=True), ["a"]
        )


def test_a_task_without_windows() -> None:
    with pytest.raises(RecipeError, match="reads no text in windows"):
        in_windows(make("ner", {}))


def test_a_model_without_vectors(tiny_run: Run) -> None:
    from bertkit import Predictor

    with pytest.raises(ModelError, match="its task classify gives no vectors of texts"):
        check_vectors(Predictor.open(tiny_run), "runs/mine")


def test_vectors_that_are_no_numbers() -> None:
    predictor: Any = TablePredictor({"a": [1.0, float("nan")]})
    with pytest.raises(ModelError, match="some hold NaN or infinity"):
        whole(predictor, ["a"])
