"""Explanations of every task: their scores are those of the answers, and their words those of the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, Run, train
from bertkit.errors import DataError, RunError
from bertkit.tasks.targets import Part, Point, Target
from bertkit.understand.explain.explain import NEEDS, Explanation, Request, explain, spoken
from tests.helpers import tiny_recipe, warnings, write_rows
from tests.understand.explained import bag_of_words, tiny

ROWS: dict[str, dict[str, Any]] = {
    "classify": {"text": "where is my parcel ?", "text_pair": "it is late"},
    "regress": {"text": "where is my parcel ?"},
    "rerank": {"query": "where is my parcel ?", "text": "the parcel is late"},
    "embed": {"text": "where is my parcel ?", "positive": "the parcel is late again"},
    "choice": {"text": "where is my parcel ?", "choices": ["it is late", "thank you"]},
    "squad": {"question": "what is late ?", "context": "the parcel is late again"},
}


def answered(name: str, options: dict[str, Any], tiny_bert: Path, folder: Path, row: dict[str, Any]) -> Any:
    """The explanation of a row by a tiny Run, and its answer."""
    predictor = tiny(name, options, tiny_bert, folder)
    names = {column.name for column in predictor.task.columns}
    row = {key: value for key, value in row.items() if key in names}
    found = explain(predictor, [row], Request())
    return found, predictor.predict([row])[0], row


def words_are_right(found: Explanation, row: dict[str, Any]) -> None:
    for target in found.rows[0].targets:
        texts = {text.column: text.text for text in found.rows[0].texts}
        assert target.words
        assert all(texts[word.column][word.start : word.end] == word.text for word in target.words)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_task_is_explained(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    options = {"no_answer": False} if name == "squad" else {}
    found, answer, row = answered(name, options, tiny_bert, tmp_path, ROWS[name])
    words_are_right(found, row)
    chosen = [target for target in found.rows[0].targets if target.chosen]
    assert chosen
    expected = {
        "classify": lambda: answer["logits"][answer["label"]],
        "regress": lambda: answer["score"],
        "rerank": lambda: answer["logit"],
        "embed": lambda: answer["similarity"],
        "choice": lambda: answer["logits"][answer["label"]],
        "squad": lambda: answer["n_best"][0]["start_logit"] + answer["n_best"][0]["end_logit"],
    }[name]()
    assert chosen[0].score == pytest.approx(expected, abs=1e-4)
    assert all(target.complete for target in chosen)
    assert len(found.faithfulness) == 4


def test_entities_are_explained_one_by_one(tiny_bert: Path, tmp_path: Path) -> None:
    predictor = tiny("ner", {}, tiny_bert, tmp_path)
    row = {"text": "where is anna bell in new york ?"}
    (answer,) = predictor.predict([row])
    found = explain(predictor, [row], Request(check=False))
    names = [f"{one['type']}: {one['text']}" for one in answer["entities"]]
    assert names, "the tiny model finds none: choose another seed"
    assert [target.name for target in found.rows[0].targets] == names
    words_are_right(found, row)
    assert found.faithfulness == []


def test_windows_add_up(tiny_bert: Path, tmp_path: Path) -> None:
    options = {"long_text": "windows", "max_length": 8, "window_overlap": 2}
    text = {"text": "where is my parcel ? it is late again , thank you"}
    found, answer, row = answered("classify", options, tiny_bert, tmp_path, text)
    (target,) = found.rows[0].targets
    assert target.score == pytest.approx(answer["logits"][answer["label"]], abs=1e-4)
    assert len(target.words) == 12
    words_are_right(found, row)


def test_which_words_of_two_texts_meet(tiny_bert: Path, tmp_path: Path) -> None:
    found, answer, _ = answered("embed", {}, tiny_bert, tmp_path, ROWS["embed"])
    first, second = found.rows[0].targets
    assert first.name == "similarity, first text"
    assert first.meeting is not None
    assert (len(first.meeting), len(first.meeting[0])) == (5, 5)
    assert first.sides == (["where", "is", "my", "parcel", "?"], ["the", "parcel", "is", "late", "again"])
    assert second.meeting is None
    assert 0 < sum(map(sum, first.meeting)) < answer["similarity"]  # [CLS] and [SEP] have the rest
    (tmp_path / "cls").mkdir()
    found, _, _ = answered("embed", {"pooling": "cls"}, tiny_bert, tmp_path / "cls", ROWS["embed"])
    assert found.rows[0].targets[0].meeting is None  # the vector is no sum of tokens


def test_a_chosen_target(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run, needs=NEEDS)
    found = explain(predictor, ["where is my parcel ?"], Request(target="refund", check=False))
    assert [target.name for target in found.rows[0].targets] == ["refund"]
    with pytest.raises(DataError, match=r"refnd: no row has such a target.*refund"):
        explain(predictor, ["where is my parcel ?"], Request(target="refnd"))


def test_a_type_that_some_rows_lack(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = tiny("ner", {}, tiny_bert, tmp_path)
    rows = [{"tokens": ["anna", "bell"]}, {"tokens": ["in", "berlin"]}]
    kinds = iter(["PER", "LOC"])

    def entities(answer: Any, outputs: Any, examples: Any) -> Any:
        kind = next(kinds)
        return [Target(f"{kind}: x", (Part(examples[0], (Point("logits", 1, 1),)),), label=kind)]

    monkeypatch.setattr(predictor.task, "targets", entities)
    found = explain(predictor, rows, Request(target="PER", check=False))
    assert [len(row.targets) for row in found.rows] == [1, 0]


def test_rows_around_are_read_where_the_model_reads_them(tiny_bert: Path, tmp_path: Path) -> None:
    """With `context: document` a sentence's answer depends on its neighbours."""
    rows = [
        {"tokens": ["anna", "lives"], "document": 0, "row": 0},
        {"tokens": ["in", "berlin"], "document": 0, "row": 1},
    ]
    predictor = tiny("ner", {}, tiny_bert, tmp_path)
    task = type(predictor.task)(predictor.task.options.model_copy(update={"context": "document"}), predictor.task.state)
    predictor = predictor.with_task(task)
    scores = {}
    for label, some in (("together", rows), ("alone", rows[:1])):
        seen: list[int] = []
        real = task.targets

        def watched(answer: Any, outputs: Any, examples: Any, seen: list[int] = seen, real: Any = real) -> Any:
            seen.append(len(examples[0]["input_ids"]))
            return real(answer, outputs, examples)

        task.targets = watched  # type: ignore[method-assign]
        explain(predictor, some, Request(check=False))
        task.targets = real  # type: ignore[method-assign]
        scores[label] = seen[0]
    assert scores["together"] > scores["alone"]


