"""`bertkit data check` and `recipe check` as functions: a training up to its first step, without the weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertkit.data.check.report import Report
from bertkit.errors import BertkitError, DataError, RecipeError
from bertkit.training.data_check import check_data, check_named
from tests.helpers import make, messages, write_csv, write_rows

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


ROWS = [("one", "x"), ("one two three", "y"), ("one two", "x"), ("two", "y"), ("three", "x"), ("four", "y")]


def told(report: Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def test_rows_are_split_as_a_training_splits_them(check: Check, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bertkit")
    report = check(csv("a.csv", *ROWS))
    assert (report.train.rows, report.validation.rows) == (5, 1)
    assert not report.problems
    assert "no validation data named: 1 of the training rows are used for validation" in "\n".join(messages(caplog))
    assert check(csv("a.csv", *ROWS), sets=["data.limit.train=4"]).train.rows == 3


def test_lengths_are_those_of_the_tokenizer_with_special_tokens(check: Check, tiny_bert: Path) -> None:
    from transformers import AutoTokenizer

    texts = ["hello", "where is my parcel ?", "i want my money back please send the money"]
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    lengths = [len(tokenizer(text)["input_ids"]) for text in texts]
    file = csv("a.csv", *((text, str(i % 2)) for i, text in enumerate(texts)))
    found = check(file, validation=(file,), sets=["options.max_length=6"]).train.lengths
    assert found is not None
    assert found.longest == max(lengths)
    assert found.percentiles[50] == sorted(lengths)[1]
    assert found.cut == sum(length > 6 for length in lengths)
    assert found.lost == pytest.approx(sum(max(0, n - 6) for n in lengths) / sum(lengths))


def test_rows_that_can_not_be_used_are_all_told_by_reason(check: Check) -> None:
    bad = [("", "x") if i % 2 else ("a", "") for i in range(30)]
    report = check(csv("a.csv", *ROWS, *bad), validation=(csv("b.csv", ("one", "x"), ("", "y")),))
    assert report.train.rows == 6, "the others are reported as ever"
    assert told(report)[10:] == ["and 20 more rows like these", told(report)[11]]
    assert told(report)[11].startswith("b.csv:3  text is empty")
    assert report.bad_rows == [
        "rows left out, label is missing: 15 (a.csv:8, a.csv:10, a.csv:12, ...)",
        "rows left out, text is empty: 15 (a.csv:9, a.csv:11, a.csv:13, ...)",
        "rows left out, text is empty: 1 (b.csv:3)",
    ]


def test_rows_that_a_recipe_skips_are_no_errors(check: Check, caplog: pytest.LogCaptureFixture) -> None:
    report = check(csv("a.csv", *ROWS, ("", "x")), sets=["data.bad_rows=skip"])
    assert not report.problems
    assert "rows left out, text is empty: 1 (a.csv:8)" in "\n".join(messages(caplog))
    assert {"split": "train", "message": "rows left out, text is empty: 1 (a.csv:8)"} in report.warnings


def test_what_a_training_would_end_with_beside_its_bad_rows(check: Check) -> None:
    report = check(csv("a.csv", ("one", "x"), ("two", "x"), ("", "y")), validation=(csv("b.csv", ("a", "x")),))
    assert told(report)[1] == "without these rows, a training would then end with:"
    assert "only one label: x" in told(report)[2]


def test_mistakes_of_all_splits_are_told_at_once(check: Check) -> None:
    file = csv("a.csv", *ROWS)
    report = check(file, validation=(csv("b.csv", ("a", "z")),), sets=[f"data.test={csv('c.csv', ('a', 'v'))}"])
    assert [line.partition(":")[0] for line in told(report)] == ["b.csv", "c.csv"]
    with pytest.raises(DataError) as caught:
        check("gone.csv", validation=("away.csv",))
    assert [Path(problem.key).name for problem in caught.value.problems] == ["gone.csv", "away.csv"]


def test_the_limit_is_the_models_or_the_recipes(check: Check) -> None:
    file = csv("a.csv", ("one " * 100, "x"), ("one two three four five six", "y"))
    for sets, limit, cut in (([], 64, 1), (["options.max_length=6"], 6, 2)):
        found = check(file, validation=(file,), sets=sets).train.lengths
        assert found is not None
        assert (found.max_length, found.cut) == (limit, cut)
    report = check(file, validation=(file,), sets=["options.max_length=65"])
    assert told(report) == ["--set  options.max_length: 65: the model takes at most 64 tokens; lower it"]


def test_a_pair_counts_both_texts_and_all_special_tokens(check: Check) -> None:
    file = csv("b.csv", ("one two", "three", "x"), ("one", "two", "y"), header=("text", "text_pair", "label"))
    found = check(file, validation=(file,)).train.lengths
    assert found is not None
    assert found.longest == 6


def test_validation_rows_are_compared(check: Check) -> None:
    report = check(csv("a.csv", *ROWS), validation=(csv("b.csv", ("One", "x"), ("seven", "z")),))
    assert report.validation.overlap.count == 1
    assert report.validation.unknown_labels == {"z": 1}
    assert "'z' is not in the training rows" in told(report)[0]


def test_columns_come_from_set_or_a_recipe(check: Check) -> None:
    file = csv("a.csv", *ROWS, header=("message", "kind"))
    sets = ["data.columns.text=message", "data.columns.label=kind"]
    assert check(file, sets=sets).train.rows == 5
    Path("mine.yaml").write_text("task: classify\ndata: {columns: {text: message, label: kind}, test: gone.csv}\n")
    assert check(file, recipe="mine.yaml").train.rows == 5, "a file stands for all data of the recipe"
    with pytest.raises(DataError, match=r"data\.columns\.text=message"):
        check(file)


def test_a_recipe_without_a_file_is_checked_with_its_own_data(check: Check) -> None:
    csv("a.csv", *ROWS)
    text = "task: classify\ndata:\n  train: a.csv\n  validation: b.csv\noptions:\n  max_length: 65\n"
    Path("mine.yaml").write_text(text)
    with pytest.raises(DataError, match=r"b\.csv  no such file"):
        check(recipe="mine.yaml")
    csv("b.csv", *ROWS[:2])
    report = check(recipe="mine.yaml")
    assert (report.train.rows, report.validation.rows) == (6, 2)
    assert told(report) == ["mine.yaml:6  options.max_length: 65: the model takes at most 64 tokens; lower it"]


@pytest.mark.parametrize("name", ["classify", "regress", "choice", "ner", "squad", "pretrain"])
def test_every_task(name: str, check: Check, caplog: pytest.LogCaptureFixture) -> None:
    task = make(name, {})
    file = str(write_rows(task.tiny_rows() * 2, Path("a.jsonl")))
    report = check(file, validation=(file,), task=name, sets=["options.max_length=24"])
    assert not report.problems
    assert report.train.rows >= len(task.tiny_rows())
    assert report.train.lengths is not None and report.train.lengths.longest > 4
    assert report.train.coverage is not None
    said = "\n".join(report.lines())
    for part in {"ner": ["entities: ", "types: 2, "], "squad": ["questions: 16, on 2 contexts"]}.get(name, []):
        assert part in said


def test_a_task_of_the_users(check: Check) -> None:
    Path("mine.py").write_text(
        "from bertkit.tasks.regress.task import Regress\nclass Mine(Regress):\n"
        "    def findings(self, rows):\n        return [f'{len(rows)} of mine']\n"
    )
    numbers = csv("n.csv", ("one", "1.5"), ("two", "3"), header=("text", "score"))
    report = check(numbers, validation=(numbers,), task="./mine.py:Mine")
    assert report.train.numbers == {"least": 1.5, "mean": 2.25, "most": 3.0}
    assert "2 of mine" in report.lines()


def test_mistakes_are_the_users(check: Check) -> None:
    file = csv("a.csv", *ROWS)
    with pytest.raises(BertkitError, match="no such task: clasify"):
        check(file, task="clasify")
    with pytest.raises(DataError, match=r"gone\.csv  no such file"):
        check("gone.csv")
    with pytest.raises(DataError, match="FILE  an empty name"):
        check("")
    with pytest.raises(RecipeError, match="no such key"):
        check(file, sets=["options.max_lenght=3"])
    with pytest.raises(DataError, match="no row can be used"):
        check(csv("b.csv", ("", "x"), ("", "y")))
    with pytest.raises(DataError, match="FILE  only one row of each label"):
        check(csv("c.csv", ("a", "x"), ("b", "y")))
    assert "nowhere" in told(check(file, sets=["model.name=./nowhere"]))[0]


def test_weights_are_not_loaded_but_must_be_there(check: Check, tiny_bert: Path) -> None:
    import shutil

    shutil.copytree(tiny_bert, "bert")
    file = csv("a.csv", *ROWS)
    Path("bert/model.safetensors").write_bytes(b"no weights at all")
    assert not check(file, sets=["model.name=./bert"]).problems
    Path("bert/model.safetensors").unlink()
    assert "the folder has no weights" in told(check(file, sets=["model.name=./bert"]))[0]


def test_what_the_tokenizer_loses_is_counted(check: Check) -> None:
    report = check(csv("a.csv", ("one two", "x"), ("包裹", "y")), validation=(csv("b.csv", ("One", "x")),))
    assert report.train.coverage is not None
    assert (report.train.coverage.tokens, report.train.coverage.unknown) == (4, 2)
    text = "\n".join(report.lines())
    assert "unknown tokens: 2 of 4 (50.0%, in all texts)" in text
    assert "warning: 50.0% of the tokens are unknown to the tokenizer" in text
    assert "texts whose upper case the tokenizer removes: 1 of 1 (100.0%, in all texts)" in text
    assert report.as_dict()["train"]["coverage"]["unknown"] == 2


def recipe(text: str) -> list[str]:
    Path("mine.yaml").write_text(text)
    try:
        check_named("mine.yaml")
    except BertkitError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_recipe_is_checked_with_what_it_names(check: Check, tiny_bert: Path) -> None:
    csv("a.csv", *ROWS)
    csv("b.csv", *ROWS, header=("message", "label"))
    assert recipe(f"task: classify\nmodel: {tiny_bert}\ndata: {{train: a.csv}}\n") == []
    found = recipe("task: classify\nmodel: ./nope\ndata:\n  train: [gone.csv, b.csv]\n  validation: b.csv\n")
    assert [line.split("  ")[0] for line in found] == ["mine.yaml:4", "mine.yaml:5", "mine.yaml:2"]
    for line, parts in zip(found, ("no such file", "data.columns.text=message", "no such folder"), strict=True):
        assert parts in line
    assert recipe(f"task: classify\nmodel: {tiny_bert}\n") == [
        "data.train  the recipe names no training data; --set data.train=FILE"
    ]


def test_a_recipe_is_checked_quickly(check: Check, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights are loaded, and of the data only the first rows."""
    from transformers import PreTrainedModel

    monkeypatch.setattr(PreTrainedModel, "from_pretrained", None)
    Path("a.csv").write_text("text,label\n" + "a,x\n" * 100_000 + "broken\n")
    assert recipe(f"task: classify\nmodel: {tiny_bert}\ndata: {{train: a.csv, validation: '-'}}\n") == []
    Path("corpus").mkdir()
    Path("corpus/one.txt").write_text("a text\n")
    assert recipe(f"task: pretrain\nmodel: {tiny_bert}\ndata: {{train: corpus}}\n") == []
