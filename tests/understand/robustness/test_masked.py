"""Words for a gap, by a masked-language model."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import ModelError, RunError
from bertkit.run import Run
from bertkit.understand.robustness.masked import MaskedModel


def test_a_run_of_pretrain(tiny_mlm: Run, tiny_run: Run) -> None:
    model = MaskedModel.open(str(tiny_mlm.path), tiny_run, 12)
    assert model.name == str(tiny_mlm.path)
    (one, other) = model.propose([("where is my ", " ?"), ("", " is late")])
    assert len(one) == len(other) == 12
    assert len(set(one)) == 12


def test_a_long_text_before_the_gap_is_cut(tiny_mlm: Run, tiny_run: Run) -> None:
    model = MaskedModel.open(str(tiny_mlm.path), tiny_run, 5)
    (tokens,) = model.propose([("my parcel is late again [MASK] " * 300, " ? " * 300)])
    assert len(tokens) == 5


def test_texts_on_both_sides_are_cleaned_and_cut(tiny_mlm: Run, tiny_run: Run) -> None:
    model = MaskedModel.open(str(tiny_mlm.path), tiny_run, 5)
    assert "[MASK]" not in model._near("late [MASK] again", end=False)
    room = model._predictor.limit // 2
    long = "my " * 20 + "parcel " * 3000 + "late"
    front, back = model._near(long, end=False), model._near(long, end=True)
    assert long.startswith(front)
    assert long.endswith(back)
    assert all(0 < len(model._predictor.tokenizer.tokenize(text)) <= room for text in (front, back))


def test_a_folder_of_transformers(tiny_mlm: Run, tiny_run: Run) -> None:
    (tokens,) = MaskedModel.open(str(tiny_mlm.model), tiny_run, 7).propose([("where is my ", " ?")])
    assert len(tokens) == 7


def test_what_fills_in_no_words(tiny_run: Run, tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="its task fills in no masked words"):
        MaskedModel.open(str(tiny_run.path), tiny_run, 5)
    with pytest.raises(ModelError, match="has no head for the task pretrain"):
        MaskedModel.open(str(tiny_bert), tiny_run, 5)
    with pytest.raises(
        ModelError, match=r"--mlm .* which the Run was trained from, can not propose words: has no head"
    ):
        MaskedModel.open(None, tiny_run, 5)


def test_a_run_that_began_with_random_weights(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny_run.recipe.model_copy(update={"model": tiny_run.recipe.model.model_copy(update={"name": None})})
    monkeypatch.setattr(Run, "recipe", recipe)
    with pytest.raises(ModelError, match="began with random weights"):
        MaskedModel.open(None, tiny_run, 5)