def test_words_that_are_not_found_are_said(tiny_run: Run, caplog: pytest.LogCaptureFixture) -> None:
    predictor = Predictor.open(tiny_run, needs=NEEDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bertkit.understand.explain.explain.readings", lambda *_: [])
        found = explain(predictor, ["where is my parcel ?"], Request(method="occlusion"))
    assert found.rows[0].lost
    assert "rows whose words are not found among the model's tokens: 1 (row 1)" in warnings(caplog)[-1]


def test_a_text_without_words(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run, needs=NEEDS)
    found = explain(predictor, [" ", "parcel"], Request())
    assert [len(row.targets[0].words) for row in found.rows] == [0, 1]
    assert found.faithfulness == []


def test_a_task_whose_answers_can_not_be_explained(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("pretrain", {"max_length": 24}, tiny_bert, tmp_path, max_steps=1)
    predictor = Predictor.open(train(recipe, output=tmp_path / "run"), needs=NEEDS)
    with pytest.raises(RunError, match="the task pretrain can not be explained"):
        explain(predictor, [{"text": "where is my [MASK] ?"}], Request())


def test_a_planted_word_speaks_most_for_its_label(tiny_bert: Path, tmp_path: Path) -> None:
    """Rows of one label have a word that has nothing to do with it."""
    texts = ["where is my parcel ?", "the parcel is late again", "when does it arrive", "please send the money"]
    rows = [{"text": f"{text} hello", "label": "a"} for text in texts] + [
        {"text": text, "label": "b"} for text in texts
    ]
    file = write_rows(rows * 6, tmp_path / "rows.jsonl")
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=60)
    data = recipe.data.model_copy(update={"train": [str(file)], "validation": [str(file)]})
    run = train(recipe.model_copy(update={"data": data}), output=tmp_path / "run")
    predictor = Predictor.open(run, needs=NEEDS)
    found = explain(predictor, [{"text": row["text"]} for row in rows], Request(check=False))
    assert {row.targets[0].label for row in found.rows} == {"a", "b"}
    assert spoken(found.rows)["a"][0]["word"] == "hello"


def test_words_are_counted_by_label(tiny_run: Run) -> None:
    predictor = bag_of_words(tiny_run, {"parcel": 2.0, "late": 1.0, "thank": -1.0})
    texts = ["the parcel , the Parcel", "late parcel", "thank you"]
    found = explain(predictor, texts, Request(check=False, target="yes"))
    words = spoken(found.rows)["yes"]
    assert [(word["word"], word["rows"], round(word["mean"], 4)) for word in words] == [
        ("parcel", 2, 3.0),
        ("late", 1, 1.0),
    ]


def test_the_record_is_plain(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run, needs=NEEDS)
    record = explain(predictor, ["where is my parcel ?", "it is late"], Request(method="occlusion")).record()
    again = json.loads(json.dumps(record))
    assert again["rows"][1]["texts"] == [{"column": "text", "text": "it is late"}]
    assert [word["text"] for word in again["rows"][1]["targets"][0]["words"]] == ["it", "is", "late"]
    assert {one["kind"] for one in record["faithfulness"]} == {"deletion", "insertion"}
