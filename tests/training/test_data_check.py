"""`bertkit data check` as a function: rows read as a recipe would read them, lengths in the recipe's own tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertkit.data.check import Report
from bertkit.errors import BertkitError, DataError, RecipeError
from bertkit.training.data_check import check_data
from tests.helpers import messages, write_csv, write_rows

Check = Callable[..., Report]


@pytest.fixture
def check(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.chdir(tmp_path)

    def check(*sources: str, validation: tuple[str, ...] = (), task: str = "classify", **options: Any) -> Report:
        sets = [f"model.name={tiny_bert}", *options.pop("sets", [])]
        return check_data(sources, validation, task=task, sets=sets, **options)

    return check


def csv(name: str, *rows: tuple[str, ...], header: tuple[str, ...] = ("text", "label")) -> str:
    return str(write_csv(Path(name), header, rows))


def test_rows_labels_and_lengths(check: Check) -> None:
    report = check(csv("a.csv", ("one", "x"), ("one two three", "y"), ("one two", "x"), ("", "y"), ("four", "")))
    assert report.train.rows == 3, "rows that can not be used are passed over"
    assert report.train.labels == {"x": 2, "y": 1}
    assert report.train.lengths.longest == 5, "with [CLS] and [SEP]"
    assert report.validation is None


def test_lengths_are_those_of_the_tokenizer_with_special_tokens(check: Check, tiny_bert: Path) -> None:
    from transformers import AutoTokenizer

    texts = ["hello", "where is my parcel ?", "i want my money back please send the money"]
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    lengths = [len(tokenizer(text)["input_ids"]) for text in texts]
    file = csv("a.csv", *((text, str(i % 2)) for i, text in enumerate(texts)))
    found = check(file, sets=["options.max_length=6"]).train.lengths
    assert found.longest == max(lengths)
    assert found.percentiles[50] == sorted(lengths)[1]
    assert found.cut == sum(length > 6 for length in lengths)
    assert found.lost == pytest.approx(sum(max(0, n - 6) for n in lengths) / sum(lengths))


def test_rows_passed_over_are_counted(check: Check, caplog: pytest.LogCaptureFixture) -> None:
    check(csv("a.csv", ("one", "x"), ("", "y"), ("two", "y"), ("four", "")))
    said = "\n".join(messages(caplog))
    assert "text is empty: 1 (a.csv:3)" in said
    assert "label is missing: 1 (a.csv:5)" in said


def test_the_limit_is_the_models_or_the_recipes(check: Check) -> None:
    file = csv("a.csv", ("one " * 100, "x"), ("one two three four five six", "y"))
    assert check(file).train.lengths.max_length == 64
    assert check(file).train.lengths.cut == 1
    shorter = check(file, sets=["options.max_length=6"])
    assert shorter.train.lengths.max_length == 6
    assert shorter.train.lengths.cut == 2


def test_a_pair_counts_both_texts_and_all_special_tokens(check: Check) -> None:
    file = csv("a.csv", ("one two", "three", "x"), ("one", "", "y"), header=("text", "text_pair", "label"))
    report = check(csv("b.csv", ("one two", "three", "x"), ("one", "two", "y"), header=("text", "text_pair", "label")))
    assert report.train.lengths.longest == 6
    assert check(file).train.rows == 1


def test_validation_rows_are_compared(check: Check) -> None:
    train = csv("a.csv", ("one", "x"), ("two", "y"))
    report = check(train, validation=(csv("b.csv", ("One", "x"), ("three", "z")),))
    assert report.overlap.count == 1
    assert report.overlap_share == 0.5
    assert report.unknown_labels == {"z": 1}


def test_columns_come_from_set_or_a_recipe(check: Check) -> None:
    file = csv("a.csv", ("one", "x"), ("two", "y"), header=("message", "kind"))
    sets = ["data.columns.text=message", "data.columns.label=kind"]
    assert check(file, sets=sets).train.rows == 2
    Path("mine.yaml").write_text("task: classify\ndata: {columns: {text: message, label: kind}}\n")
    assert check(file, recipe="mine.yaml").train.labels == {"x": 1, "y": 1}
    assert check(csv("b.csv", ("one", "x"), header=("text", "category")), recipe="intent/banking77").train.rows == 1
    with pytest.raises(DataError, match=r"data\.columns\.text=message|no column 'text'"):
        check(file)


def test_other_tasks(check: Check) -> None:
    numbers = csv("n.csv", ("one", "1.5"), ("two", "3"), header=("text", "score"))
    assert check(numbers, task="regress").train.numbers == {"least": 1.5, "mean": 2.25, "most": 3.0}
    rows = [{"text": "one", "label": ["x", "y"]}, {"text": "two", "label": []}]
    several = str(write_rows(rows, Path("s.jsonl")))
    assert check(several, sets=["options.multi_label=true"]).train.labels == {"x": 1, "y": 1}


def test_a_task_of_the_users(check: Check) -> None:
    Path("mine.py").write_text("from bertkit.tasks.regress.task import Regress\nclass Mine(Regress): ...\n")
    numbers = csv("n.csv", ("one", "1.5"), ("two", "3"), header=("text", "score"))
    assert check(numbers, task="./mine.py:Mine").train.numbers["most"] == 3.0


def test_mistakes_are_the_users(check: Check) -> None:
    file = csv("a.csv", ("one", "x"), ("two", "y"))
    with pytest.raises(BertkitError, match="no such task: clasify"):
        check(file, task="clasify")
    with pytest.raises(DataError, match=r"gone\.csv  no such file"):
        check("gone.csv")
    with pytest.raises(RecipeError, match="no such key"):
        check(file, sets=["options.max_lenght=3"])
    with pytest.raises(DataError, match="no row can be used"):
        check(csv("b.csv", ("", "x"), ("", "y")))
    with pytest.raises(BertkitError, match="nowhere"):
        check(file, sets=["model.name=./nowhere"])


def test_what_the_tokenizer_loses_is_counted(check: Check) -> None:
    report = check(csv("a.csv", ("one two", "x"), ("包裹", "y")), validation=(csv("b.csv", ("One", "x")),))
    assert report.train.coverage is not None and report.validation is not None
    assert (report.train.coverage.tokens, report.train.coverage.unknown) == (4, 2)
    text = "\n".join(report.lines())
    assert "unknown tokens: 2 of 4 (50.0%, in all texts)" in text
    assert "warning: 50.0% of the tokens are unknown to the tokenizer" in text
    assert "texts whose upper case the tokenizer removes: 1 of 1 (100.0%, in all texts)" in text
    assert report.as_dict()["train"]["coverage"]["unknown"] == 2
