"""A corpus from texts to rows: the same whatever the processes, whole whatever was killed."""

from __future__ import annotations

import json
import logging
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from bertkit.data.corpus import build as corpus_build
from bertkit.data.corpus import corpus as corpus_module
from bertkit.data.corpus import rounds as corpus_rounds
from bertkit.data.corpus.corpus import Corpus, CorpusOptions, build, cached, is_corpus
from bertkit.errors import DataError
from bertkit.files.lock import Busy, one_writer
from bertkit.recipe.schema import DataBlock


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(tokenizer_folder)


@pytest.fixture
def texts(words: list[str], tmp_path: Path) -> list[str]:
    """Two files of sixty short documents each."""
    draw, files = random.Random(0), []
    for name in ("a.txt", "b.txt"):
        documents = []
        for _ in range(60):
            lines = [draw.choice(words).replace(" ,", ",").capitalize() + "." for _ in range(draw.randint(1, 8))]
            documents.append("\n".join(lines))
        (tmp_path / name).write_text("\n\n".join(documents), "utf-8")
        files.append(str(tmp_path / name))
    return files


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(folder: Path, split: str = "all") -> list[tuple[list[int], int, int]]:
    return [(row["tokens"].tolist(), row["second"], row["label"]) for row in Corpus.open(folder, split)]  # type: ignore[arg-type]


