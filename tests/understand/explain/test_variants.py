"""Variants of an example: what a model scores without some words, computed at once as one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit import Predictor, Run
from bertkit.tasks.targets import Part, Point
from bertkit.understand.explain.explain import NEEDS
from bertkit.understand.explain.variants import Explained, mask_id
from bertkit.understand.explain.words import texts_of
from tests.understand.explained import bag_of_words, tiny


def explained(predictor: Predictor, row: dict[str, Any], chosen: bool = True) -> Explained:
    prepared = predictor.prepare([row])
    outputs, _ = predictor.compute(predictor.backend, prepared.encoded.examples, predictor.collate)
    (answer,) = predictor.task.decode(outputs, prepared.encoded, prepared.rows)
    targets = predictor.task.targets(answer, outputs, prepared.encoded.examples) or []
    (part, *_) = next(target.parts for target in targets if target.chosen == chosen)
    return Explained.of(predictor, part, texts_of(prepared.rows[0], predictor.task.columns))


@pytest.fixture(scope="module")
def opened(tiny_run: Run) -> Predictor:
    return Predictor.open(tiny_run, needs=NEEDS)


def test_the_whole_example_has_the_answers_logit(opened: Predictor) -> None:
    row = {"text": "where is my parcel ?"}
    (answer,) = opened.predict([row])
    for how in ("removal", "mask"):
        (score,) = explained(opened, row).scores([set()], how)
        assert score == pytest.approx(answer["logits"][answer["label"]], abs=1e-5)


def test_removal_is_the_text_without_the_word(opened: Predictor) -> None:
    whole = explained(opened, {"text": "where is my parcel ?"})
    scores = whole.scores([{2}, {0, 4}, set()], "removal")
    label = whole.part.points[0].label
    for score, text in zip(scores, ("where is parcel ?", "is my parcel", "where is my parcel ?"), strict=True):
        (answer,) = opened.predict([text])
        assert score == pytest.approx(list(answer["logits"].values())[label or 0], abs=1e-5)


def test_the_mask_stands_for_each_token_of_a_word(opened: Predictor) -> None:
    whole = explained(opened, {"text": "where is my parcel ?"})
    (score,) = whole.scores([{3}], "mask")
    (answer,) = opened.predict(["where is my [MASK] ?"])
    assert score == pytest.approx(list(answer["logits"].values())[whole.part.points[0].label or 0], abs=1e-5)
    assert mask_id(opened) == opened.tokenizer.mask_token_id


def test_a_tokens_score_moves_with_it(tiny_bert: Any, tmp_path: Any) -> None:
    predictor = tiny("ner", {}, tiny_bert, tmp_path)
    example = predictor.prepare([{"tokens": ["where", "is", "anna", "bell", "?"]}]).encoded.examples[0]
    (text,) = texts_of({"tokens": ["where", "is", "anna", "bell", "?"]}, predictor.task.columns)
    last = int(np.flatnonzero(example["first_tokens"] >= 0)[-1])
    whole = Explained.of(predictor, Part(example, (Point("logits", 1, last),)), [text])
    assert whole.kept == {4}
    (score,) = whole.scores([{0, 1}], "removal")
    shorter = predictor.prepare([{"tokens": ["anna", "bell", "?"]}]).encoded.examples[0]
    place = int(np.flatnonzero(shorter["first_tokens"] >= 0)[-1])
    (expected,) = Explained.of(predictor, Part(shorter, (Point("logits", 1, place),)), []).scores([set()], "mask")
    assert score == pytest.approx(expected, abs=1e-5)


def test_a_bag_of_words_scores_what_is_left(tiny_run: Run) -> None:
    predictor = bag_of_words(tiny_run, {"parcel": 2.0, "late": -0.5})
    whole = explained(predictor, {"text": "the parcel is late , late"}, chosen=True)
    assert whole.scores([set(), {1}, {3, 5}], "removal").tolist() == [1.0, -1.0, 2.0]
