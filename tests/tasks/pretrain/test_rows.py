"""Corpus folders and raw text as splits; phases, limits, and what is told of a corpus that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.data.corpus import corpus
from bertkit.data.corpus.options import CorpusOptions
from bertkit.errors import BertkitError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.tasks.pretrain.options import PretrainOptions
from bertkit.tasks.pretrain.rows import BuildProgress, read
from bertkit.warn import collect

TEXT = (
    "where is my parcel ?\nthe cat is sleeping .\ni want my money back .\n\na man plays the guitar .\nthank you .\n\n"
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))


def built(folder: Path, model: Path, **options: Any) -> Path:
    text = folder.with_suffix(".txt")
    text.write_text(TEXT * 10, "utf-8")
    values = {"pairs": "none", "max_length": 16, "validation_ratio": 0.2, **options}
    tokenizer = load_tokenizer(ModelBlock(name=str(model)))
    corpus.build([str(text)], tokenizer, folder, CorpusOptions.model_validate(values))
    return folder


def split(model: Path, data: dict[str, Any], names: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
    recipe = Recipe.model_validate({"task": "pretrain", "model": str(model), "data": data, "options": options})
    return read(recipe, PretrainOptions.model_validate(options), names)


def test_a_corpus_folder_has_both_splits(tiny_bert: Path, tmp_path: Path) -> None:
    folder = built(tmp_path / "corpus", tiny_bert)
    rows = split(tiny_bert, {"train": str(folder)})
    whole = corpus.Corpus.open(folder, "all")
    assert len(rows["train"]) + len(rows["validation"]) == len(whole)
    assert rows["train"].lengths.tolist() == [len(row["tokens"]) for row in rows["train"]]
    assert set(split(tiny_bert, {"train": str(folder)}, ("validation",))) == {"validation"}
    assert rows["train"].identity != rows["validation"].identity
    other = split(tiny_bert, {"train": str(folder), "validation": str(folder)})
    assert len(other["validation"]) == len(whole)


def test_a_corpus_with_a_flipped_bit_is_not_trained_on(tiny_bert: Path, tmp_path: Path) -> None:
    folder = built(tmp_path / "corpus", tiny_bert)
    shard = next((folder / "train").iterdir())
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    for name in (str(folder), f"{folder}/"):
        with pytest.raises(BertkitError, match=f"{shard}  is damaged"):
            split(tiny_bert, {"train": name})


def test_raw_text_is_built_once(tiny_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT * 10, "utf-8")
    data = {"train": str(tmp_path / "a.txt"), "validation_ratio": 0.2}
    first, second = split(tiny_bert, data), split(tiny_bert, data)
    assert len(list((tmp_path / "cache" / "corpus").iterdir())) == 1
    assert first["train"].identity == second["train"].identity
    assert int(first["train"].lengths.max()) <= 62
    (tmp_path / "a.txt").write_text(TEXT * 11, "utf-8")
    assert split(tiny_bert, data)["train"].identity != first["train"].identity


def test_phases_stand_one_after_the_other(tiny_bert: Path, tmp_path: Path) -> None:
    short, long = built(tmp_path / "short", tiny_bert), built(tmp_path / "long", tiny_bert, max_length=32)
    phases = [{"max_length": 16, "share": 0.9}, {"max_length": 32, "share": 0.1}]
    rows = split(tiny_bert, {"train": [str(short), str(long)]}, phases=phases)
    ends = rows["train"].sizes
    assert ends == [len(corpus.Corpus.open(folder, "train")) for folder in (short, long)]
    assert rows["train"].lengths[: ends[0]].max() <= 14 < rows["train"].lengths[ends[0] :].max()
    assert len(rows["validation"]) == len(corpus.Corpus.open(long, "validation"))
    assert (rows["train"][ends[0]]["tokens"] == corpus.Corpus.open(long, "train")[0]["tokens"]).all()
    raw = split(tiny_bert, {"train": str(tmp_path / "short.txt")}, phases=phases)
    assert len(raw["train"].sizes) == 2
    with pytest.raises(BertkitError, match="1 sources for 2 phases; name one folder per phase"):
        split(tiny_bert, {"train": str(short)}, phases=phases)


def test_limits_are_drawn_by_the_seed(tiny_bert: Path, tmp_path: Path) -> None:
    folder = built(tmp_path / "corpus", tiny_bert)
    data = {"train": str(folder), "limit": {"train": 5, "validation": 2}}
    rows, again = split(tiny_bert, data), split(tiny_bert, data)
    assert (len(rows["train"]), len(rows["validation"])) == (5, 2)
    assert [row["tokens"].tolist() for row in rows["train"]] == [row["tokens"].tolist() for row in again["train"]]


def test_what_does_not_fit_is_told(tiny_bert: Path, tmp_path: Path) -> None:
    folder = built(tmp_path / "corpus", tiny_bert, validation_ratio=0)
    with pytest.raises(BertkitError, match="has no rows for validation"):
        split(tiny_bert, {"train": str(folder)})
    with pytest.raises(BertkitError, match=r"its pairs are none, but objective mlm\+nsp needs nsp"):
        split(tiny_bert, {"train": str(folder), "validation": str(folder)}, objective="mlm+nsp")
    with pytest.raises(BertkitError, match="no such file or folder"):
        split(tiny_bert, {"train": str(tmp_path / "nowhere")})
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["tokenizer"]["vocabulary_sha256"] = "another"
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(BertkitError, match="another vocabulary"):
        split(tiny_bert, {"train": str(folder), "validation": str(folder)})


def test_an_empty_line_after_each_sentence_is_an_error_before_the_training(tiny_bert: Path, tmp_path: Path) -> None:
    lines = [line for line in (TEXT * 6).splitlines() if line]
    (tmp_path / "a.txt").write_text("\n\n".join(lines) + "\n", "utf-8")
    data = {"train": str(tmp_path / "a.txt"), "validation_ratio": 0.2}
    with pytest.raises(BertkitError, match=r"100\.0% of the next sentences are random.*options\.objective: mlm"):
        split(tiny_bert, data, objective="mlm+nsp", max_length=24)
    with collect() as warned:
        split(tiny_bert, {**data, "limit": {"train": 8}}, objective="mlm+nsp", max_length=24)
    assert any("there is nothing to learn; raise data.limit.train" in one["message"] for one in warned)
    assert split(tiny_bert, data, objective="mlm", max_length=24)["train"]
    (tmp_path / "b.txt").write_text(TEXT * 6, "utf-8")  # texts of several sentences
    assert split(tiny_bert, {**data, "train": str(tmp_path / "b.txt")}, objective="mlm+nsp", max_length=24)["train"]


def test_progress_is_told_every_ten_seconds(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 5.0, 20.0, 21.0])
    monkeypatch.setattr("bertkit.tasks.pretrain.rows.time.monotonic", lambda: next(times))
    progress = BuildProgress()
    with caplog.at_level("INFO", "bertkit"):
        for done in (0, 25, 50, 55):
            progress("reading", done, 100)
    assert [record.getMessage() for record in caplog.records] == ["corpus: reading, 50%, 20 s left"]


def test_rows_of_several_corpora_by_number(tiny_bert: Path, tmp_path: Path) -> None:
    folder = built(tmp_path / "corpus", tiny_bert)
    rows = split(tiny_bert, {"train": [str(folder), str(folder)]})["train"]
    half = len(rows) // 2
    assert (rows[half]["tokens"] == rows[0]["tokens"]).all()
    assert (rows[-1]["tokens"] == rows[half - 1]["tokens"]).all()
    assert len(rows[half - 1 : half + 1]) == 2
    with pytest.raises(IndexError):
        rows[len(rows)]
    assert isinstance(rows.lengths, np.ndarray)


def test_a_limit_is_of_all_corpora_together(tiny_bert: Path, tmp_path: Path) -> None:
    folders = [built(tmp_path / name, tiny_bert, validation_ratio=0.0) for name in ("one", "two")]
    whole = [len(corpus.Corpus.open(folder, "all")) for folder in folders]
    data = {"train": [str(folder) for folder in folders], "validation": str(folders[0])}
    rows = split(tiny_bert, {**data, "limit": {"train": 7}}, ("train",), objective="mlm")["train"]
    assert len(rows) == 7 < sum(whole)
    assert all(len(numbers) <= most for numbers, most in zip(rows.numbers, whole, strict=True))
    assert all(len(number) for number in rows.numbers)
    again = split(tiny_bert, {**data, "limit": {"train": 7}}, ("train",), objective="mlm")["train"]
    assert rows.identity == again.identity
    every = split(tiny_bert, {**data, "limit": {"train": 10**6}}, ("train",), objective="mlm")["train"]
    assert len(every) == sum(whole)
