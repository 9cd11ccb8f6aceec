"""`bertkit predict --url` against a real server: the files are those of a Run on this machine."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run
from bertkit.inference.bulk import run as bulk_run
from bertkit.serve.client import connecting
from bertkit.serve.remote import RemoteOutput
from bertkit.tasks.ner.task import Ner
from tests.helpers import tiny_recipe, write_rows
from tests.serve.threaded import Live, answers, open_loopback, scripted, serving

TEXTS = ["hello", "where is my parcel ?", "i want it back " * 40, "", "good bye , good bye", "中 😀"]


class Killed(BaseException):
    """In place of SIGKILL."""


@pytest.fixture(scope="module")
def squad(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    from bertkit import train

    folder = tmp_path_factory.mktemp("squad")
    return train(tiny_recipe("squad", {}, tiny_bert, folder), output=folder / "run")


@pytest.fixture(scope="module")
def live(tiny_run: Run, squad: Run) -> Iterator[Live]:
    with serving(models={"tiny": str(tiny_run.path), "squad": str(squad.path)}) as found:
        yield found


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    open_loopback()
    monkeypatch.delenv(connecting.VARIABLE, raising=False)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_rows([{"n": n, "text": TEXTS[n % 6]} for n in range(30)], tmp_path / "rows.jsonl")


@pytest.fixture
def done(bertkit) -> Callable[..., str]:
    """What `bertkit predict` says on standard error, when it must not fail."""

    def run(*arguments: object) -> str:
        code, _, err = bertkit("predict", *arguments)
        assert code == 0, err
        return err

    return run


def table(file: Path) -> list[dict[str, Any]]:
    """Rows without numbers' last digits, as batches differ."""
    if file.suffix == ".csv":
        with file.open(encoding="utf-8") as stream:
            found: list[dict[str, Any]] = list(csv.DictReader(stream))
    else:
        found = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [{name: _rounded(value) for name, value in row.items()} for row in found]


def _rounded(value: Any) -> Any:
    try:
        return pytest.approx(float(value), abs=1e-4)
    except (TypeError, ValueError):
        return value


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--top-k", 2, "--columns", "n"),
        ("--probabilities", "all", "--logits"),
        ("--probabilities", "none", "--abstain-below", 0.9),
        ("--bad-rows", "keep"),
    ],
)
def test_files_are_those_of_the_run(live, tiny_run, rows, tmp_path: Path, done, ending: str, options: Any) -> None:
    here, there = tmp_path / f"here{ending}", tmp_path / f"there{ending}"
    done(tiny_run.path, rows, "-o", here, *options)
    err = done("tiny", rows, "-o", there, *options, "--url", live.url)
    assert f"30 rows: {there}" in err
    assert "warning" in err
    found, wanted = table(there), table(here)
    assert [[*row] for row in found] == [[*row] for row in wanted]
    assert found == wanted


def test_words_on_the_command_line(live, tiny_run, squad, bertkit) -> None:
    for name, run, words in (
        ("tiny", tiny_run, ("-t", "hello", "-t", "where is it ?", "--text-pair", "a", "--text-pair", "b")),
        ("squad", squad, ("-q", "who fixed it ?", "-c", "ann fixed it", "-c", "bob came on sunday")),
    ):
        for more in ((), ("-o", "-", "--probabilities", "all")):
            wanted = bertkit("predict", run.path, *words, *more)
            found = bertkit("predict", name, *words, *more, "--url", live.url)
            assert (found[0], wanted[0]) == (0, 0), found[2]
            if more:
                rows = [[json.loads(line) for line in one[1].splitlines()] for one in (found, wanted)]
                assert [[*row] for row in rows[0]] == [[*row] for row in rows[1]]
            else:
                assert found[1] == wanted[1]


