"""Jobs of many parts: the answers of one part, in order, whatever ends them in between."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import bertkit as package
from bertkit import Predictor, Run, fs, processes
from bertkit.data.stream import Taken
from bertkit.errors import BertkitError, DataError, RunError, WriteError
from bertkit.inference.bulk import run as bulk_run
from bertkit.inference.bulk.answering import Answering
from bertkit.inference.bulk.job import BulkJob
from bertkit.inference.bulk.parts import PartPlan, parts
from tests.helpers import make, messages, write_rows
from tests.inference.bulk.conftest import lines
from tests.inference.test_seen import tokenizer_of


class Killed(BaseException):
    """In place of SIGKILL."""


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """`killed_at(2)`: ends each job before it writes its third part; `killed_at(None)` mends it."""
    plain, at = bulk_run.write_part, [None]

    def write_part(file: Path, *arguments: Any) -> None:
        if int(file.stem) == at[0]:
            raise Killed
        plain(file, *arguments)

    monkeypatch.setattr(bulk_run, "write_part", write_part)

    def kill(part: int | None) -> None:
        at[0] = part

    return kill


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("size", [1, 7, 29, 30, 100])
def test_parts_of_any_size_give_equal_answers_in_order(
    job: Callable[..., int], rows: Path, tmp_path: Path, ending: str, size: int
) -> None:
    whole, out = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    assert job(rows, size=1000, output=whole) == job(rows, size=size, output=out) == 30
    if ending == ".parquet":
        found, expected = pq.read_table(out).to_pylist(), pq.read_table(whole).to_pylist()
    elif ending == ".jsonl":
        found, expected = lines(out), lines(whole)
        assert [row["n"] for row in found] == list(range(30))
    else:
        found, expected = ([{"all": line} for line in file.read_text().split("\n")] for file in (out, whole))
        if size < 30:  # batches differ, and so does the last digit of a probability
            found, expected = ([{"all": row["all"].rpartition("0.")[0]} for row in some] for some in (found, expected))
    assert [{k: v for k, v in row.items() if k != "confidence"} for row in found] == [
        {k: v for k, v in row.items() if k != "confidence"} for row in expected
    ]
    assert [row.get("confidence") for row in found] == pytest.approx([row.get("confidence") for row in expected])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([rows.name, whole.name, out.name])


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("part", range(8))
def test_a_killed_job_goes_on(
    job: Callable[..., int], rows: Path, tmp_path: Path, killed_at: Callable[..., None], ending: str, part: int
) -> None:
    alone, out = tmp_path / f"alone{ending}", tmp_path / f"out{ending}"
    job(rows, output=alone)
    killed_at(part)
    with pytest.raises(Killed):
        job(rows, output=out)
    assert not out.exists()
    killed_at((part + 3) % 8 if part < 5 else None)
    try:
        job(rows, output=out)
    except Killed:
        killed_at(None)
        assert job(rows, output=out) == 30
    assert out.read_bytes() == alone.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([rows.name, alone.name, out.name])


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_folder_of_shards(
    job: Callable[..., int], rows: Path, tmp_path: Path, killed_at: Callable[..., None], format: str
) -> None:
    alone, out = tmp_path / "alone", tmp_path / "out"
    job(rows, output=alone, shard_rows=9, format=format)
    killed_at(5)  # within the second shard
    with pytest.raises(Killed):
        job(rows, output=out, shard_rows=9, format=format)
    begun = json.loads((out / "manifest.json").read_text())
    assert (begun["rows_done"], [*begun["shards"]]) == (9, [f"shard-00000.{format}"])
    killed_at(None)
    assert job(rows, output=out, shard_rows=9, format=format) == 30
    names = [f"shard-{number:05d}.{format}" for number in range(4)]
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", *names]
    assert all((out / name).read_bytes() == (alone / name).read_bytes() for name in names)
    manifest = json.loads((out / "manifest.json").read_text())
    assert [shard["rows"] for shard in manifest["shards"].values()] == [9, 9, 9, 3]
    assert (manifest["rows_done"], manifest["seen"]["rows"]) == (30, 30)
    if format == "jsonl":
        assert [row["n"] for name in names for row in lines(out / name)] == list(range(30))
    assert job(rows, output=out, shard_rows=9, format=format) == 30  # done already
    (out / names[1]).write_text("edited")
    with pytest.raises(RunError, match=rf"its shards were changed: {names[1]} has 6 of .* bytes; put it back"):
        job(rows, output=out, shard_rows=9, format=format)


def test_a_folder_killed_before_its_manifest_is_written_is_free(
    job: Callable[..., int], rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(bulk_run.BulkJob, "write", write)
        with pytest.raises(Killed):
            job(rows, output=tmp_path / "out", shard_rows=9, format="jsonl")
    assert job(rows, output=tmp_path / "out", shard_rows=9, format="jsonl") == 30


def test_two_processes_share_the_parts(
    job: Callable[..., int], rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, out, answered = tmp_path / "alone.csv", tmp_path / "out.csv", []
    job(rows, output=alone)
    plain = bulk_run.write_part

    def write_part(file: Path, *arguments: Any) -> None:
        answered.append((processes.launched()[0], int(file.stem)))
        plain(file, *arguments)

    monkeypatch.setattr(bulk_run, "write_part", write_part)
    monkeypatch.setenv("WORLD_SIZE", "2")
    slept: list[float] = []

    def other(seconds: float) -> None:
        """While the first one waits for the other, that works."""
        slept.append(seconds)
        monkeypatch.setenv("RANK", "1")
        job(rows, output=out)
        monkeypatch.setenv("RANK", "0")

    monkeypatch.setattr(bulk_run.time, "sleep", other)
    assert job(rows, output=out) == 30
    assert answered == [(0, 0), (0, 2), (0, 4), (0, 6), (1, 1), (1, 3), (1, 5), (1, 7)]
    assert len(slept) == 1
    assert out.read_bytes() == alone.read_bytes()


@pytest.fixture
def begun(job: Callable[..., int], rows: Path, tmp_path: Path, killed_at: Callable[..., None]) -> Path:
    killed_at(2)
    with pytest.raises(Killed):
        job(rows, output=tmp_path / "out.csv")
    killed_at(None)
    return tmp_path / "out.csv"


def refused(job: Callable[..., int], *arguments: Any, **options: Any) -> str:
    with pytest.raises(BertkitError) as error:
        job(*arguments, **options)
    (problem,) = error.value.problems
    return str(problem)


def test_a_job_goes_on_as_it_began_or_not_at_all(
    job: Callable[..., int], rows: Path, begun: Path, tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".out.csv.parts"
    ending = f"; the command as it was continues it; to start anew remove the folder {home}"
    assert (
        refused(job, rows, output=begun, top_k=2)
        == f"{begun}  unfinished predictions: begun with top_k 0, not 2{ending}"
    )
    assert "begun with columns none, not ['text']" in refused(job, rows, output=begun, columns=("text",))
    assert "begun with rows of a part 4, not 5" in refused(job, rows, output=begun, size=5)
    other = Run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    other.recipe_file.write_text(other.recipe_file.read_text() + "\n# changed\n")
    assert "begun with another model" in refused(job, rows, output=begun, run=other)
    assert "begun with another model" in refused(job, rows, output=begun, run=None)
    few = write_rows([{"n": 1, "text": "hello"}], tmp_path / "few.jsonl")
    assert "the input few.jsonl is not what it was" in refused(job, few, output=begun).replace(f"{tmp_path}/", "")
    with monkeypatch.context() as patch:
        patch.setattr(package, "__version__", "0.0.0")
        patch.setattr("bertkit.inference.bulk.job.bertkit.__version__", "0.0.0")
        patch.setattr(bulk_run, "JobManifest", lambda **k: bulk_run_manifest(**k, bertkit="0.0.0"))
        assert "begun with bertkit" in refused(job, rows, output=begun)
    content = rows.read_text("utf-8")
    rows.write_text(content.replace("hello", "hallo"), "utf-8")
    assert "rows.jsonl is not what it was when this was begun" in refused(job, rows, output=begun)
    rows.write_text(content, "utf-8")  # at another time, but the same
    assert job(rows.rename(tmp_path / "moved.jsonl"), output=begun) == 30
    assert not home.exists()


bulk_run_manifest = bulk_run.JobManifest


def test_a_damaged_part_is_answered_again(
    job: Callable[..., int], rows: Path, begun: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job(rows, output=tmp_path / "alone.csv")
    part = tmp_path / ".out.csv.parts/.parts/000001.part"
    part.write_bytes(part.read_bytes()[:-3] + b"abc")
    assert job(rows, output=begun) == 30
    assert begun.read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_a_damaged_manifest_and_folders_of_others(
    job: Callable[..., int], rows: Path, begun: Path, tmp_path: Path
) -> None:
    (tmp_path / ".out.csv.parts/manifest.json").write_text("{")
    assert "manifest.json  can not be used: not valid JSON" in refused(job, rows, output=begun)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    assert "mine  holds other files; name a new folder" in refused(job, rows, output=tmp_path / "mine")
    assert "is the input" in refused(job, tmp_path / "mine", output=tmp_path / "mine")
    assert "is a file; name a folder" in refused(job, rows, output=rows, shard_rows=5)
    (tmp_path / "empty").mkdir()
    assert job(rows, output=tmp_path / "empty") == 30


def test_an_input_that_changes_while_it_is_read(
    job: Callable[..., int], rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Answering.piece

    def piece(self: Answering, part: Any, *arguments: Any, **options: Any) -> Any:
        if part.number == 1:
            rows.write_text(rows.read_text("utf-8") + '{"text": "more"}\n', "utf-8")
        return plain(self, part, *arguments, **options)

    monkeypatch.setattr(Answering, "piece", piece)
    assert "rows.jsonl  has changed while it was read" in refused(job, rows, output=tmp_path / "out.csv")
    assert [file.name for file in (tmp_path / ".out.csv.parts/.parts").iterdir()] == ["000000.part"]


def test_a_full_disk_is_one_line_and_the_job_goes_on(
    job: Callable[..., int], rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(rows, output=tmp_path / "alone.csv")
    plain = fs.sync

    def full(path: Path) -> None:
        if len(list((tmp_path / ".out.csv.parts/.parts").glob("*.part"))) == 3:
            raise OSError(28, "No space left on device")
        plain(path)

    with monkeypatch.context() as patch:
        patch.setattr(fs, "sync", full)
        with pytest.raises(WriteError, match="No space left on device; free some space, then try again"):
            job(rows, output=tmp_path / "out.csv")
    assert not list(tmp_path.rglob(".writing-*"))
    assert job(rows, output=tmp_path / "out.csv") == 30
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_bad_rows(job: Callable[..., int], tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"n": n, "text": f"text {n}"} for n in range(12)]
    rows[3]["text"], rows[10]["text"] = 7, ""
    file = write_rows(rows, tmp_path / "rows.jsonl")
    file.write_text(file.read_text() + "{broken\n", "utf-8")
    out = tmp_path / "out.jsonl"
    with pytest.raises(DataError) as error:
        job(file, output=out)
    assert [problem.key.rpartition(":")[2] for problem in error.value.problems] == ["4", "13"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name]
    assert job(file, output=out, bad_rows="skip") == 11
    assert [row["n"] for row in lines(out)] == [n for n in range(12) if n != 3]
    assert job(file, output=out, bad_rows="keep") == 13
    found = lines(out)
    assert [row.get("n") for row in found] == [*range(12), None]
    assert [n for n, row in enumerate(found) if row["error"]] == [3, 10, 12]
    assert found[3]["error"].endswith("rows.jsonl:4  text is not a text: found a number (7)")
    assert found[10]["error"].endswith("rows.jsonl:11  text is empty")
    assert "broken JSON" in found[12]["error"]
    assert "predicted_label" not in found[3]
    assert found[4]["predicted_label"]
    job(file, output=tmp_path / "out.csv", bad_rows="keep")
    table = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert table[0] == "n,text,predicted_label,confidence,error"
    assert table[4].startswith("3,7,,,")


def test_columns_that_come_late_are_not_lost(job: Callable[..., int], tmp_path: Path) -> None:
    rows = [{"text": "hello"} for _ in range(9)] + [{"text": "hello", "late": {"a": 1}}, {"text": "hello", "late": 2}]
    file = write_rows(rows, tmp_path / "rows.jsonl")
    job(file, output=tmp_path / "out.csv")
    table = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert table[0] == "text,late,predicted_label,confidence"
    assert '"{""a"": 1}"' in table[10]
    job(file, output=tmp_path / "out.parquet")
    assert [row["late"] for row in pq.read_table(tmp_path / "out.parquet").to_pylist()][8:] == ["null", '{"a": 1}', "2"]
    hidden = write_rows([{"text": "hello"}] * 9 + [{"text": "hello", "confidence": 1}], tmp_path / "hidden.jsonl")
    assert "already has the columns confidence" in refused(job, hidden, output=tmp_path / "no.csv")
    assert not (tmp_path / ".no.csv.parts").exists()
    job(hidden, output=tmp_path / "no.csv", columns=("text",))
    assert "latter: the input has no such column; did you mean late?" in refused(
        job, file, output=tmp_path / "no.csv", columns=("latter",)
    )


def test_warnings_are_said_once_over_all_parts(
    job: Callable[..., int], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    caplog.set_level(logging.INFO, "bertkit")
    file = write_rows([{"text": "中文中文", "more": 1} for _ in range(10)] + [{"text": ""}], tmp_path / "rows.jsonl")
    job(file, output=tmp_path / "out.csv")
    said = messages(caplog)
    unknown = [text for text in said if "unknown to the tokenizer" in text]
    assert len(unknown) == 1
    assert "in all texts" in unknown[0]
    assert sum("empty texts: 1" in text for text in said) == 1
    assert sum("columns not used: more" in text for text in said) == 1


def test_progress_is_shown_in_rows_and_tokens(job: Callable[..., int], rows: Path, tmp_path: Path, begun: Path) -> None:
    seen: list[Any] = []

    @contextmanager
    def meter(label: str, total: int, before: int) -> Any:
        seen.append((label, total, before))
        yield lambda done, tokens: seen.append((done, tokens))

    job(rows, output=begun, meter=meter)
    assert seen[0] == ("predicting", 30, 8)
    assert [done for done, _ in seen[1:]] == [12, 16, 20, 24, 28, 30]
    assert seen[-1][1] > 22 * 3


def test_a_context_of_other_rows_does_not_end_at_a_part(tmp_path: Path) -> None:
    """`ner` with `context: document` takes tokens of the sentences around, which may be of another part."""
    task, plan = make("ner", {"context": "document", "max_length": 24}), PartPlan(20, size=3)
    rows = [{"tokens": ["word", "of", str(n)], "document": n // 9, "row": n + 1} for n in range(20)]
    assert task.margin(512) == 24
    predictor: Any = Predictor.__new__(Predictor)
    predictor.task, predictor.tokenizer, predictor.limit = task, tokenizer_of(tmp_path), 512
    predictor._check_ids = lambda examples: None
    whole = predictor.prepare(rows).encoded.examples
    taken: Any = ((row, row) for row in rows)
    cut = list(parts((Taken(*one) for one in taken), plan, 24, lambda _: True))
    own = Answering(predictor, None)  # type: ignore[arg-type]
    found = [one["input_ids"].tolist() for part in cut for one in own.prepare(part).encoded.examples]
    assert found == [one["input_ids"].tolist() for one in whole]
    assert any(len(one) != len(other) for one, other in pairwise(found))
    assert sum(own.prepare(part).seen.rows for part in cut) == 20


def test_what_is_printed_is_what_a_file_has(
    job: Callable[..., int], rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job(rows, output=tmp_path / "out.jsonl")
    assert job(rows) == 30
    assert capsys.readouterr().out == (tmp_path / "out.jsonl").read_text("utf-8")
    assert "these answers have no score to compare" in refused(job, rows, best_of="n")


def test_a_process_whose_launcher_was_killed_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertkit.inference.bulk.run import _wait

    monkeypatch.setenv("WORLD_SIZE", "2")
    _wait(BulkJob(tmp_path / "out.csv"))
    monkeypatch.setattr("os.getppid", lambda: 1)
    with pytest.raises(RunError, match="the launcher of this process was ended; the same command goes on"):
        _wait(BulkJob(tmp_path / "out.csv"))


def test_a_damaged_part_of_another_process_is_answered_by_the_first(
    job: Callable[..., int], rows: Path, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one may have looked before it was removed, and has ended."""
    job(rows, output=tmp_path / "alone.csv")
    part = tmp_path / ".out.csv.parts/.parts/000001.part"
    part.write_bytes(part.read_bytes()[:-3] + b"abc")
    wanted: list[set[int]] = []
    plain = bulk_run.Bulk._answered

    def answered(self, source, plan, mine, columns):
        wanted.append({*mine})
        return plain(self, source, plan, {*range(100)} - {0} if self.elsewhere is None else mine, columns)

    monkeypatch.setattr(bulk_run.Bulk, "_answered", answered)
    monkeypatch.setattr(bulk_run.processes, "launched", lambda: (0, 2))
    assert job(rows, output=begun) >= 0
    assert 1 in wanted[0]
    assert begun.read_bytes() == (tmp_path / "alone.csv").read_bytes()
