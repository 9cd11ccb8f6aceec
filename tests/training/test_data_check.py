"""check_data: rows counted in the pieces of the recipe's own tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import DataError
from bertkit.training.data_check import check_data
from tests.helpers import write_csv


def test_lengths_are_those_of_the_tokenizer_with_special_pieces(tiny_bert: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    texts = ["hello", "where is my parcel ?", "i want my money back please send the money"]
    file = write_csv(tmp_path / "a.csv", ("text", "label"), [(text, str(i % 2)) for i, text in enumerate(texts)])
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    lengths = [len(tokenizer(text)["input_ids"]) for text in texts]
    sets = [f"model.name={tiny_bert}", "options.max_length=6"]
    found = check_data([str(file)], [], task="classify", sets=sets).train.lengths
    assert found.longest == max(lengths)
    assert found.percentiles[50] == sorted(lengths)[1]
    assert found.cut == sum(length > 6 for length in lengths)
    assert found.lost == pytest.approx(sum(max(0, n - 6) for n in lengths) / sum(lengths))


def test_pairs_and_numbers(tiny_bert: Path, tmp_path: Path) -> None:
    rows = [("a man plays", "a cat sleeps", "4.5"), ("hello", "good bye", "0.5")]
    file = write_csv(tmp_path / "a.csv", ("text", "text_pair", "score"), rows)
    report = check_data([str(file)], [], task="regress", sets=[f"model.name={tiny_bert}"])
    assert report.train.numbers == {"least": 0.5, "mean": 2.5, "most": 4.5}


def test_columns_of_a_recipe(tiny_bert: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", ("text", "category"), [("hello", "a"), ("good bye", "b")])
    with pytest.raises(DataError, match=r"data\.columns\.label=category"):
        check_data([str(file)], [], task="classify", sets=[f"model.name={tiny_bert}"])
    report = check_data([str(file)], [], task="classify", recipe="intent/banking77", sets=[f"model.name={tiny_bert}"])
    assert report.train.labels == {"a": 1, "b": 1}