@pytest.mark.parametrize("pairs", ["nsp", "sop", "none"])
def test_a_corpus(pairs: str, texts: list[str], tokenizer: Any, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(corpus_rounds, "PART", 2000)
    options = CorpusOptions(pairs=pairs, max_length=40, validation_ratio=0.1)
    manifest = build(texts, tokenizer, tmp_path / "out", options)
    assert is_corpus(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "manifest.json",
        "tokenizer.json",
        "train",
        "validation",
    ]
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["read"]["documents"] == 120
    assert [manifest["splits"][split]["documents"] for split in ("train", "validation")] == [108, 12]
    assert [source["name"].rpartition("/")[2] for source in manifest["sources"]] == ["a.txt", "b.txt"]

    for split in ("train", "validation", "all"):
        corpus = Corpus.open(tmp_path / "out", split)  # type: ignore[arg-type]
        assert len(corpus) == sum(s["rows"] for s in manifest["shards"] if split in ("all", s["split"])) > 5
        assert corpus.lengths.tolist() == [len(row["tokens"]) for row in corpus]
        assert corpus.lengths.max() <= 40 - (2 if pairs == "none" else 3)
        for row in corpus:
            assert row["tokens"].dtype == np.int32
            assert row["starts"].dtype == bool
            assert row["starts"].shape == row["tokens"].shape
            assert row["starts"][0]
            assert row["starts"][row["second"]]
            assert row["label"] in ((-1,) if pairs == "none" else (0, 1))
            assert (row["second"] == 0) == (pairs == "none")
            special = set(tokenizer.all_special_ids) - ({tokenizer.sep_token_id} if pairs == "none" else set())
            assert not special & set(row["tokens"].tolist())
    assert corpus[-1]["tokens"].tolist() == corpus[len(corpus) - 1]["tokens"].tolist()
    assert [row["label"] for row in corpus[2:4]] == [corpus[2]["label"], corpus[3]["label"]]
    with pytest.raises(IndexError):
        corpus[len(corpus)]
    again = pickle.loads(pickle.dumps(corpus))
    assert again[3]["tokens"].tolist() == corpus[3]["tokens"].tolist()
    assert corpus.damaged() == []


def test_tokens_and_words_are_those_of_the_tokenizer(tokenizer: Any, tmp_path: Path) -> None:
    text = "Where is my parcel? It is late again."
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "b.txt").write_text(text)
    options = CorpusOptions(pairs="none", documents="file", validation_ratio=0.0)
    build([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")], tokenizer, tmp_path / "out", options)
    (row,) = Corpus.open(tmp_path / "out")
    found = tokenizer(text, add_special_tokens=False)
    assert row["tokens"].tolist() == [*found["input_ids"], tokenizer.sep_token_id, *found["input_ids"]]
    words = found.word_ids()
    starts = [i == 0 or words[i] != words[i - 1] for i in range(len(words))]
    assert row["starts"].tolist() == [*starts, True, *starts]


def test_any_number_of_processes_makes_the_same(texts: list[str], tokenizer: Any, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(corpus_rounds, "PART", 1000)
    options = CorpusOptions(max_length=32, passes=2, clean=True, deduplicate=True)
    for processes in (1, 2):
        build(texts, tokenizer, tmp_path / str(processes), options, processes=processes)
    assert content(tmp_path / "1") == content(tmp_path / "2")
    build(texts, tokenizer, tmp_path / "other", options.model_copy(update={"seed": 1}))
    assert rows_of(tmp_path / "other") != rows_of(tmp_path / "1")


def test_passes_are_different_pairs_of_the_same_text(texts: list[str], tokenizer: Any, tmp_path: Path) -> None:
    manifest = build(texts, tokenizer, tmp_path / "out", CorpusOptions(max_length=32, passes=3))
    train = [shard["file"] for shard in manifest["shards"] if shard["split"] == "train"]
    assert train == [f"train/000000-{number}.arrow" for number in range(3)]
    assert len({shard["sha256"] for shard in manifest["shards"]}) == 4
    told = manifest["splits"]["train"]
    one = build(texts, tokenizer, tmp_path / "one", CorpusOptions(max_length=32))["splits"]["train"]
    assert told["tokens_own"] == 3 * one["tokens_own"]


def test_validation_documents_are_in_no_training_row(tokenizer: Any, tmp_path: Path) -> None:
    lines = [f"{a} {b} cats" for a in "abcdefghij" for b in "klmnopqrst"]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    options = CorpusOptions(pairs="none", documents="line", validation_ratio=0.2)
    build([str(tmp_path / "a.txt")], tokenizer, tmp_path / "out", options)
    found = {}
    for split in ("train", "validation"):
        rows = Corpus.open(tmp_path / "out", split)  # type: ignore[arg-type]
        text = " [SEP] ".join(tokenizer.decode(row["tokens"]) for row in rows)
        found[split] = [line.strip() for line in text.split("[SEP]")]
    assert len(found["validation"]) == 20
    assert sorted(found["train"] + found["validation"]) == sorted(lines)


def test_duplicates(tokenizer: Any, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    (tmp_path / "a.txt").write_text("one cat\n\ntwo dogs\n\none  cat\n\none cat\n\nthree")
    source = [str(tmp_path / "a.txt")]
    read = build(source, tokenizer, tmp_path / "kept", CorpusOptions(clean=True, pairs="none"))["read"]
    assert (read["documents"], read["documents_repeated"], read["documents_dropped"]) == (5, 2, 0)
    assert "2 documents repeat an earlier one" in caplog.text
    options = CorpusOptions(clean=True, pairs="none", deduplicate=True, validation_ratio=0.0)
    read = build(source, tokenizer, tmp_path / "dropped", options)["read"]
    assert (read["documents_repeated"], read["documents_dropped"]) == (2, 2)
    (row,) = Corpus.open(tmp_path / "dropped")
    assert tokenizer.decode(row["tokens"]) == "one cat [SEP] two dogs [SEP] three"


def test_a_document_alone_is_told(tokenizer: Any, tmp_path: Path, caplog) -> None:
    (tmp_path / "a.txt").write_text("One cat. Two dogs. A man sleeps.")
    build([str(tmp_path / "a.txt")], tokenizer, tmp_path / "out", CorpusOptions(max_length=16))
    assert "train: only one document, so there are no random next sentences" in caplog.text
    assert "only one document: none is left for validation" in caplog.text
    assert {row["label"] for row in Corpus.open(tmp_path / "out")} == {0}
    assert len(Corpus.open(tmp_path / "out", "validation")) == 0


def test_a_wrong_tokenizer_is_told(tokenizer: Any, tmp_path: Path, caplog) -> None:
    (tmp_path / "a.txt").write_text("Съешь ещё этих мягких булок.\n\nДа, выпей чаю.", "utf-8")
    build([str(tmp_path / "a.txt")], tokenizer, tmp_path / "out", CorpusOptions())
    assert "unknown to the tokenizer" in caplog.text


def test_the_model_must_have_the_same_tokens(texts: list[str], tokenizer: Any, tmp_path: Path) -> None:
    build(texts, tokenizer, tmp_path / "out", CorpusOptions())
    corpus = Corpus.open(tmp_path / "out")
    tokenizer("a text", truncation=True, max_length=4)  # leaves its truncation behind
    corpus.check_tokenizer(tokenizer)
    build(texts, tokenizer, tmp_path / "out", CorpusOptions())
    other = pickle.loads(pickle.dumps(tokenizer))
    other.add_tokens(["brandnew"])
    with pytest.raises(DataError, match="another vocabulary"):
        corpus.check_tokenizer(other)


def test_another_build_is_waited_for(tokenizer: Any, tmp_path: Path, texts: list[str], monkeypatch) -> None:
    options, waited = CorpusOptions(max_length=32), []
    done = cached(texts, tokenizer, options)
    aside = tmp_path / "aside"
    done.rename(aside)

    def busy(*_: Any, **__: Any) -> None:
        raise Busy.at("there", "another build is at work")

    monkeypatch.setattr(corpus_module, "build", busy)
    monkeypatch.setattr(corpus_module.time, "sleep", lambda _: waited.append(aside.rename(done)))
    assert cached(texts, tokenizer, options) == done
    assert len(waited) == 1


def test_a_finished_corpus_is_left_alone(texts: list[str], tokenizer: Any, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    manifest = build(texts, tokenizer, tmp_path / "out", CorpusOptions())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert build(texts, tokenizer, tmp_path / "out", CorpusOptions()) == manifest
    assert "already finished" in caplog.text
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    with pytest.raises(DataError, match=r"built differently: max_length was 128($|;)"):
        build(texts, tokenizer, tmp_path / "out", CorpusOptions(max_length=64))
    with pytest.raises(DataError, match="their content has changed"):
        build(texts[:1], tokenizer, tmp_path / "out", CorpusOptions())


def test_an_unfinished_build_goes_on_only_with_the_same(texts, tokenizer: Any, tmp_path: Path, monkeypatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(corpus_rounds, "choose", stop)
        build(texts, tokenizer, tmp_path / "out", CorpusOptions())
    assert is_corpus(tmp_path / "out")
    with pytest.raises(DataError, match="an unfinished corpus"):
        Corpus.open(tmp_path / "out")
    with pytest.raises(DataError, match="holds an unfinished corpus built differently: pairs was nsp"):
        build(texts, tokenizer, tmp_path / "out", CorpusOptions(pairs="sop"))
    with Path(texts[0]).open("a") as stream:
        stream.write("more")
    with pytest.raises(DataError, match="their content has changed"):
        build(texts, tokenizer, tmp_path / "out", CorpusOptions())


def test_two_builds_in_one_folder(texts: list[str], tokenizer: Any, tmp_path: Path) -> None:
    with one_writer(tmp_path / "out"), pytest.raises(Busy, match=f"out  in use by process {os.getpid()} on "):
        build(texts, tokenizer, tmp_path / "out", CorpusOptions())


@pytest.mark.parametrize(
    ("harm", "said"),
    [("missing", "is missing"), ("torn", "is damaged: it has"), ("rewritten", ""), ("manifest", "not valid JSON")],
)
def test_a_damaged_corpus_is_told(harm: str, said: str, texts: list[str], tokenizer: Any, tmp_path: Path) -> None:
    manifest = build(texts, tokenizer, tmp_path / "out", CorpusOptions())
    file = tmp_path / "out" / manifest["shards"][0]["file"]
    if harm == "missing":
        file.unlink()
    elif harm == "torn":
        os.truncate(file, file.stat().st_size - 100)
    elif harm == "rewritten":
        whole = bytearray(file.read_bytes())
        whole[len(whole) // 2] ^= 255
        file.write_bytes(whole)
        corpus = Corpus.open(tmp_path / "out", "all")
        assert corpus.damaged() == [manifest["shards"][0]["file"]]
        (tmp_path / "out" / "tokenizer.json").unlink()
        assert corpus.damaged() == ["tokenizer.json", manifest["shards"][0]["file"]]
        with pytest.raises(DataError, match=f"{file}  is damaged; copy it again"):
            corpus.check_content()
        return
    else:
        (tmp_path / "out" / "manifest.json").write_text('{"version": 1')
    with pytest.raises(DataError, match=said):
        Corpus.open(tmp_path / "out")


def test_cached(texts: list[str], tokenizer: Any, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))
    folder = cached(texts, tokenizer, CorpusOptions())
    assert folder.parent == tmp_path / "cache" / "corpus"
    moved = str(shutil.copy(texts[0], tmp_path / "same.txt"))
    assert cached([moved, texts[1]], tokenizer, CorpusOptions()) == folder
    assert cached(texts, tokenizer, CorpusOptions(max_length=64)) != folder
    assert cached(texts, tokenizer, CorpusOptions(), block=DataBlock(encoding="latin-1")) != folder
    assert len(Corpus.open(folder)) > 0


def test_a_corpus_from_the_cache_warns_as_a_new_one(tokenizer: Any, tmp_path: Path, monkeypatch) -> None:
    from bertkit.warn import collect

    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "one.txt").write_text("Where is my parcel?\nI want my money back.\n", "utf-8")
    told = []
    for _ in range(2):
        with collect() as warnings:
            cached([str(tmp_path / "one.txt")], tokenizer, CorpusOptions(pairs="none"))
        told.append(warnings)
    assert "only one document" in told[0][0]["message"]
    assert told[0] == told[1]


@pytest.mark.parametrize("harm", ["flip", "zeros", "manifest"])
def test_a_damaged_corpus_of_the_cache_is_built_again(
    harm: str, texts: list[str], tokenizer: Any, tmp_path: Path, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))
    folder = cached(texts, tokenizer, CorpusOptions())
    rows = list(map(str, Corpus.open(folder)))
    file = folder / ("manifest.json" if harm == "manifest" else Corpus.open(folder).manifest["shards"][0]["file"])
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content if harm == "flip" else bytes(len(content)))
    caplog.clear()
    assert cached(texts, tokenizer, CorpusOptions()) == folder
    assert f"{file}: built again, as the cached corpus is damaged" in caplog.text
    assert list(map(str, Corpus.open(folder))) == rows
    caplog.clear()
    assert cached(texts, tokenizer, CorpusOptions()) == folder
    assert "built again" not in caplog.text


BUILD = """
import sys
from transformers import AutoTokenizer
from bertkit.data.corpus import rounds as corpus_rounds
from bertkit.data.corpus.corpus import CorpusOptions, build
if __name__ == "__main__":
    corpus_rounds.PART = 400
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    build(sys.argv[4:], tokenizer, sys.argv[2], CorpusOptions(max_length=32, passes=2), processes=int(sys.argv[3]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_build_ends_as_one_left_alone(
    processes: int, texts: list[str], tokenizer: Any, tokenizer_folder: Path, tmp_path: Path, monkeypatch
) -> None:
    script = tmp_path / "build.py"
    script.write_text(BUILD)
    output = tmp_path / "killed"

    def start() -> subprocess.Popen[str]:
        words = [sys.executable, script, tokenizer_folder, output, processes, *texts]
        found = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert found.stdout
        assert found.stdin
        found.stdout.readline()
        found.stdin.write("\n")
        found.stdin.flush()
        return found

    monkeypatch.setattr(corpus_rounds, "PART", 400)
    build(texts, tokenizer, tmp_path / "alone", CorpusOptions(max_length=32, passes=2))
    draw, kills = random.Random(processes), 0
    for _ in range(12):
        process = start()
        time.sleep(draw.random() * (0.15 if processes == 1 else 3))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert start().wait() == 0
    assert kills >= 6
    assert content(output) == content(tmp_path / "alone")


def test_an_interrupted_build_goes_on(texts: list[str], tokenizer: Any, tmp_path: Path, monkeypatch) -> None:
    """Stopped before each job and each file in turn, in this process: what is there already is not made again."""
    monkeypatch.setattr(corpus_rounds, "PART", 1500)
    options = CorpusOptions(max_length=32)
    build(texts, tokenizer, tmp_path / "alone", options)
    written: list[str] = []

    def counted(module: Any, name: str, stop_at: int) -> Any:
        original = getattr(module, name)

        def call(*arguments: Any) -> Any:
            if len(written) == stop_at:
                raise KeyboardInterrupt
            found = original(*arguments)
            written.append(name)
            return found

        return call

    stops = 0
    for stop_at in range(100):
        written.clear()
        with monkeypatch.context() as patch:
            for name in ("read_part", "make_shard"):
                patch.setattr(corpus_rounds, name, counted(corpus_rounds, name, stop_at))
            for name in ("write_text", "write_json"):
                patch.setattr(corpus_build, name, counted(corpus_build, name, stop_at))
            try:
                build(texts, tokenizer, tmp_path / "stopped", options)
                break
            except KeyboardInterrupt:
                stops += 1
    assert stops > 5
    assert content(tmp_path / "stopped") == content(tmp_path / "alone")