def test_the_best_of_several(live, squad, tmp_path: Path, done) -> None:
    some = [
        {"question": "who ?", "context": text, "id": n // 2} for n, text in enumerate(["ann is", "bob", "eve", "it"])
    ]
    file = write_rows(some, tmp_path / "squad.jsonl")
    done(squad.path, file, "-o", tmp_path / "here.csv", "--best-of", "id")
    done("squad", file, "-o", tmp_path / "there.csv", "--best-of", "id", "--url", live.url)
    assert [row["context"] for row in table(tmp_path / "here.csv")] == [
        row["context"] for row in table(tmp_path / "there.csv")
    ]


def test_columns_by_other_names(live, tmp_path: Path, done) -> None:
    file = write_rows([{"body": "hello"}], tmp_path / "other.jsonl")
    done("tiny", file, "-o", tmp_path / "out.csv", "--url", live.url, "-s", "data.columns.text=body")
    assert [*table(tmp_path / "out.csv")[0]] == ["body", "predicted_label", "confidence"]


# --- jobs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Parts of 4 rows; `killed_at(2)`: ends each job before it writes its third part; `killed_at(None)` mends it."""
    plain, at = bulk_run.write_part, [None]

    def write_part(file: Path, *arguments: Any) -> None:
        if int(file.stem) == at[0]:
            raise Killed
        plain(file, *arguments)

    monkeypatch.setattr(bulk_run, "write_part", write_part)
    monkeypatch.setattr(RemoteOutput, "part_rows", 4)

    def kill(part: Any) -> None:
        at[0] = part

    return kill


@pytest.mark.parametrize("output", ["out.csv", "out.parquet", "out/"])
def test_a_killed_job_goes_on_to_the_same_bytes(live, rows, tmp_path: Path, bertkit, done, killed_at, output) -> None:
    alone, out = tmp_path / "alone" / output, tmp_path / output
    alone.parent.mkdir()
    slash = "/" if output.endswith("/") else ""
    done("tiny", rows, "-o", f"{alone}{slash}", "--url", live.url)
    killed_at(5)
    with pytest.raises(Killed):
        bertkit("predict", "tiny", rows, "-o", f"{out}{slash}", "--url", live.url)
    killed_at(None)
    done("tiny", rows, "-o", f"{out}{slash}", "--url", live.url)
    files = [out / "shard-00000.jsonl", alone / "shard-00000.jsonl"] if slash else [out, alone]
    assert files[0].read_bytes() == files[1].read_bytes()


def about(hash: str) -> dict[str, Any]:
    columns = [{"name": "text", "kind": "text", "required": True}]
    model = {"id": "m", "hash": hash, "task": "classify", "max_tokens": 16, "columns": columns, "neighbours": 0}
    return {**model, "object": "list", "data": [], "indexes": []}


def script(hash: str, first: str = "") -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A server whose model is called `first` until the text 20 comes, then `hash`."""

    def reply(body: dict[str, Any]) -> dict[str, Any]:
        if "rows" not in body:
            return about(first or hash)
        texts = [row["text"] for row in body["rows"]]
        return answers({"rows": texts}, hash if not first or "20" in texts else first)

    return reply


def test_another_model_behind_the_name_is_refused(tmp_path: Path, bertkit, killed_at) -> None:
    rows, out = write_rows([{"text": str(n)} for n in range(30)], tmp_path / "rows.jsonl"), tmp_path / "out.csv"
    with scripted(script("bbbb", first="aaaa")) as server:
        code, _, err = bertkit("predict", "m", rows, "-o", out, "--url", server.url)
        assert (code, out.exists()) == (2, False)
        assert "its model has changed, from aaaa to bbbb" in err
    with scripted(script("bbbb")) as server:
        code, _, err = bertkit("predict", "m", rows, "-o", out, "--url", server.url)
        assert (code, out.exists()) == (2, False)
        assert "unfinished predictions: begun with another model" in err
    with scripted(script("aaaa")) as server:
        code, _, err = bertkit("predict", "m", rows, "-o", out, "--url", server.url)
        assert code == 0, err
        assert [row["predicted_label"] for row in table(out)] == [*range(30)]


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_options_that_are_the_servers_own(live, rows, tmp_path: Path, bertkit) -> None:
    out = tmp_path / "out.csv"
    for more, words in (
        (("--precision", "bf16"), "--precision  has no effect beside --url"),
        (("--processes", 2), "--processes"),
        (("--ray", "local"), "--ray"),
        (("--labels", "a,b"), "--labels"),
        (("-s", "model.name=x"), "keys that can be set: data"),
        (("-s", "data.train=x"), "has no effect beside --url"),
    ):
        code, _, err = bertkit("predict", "tiny", rows, "-o", out, "--url", live.url, *more)
        assert (code, err.count("error: ")) == (2, 1), err
        assert words in err
    code, _, err = bertkit("predict", "tiny", rows, "-o", tmp_path / "out.conll", "--url", live.url)
    assert code == 2
    assert "name a .jsonl" in err


def test_refusals_of_the_server(live, rows, tmp_path: Path, bertkit) -> None:
    for name, more, words in (
        ("nope", (), "no model is called 'nope'; there are: tiny, squad"),
        ("squad", (), "context"),
        ("tiny", ("--url", "127.0.0.1"), "name it as http://HOST:PORT"),
        ("tiny", ("--url", "http://127.0.0.1:9"), "start a server there"),
    ):
        code, _, err = bertkit("predict", name, rows, "-o", tmp_path / "out.csv", "--url", live.url, *more)
        assert code == 2
        assert words in err


def test_a_model_that_needs_the_rows_around_is_refused(tiny_bert: Path, tmp_path: Path, bertkit) -> None:
    model = {**about("aaaa"), "neighbours": 16}
    with scripted(model) as server:
        code, _, err = bertkit("predict", "m", "-t", "a", "--url", server.url)
    assert code == 2
    assert "the answers of m depend on the rows around" in err
    assert Ner(Ner.Options(context="document")).margin(16) == 16


def test_no_torch_is_needed(live, rows, tmp_path: Path) -> None:
    words = ["predict", "tiny", str(rows), "-o", str(tmp_path / "a.csv"), "--url", live.url]
    code = (
        f"import sys; from bertkit.cli import main; assert main({words!r}) == 0; "
        "heavy = {'torch', 'transformers', 'datasets'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
