"""The splits of a recipe: those it names, limited, and a validation split in any case; the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.splits import load_splits
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

COLUMNS = (Column("text", "text"), Column("label", "label", answer=True))

Write = Callable[[str, str], str]


@pytest.fixture
def files(write: Write) -> None:
    """train.csv of 100 rows (t0, t1, ... with 80 `a` and 20 `b`), dev.csv of 30 and test.csv of 20."""
    for name, count in {"train": 100, "dev": 30, "test": 20}.items():
        rows = "".join(f"{name[0]}{i},{'b' if i % 5 == 0 else 'a'}\n" for i in range(count))
        write(f"{name}.csv", "text,label\n" + rows)


def splits(seed: int = 1, stratify_by: str | None = "label", names: tuple[str, ...] = (), **data: Any) -> Any:
    block = DataBlock.model_validate({"train": "train.csv", **data})
    found = load_splits(block, COLUMNS, seed, stratify_by=stratify_by, names=names)
    return {name: list(rows["text"]) for name, rows in found.items()}


def test_named_splits_are_read_whole(files: None) -> None:
    found = splits(validation="dev.csv", test="test.csv")
    assert found["train"] == [f"t{i}" for i in range(100)]
    assert found["validation"] == [f"d{i}" for i in range(30)]
    assert found["test"] == [f"t{i}" for i in range(20)]
    assert list(found) == ["train", "validation", "test"]


def test_a_validation_split_is_split_off_and_stratified(files: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bertkit")
    found = splits(validation_ratio=0.2)
    assert list(found) == ["train", "validation"]
    assert len(found["validation"]) == 20
    assert sorted(found["train"] + found["validation"]) == sorted(f"t{i}" for i in range(100))
    assert sum(int(text[1:]) % 5 == 0 for text in found["validation"]) == 4
    assert (
        "no validation data named: 20 of the training rows are used for validation, 80 for training" in caplog.messages
    )


def test_the_seed_alone_decides(files: None) -> None:
    assert splits(seed=3) == splits(seed=3)
    assert splits(seed=3) != splits(seed=4)
    assert splits(seed=3, limit={"train": 50}) == splits(seed=3, limit={"train": 50})


def test_validation_rows_are_the_same_when_they_are_asked_for_alone(files: None) -> None:
    """`bertkit eval` sees the validation rows of the training."""
    for limit in ({}, {"train": 50}, {"validation": 5}, {"train": 50, "validation": 3}):
        whole = splits(limit=limit, test="test.csv")
        assert splits(names=("validation",), limit=limit, test="test.csv")["validation"] == whole["validation"]


def test_only_what_is_asked_for_is_read(files: None) -> None:
    assert list(splits(names=("test",), test="test.csv", validation="gone.csv")) == ["test"]
    assert list(splits(names=("validation",), validation="dev.csv", train="gone.csv")) == ["validation"]
    assert splits(names=("test",), validation="dev.csv") == {}


def test_train_alone_is_what_was_trained_on(files: None) -> None:
    """Asked for alone, the training rows are without those that validate."""
    assert splits(names=("train",))["train"] == splits()["train"]


def test_limits_draw_rows_and_keep_their_order(files: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bertkit")
    found = splits(validation="dev.csv", test="test.csv", limit={"train": 10, "validation": 7, "test": 100})
    assert {name: len(rows) for name, rows in found.items()} == {"train": 10, "validation": 7, "test": 20}
    numbers = [int(text[1:]) for text in found["train"]]
    assert numbers == sorted(numbers)
    assert numbers != list(range(10)), "drawn, not the first ones"
    assert "train: 10 of 100 rows, drawn with seed 1" in caplog.messages
    assert "validation: 7 of 30 rows, drawn with seed 1" in caplog.messages
    assert not any(message.startswith("test") for message in caplog.messages)


def test_a_limit_of_train_comes_before_the_split(files: None) -> None:
    found = splits(limit={"train": 50}, validation_ratio=0.2)
    assert {name: len(rows) for name, rows in found.items()} == {"train": 40, "validation": 10}
    found = splits(limit={"validation": 3}, validation_ratio=0.2)
    assert {name: len(rows) for name, rows in found.items()} == {"train": 80, "validation": 3}


def test_without_training_data_there_is_nothing_to_split_off(files: None) -> None:
    assert splits(train=None, test="test.csv") == {"test": [f"t{i}" for i in range(20)]}


def test_one_row_can_not_be_split(write: Write) -> None:
    write("train.csv", "text,label\nt0,a\n")
    with pytest.raises(DataError, match="none is left for validation"):
        splits()


def test_a_missing_file_is_told(files: None) -> None:
    with pytest.raises(DataError, match=r"tset\.csv  no such file or folder; did you mean test\.csv\?"):
        splits(test="tset.csv")
    assert Path("test.csv").is_file()
