"""`ner`: its state, what it refuses, its answers; windows and words are in test_tagging.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset

from bertkit import Predictor, train
from bertkit.data.dataset import load
from bertkit.errors import DataError, RecipeError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks.ner import Ner, NerOptions
from bertkit.tasks.task import Features
from tests.helpers import messages, tiny_recipe, write_rows

CONLL = "anna\tB-PER\nbell\tI-PER\nsings\tO\n\nin\tO\nberlin\tB-LOC\n"


def made(rows: Any = None, data: DataBlock | None = None, **options: Any) -> Ner:
    task = Ner(NerOptions(**options))
    task.prepare(Dataset.from_list(rows) if isinstance(rows, list) else rows, data or DataBlock())
    return task


def from_file(folder: Path, text: str, **options: Any) -> Any:
    file = folder / "a.conll"
    file.write_text(text, "utf-8")
    return load([str(file)], Ner(NerOptions(**options)).columns, DataBlock())


def answers_of(task: Ner, rows: Any, scores: list[list[float]], tokenizer: Any, limit: int = 64) -> list[Any]:
    """Answers where the words of all rows, one after the other, have these scores."""
    features = task.encode(rows, tokenizer, limit, answers=False)
    todo = iter(scores)
    outputs = []
    for item in features.items:
        given = np.zeros((len(item["input_ids"]), len(task.labels)))
        given[item["heads"] == np.arange(len(item["heads"]))] = [next(todo) for _ in item["words"]]
        outputs.append(given)
    return task.decode({"scores": outputs}, features, rows)


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tiny_bert)))


def test_labels_are_all_tags_of_the_types_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bertkit")
    task = made(from_file(tmp_path, CONLL))
    assert task.state == {"scheme": "IOB2", "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]}
    assert "tags: IOB2, 2 types (LOC, PER)" in messages(caplog)


def test_the_scheme_may_be_named_but_must_fit(tmp_path: Path) -> None:
    assert made(from_file(tmp_path, CONLL), scheme="IOB1").scheme == "IOB1"
    with pytest.raises(RecipeError, match=r"IO: the tag 'B-LOC' is none of its"):
        made(from_file(tmp_path, CONLL), scheme="IO")


def test_a_bad_tag_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.conll:2 .*train: the tag 'X-PER' has the prefix 'X'"):
        made(from_file(tmp_path, CONLL.replace("I-PER", "X-PER")))
    task = made(from_file(tmp_path, CONLL))
    with pytest.raises(DataError, match=r"a\.conll:6 .*test: the tag 'B-ORG' has a type that no training row has"):
        task.check(from_file(tmp_path, CONLL.replace("LOC", "ORG")), "test")


@pytest.mark.parametrize("repair", [True, False])
def test_broken_sequences_are_counted_and_mended_if_asked(
    repair: bool, tmp_path: Path, tokenizer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    rows = from_file(tmp_path, CONLL + "\nin\tO\nparis\tI-LOC\n")
    task = made(rows, scheme="IOB2", repair=repair)
    task.check(rows, "train")
    assert [text for text in messages(caplog) if "1 of 3 sentences break IOB2" in text and "a.conll:9" in text]
    gold = task.compare(answers_of(task, rows, [[1, 0, 0, 0, 0]] * 7, tokenizer), rows, "tags")[1]
    assert gold[-1] == ["O", "B-LOC" if repair else "I-LOC"]


def test_rows_without_answers_or_entities_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no tags to learn from"):
        made([{"tokens": ["a"]}])
    with pytest.raises(DataError, match="no row has an entity"):
        made([{"tokens": ["a"], "tags": ["O"]}])
    with pytest.raises(DataError, match="neither words nor a text"):
        made([{"tags": ["O"]}])


def test_text_with_entities_is_learnt_as_words(tmp_path: Path, tokenizer: Any, caplog: Any) -> None:
    spans = [{"start": 0, "end": 9, "label": "PER"}, {"start": 19, "end": 22, "label": "LOC"}]
    file = write_rows([{"text": "anna bell lives in berlin", "spans": spans}], tmp_path / "a.jsonl")
    rows = load([str(file)], Ner(NerOptions()).columns, DataBlock())
    task = made(rows)
    task.check(rows, "train")
    assert [text for text in messages(caplog) if "an entity that cuts a word" in text and "a.jsonl:1" in text]
    number = {tag: i for i, tag in enumerate(task.labels)}
    labels = task.encode(rows, tokenizer, 64, answers=True).items[0]["labels"]
    assert labels[labels >= 0].tolist() == [number[tag] for tag in ("B-PER", "I-PER", "O", "O", "B-LOC")]


def test_answers_of_a_text_have_characters(tokenizer: Any) -> None:
    task = Ner(NerOptions(), {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"})
    scores = [[9.0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 2]]
    answer = answers_of(task, [{"text": "hello, anna bell"}], scores, tokenizer)[0]
    assert answer["tags"] == ["O", "O", "B-PER", "I-PER"]
    entity = dict(answer["entities"][0])
    assert entity.pop("confidence") == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    assert entity == {"type": "PER", "text": "anna bell", "start": 7, "end": 16, "first_word": 2, "end_word": 4}
    assert list(task.flat(answer)) == ["predicted_entities"]
    assert task.brief(answer) == "anna bell PER (0.79)"


def test_a_word_that_is_not_seen_is_o_and_counts_as_missed(tokenizer: Any) -> None:
    rows = [{"tokens": ["\u0007", "anna"], "tags": ["B-PER", "B-PER"]}, {"tokens": ["\u0007"], "tags": ["B-PER"]}]
    task = made(rows)
    features = task.encode(rows, tokenizer, 64, answers=True)
    assert len(features.items) == 1
    assert "2 words give the model nothing to read" in features.warnings[0]
    answers = answers_of(task, rows, [[0, 9, 0]], tokenizer)
    assert [answer["tags"] for answer in answers] == [["O", "B-PER"], ["O"]]
    from bertkit.metrics import METRICS

    figures = METRICS["entity_f1"](*task.compare(answers, rows, "tags"))
    assert (figures["entity_recall"], figures["entity_precision"]) == (pytest.approx(1 / 3), 1.0)


def test_constrained_answers_keep_to_the_scheme(tokenizer: Any) -> None:
    state = {"labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"], "scheme": "IOB2"}
    rows = [{"tokens": ["in", "new", "york"]}]
    scores = [[9.0, 0, 0, 0, 0], [0, 1, 2, 0, 0], [0, 0, 0, 1, 3]]
    assert answers_of(Ner(NerOptions(), state), rows, scores, tokenizer)[0]["tags"] == ["O", "I-LOC", "I-PER"]
    constrained = Ner(NerOptions(constrained=True), state)
    assert answers_of(constrained, rows, scores, tokenizer)[0]["tags"] == ["O", "B-PER", "I-PER"]


def test_metrics_see_every_scheme(tokenizer: Any) -> None:
    for scheme, tags in {
        "IO": ["I-PER", "I-PER", "O"],
        "IOB1": ["I-PER", "B-PER", "O"],
        "BILOU": ["B-PER", "L-PER", "U-PER"],
        "BMES": ["B-PER", "M-PER", "E-PER"],
    }.items():
        rows = [{"tokens": ["a", "b", "c"], "tags": tags}]
        task = made(rows, scheme=scheme)
        number = {tag: i for i, tag in enumerate(task.labels)}
        scores = [[9.0 * (number[tag] == i) for i in range(len(task.labels))] for tag in tags]
        answers = answers_of(task, rows, scores, tokenizer)
        predicted, gold = task.compare(answers, rows, "tags")
        assert predicted == gold
        from bertkit.metrics import METRICS

        assert METRICS["strict_entity_f1"](predicted, gold)["strict_entity_f1"] == 1.0
        assert METRICS["entity_f1"](predicted, gold)["entity_f1"] == 1.0


def test_a_run_answers_texts_words_and_files(tiny_bert: Path, tmp_path: Path, bertkit) -> None:
    run = train(tiny_recipe("ner", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    predictor = Predictor(run)
    assert predictor.predict(["anna lives in berlin"])[0]["words"] == ["anna", "lives", "in", "berlin"]
    assert predictor.predict([" "])[0]["entities"] == []
    assert len(predictor.predict([{"tokens": ["anna", "!"]}])[0]["tags"]) == 2
    with pytest.raises(DataError):
        predictor.predict([{"word": "x"}])
    (tmp_path / "a.conll").write_text("anna\n,\n\nberlin\n", "utf-8")
    code, _, err = bertkit("predict", run.path, tmp_path / "a.conll", "--output", tmp_path / "out.csv")
    assert code == 0, err
    again = load([str(tmp_path / "out.csv")], predictor.task.columns, DataBlock(columns={"tags": "predicted_tags"}))
    assert again["tokens"] == [["anna", ","], ["berlin"]]
    code, _, err = bertkit("predict", run.path, "--text", "anna lives in berlin")
    assert code == 0, err
    code, _, err = bertkit("eval", run.path, "--data", tmp_path / "ner.jsonl")
    assert code == 0, err
    assert "token-classification" in run.card_file.read_text("utf-8")
    assert "AutoModelForTokenClassification" in run.card_file.read_text("utf-8")


def test_no_features_no_answers() -> None:
    task = Ner(NerOptions(), {"labels": ["O", "B-PER"], "scheme": "IOB2"})
    assert task.decode({}, Features([]), []) == []
