"""A job on disk: what is done, what it may go on from, and what is left of it at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import RunError
from bertkit.inference.bulk.formats import Lines
from bertkit.inference.bulk.identity import InputFile
from bertkit.inference.bulk.job import BulkJob, JobManifest
from bertkit.inference.bulk.parts import PartPlan, content_of, write_part
from bertkit.inference.seen import Seen


def manifest(**changes: object) -> JobManifest:
    input = [InputFile(name="rows.csv", format="csv", bytes=5, sha256="abc")]
    whole = {"model": {"run.json": "1"}, "input": input, "options": {"top_k": 0, "data": {"delimiter": ","}}, "rows": 6}
    return JobManifest.model_validate({**whole, "columns": ["text"], **changes})


def begun(job: BulkJob, rows: int = 6, size: int = 3) -> PartPlan:
    job.parts.mkdir(parents=True)
    job.write(manifest(rows=rows))
    plan = PartPlan(rows, 0, size)
    for number in range(plan.parts):
        own = [{"n": n} for n in plan.rows_of(number)]
        write_part(job.part_file(number), content_of(Lines().piece(own, ["n"]), Seen(), len(own)))
    return plan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"run.json": "2"}}, "begun with another model"),
        ({"input": []}, "begun with 1 input files, not 0"),
        ({"input": [InputFile(name="b", format="csv", bytes=5, sha256="x")]}, "the input b is not what it was"),
        ({"bertkit": "9.9"}, "begun with bertkit "),
        ({"options": {"top_k": 3, "data": {"delimiter": ","}}}, "begun with top_k 0, not 3"),
        ({"options": {"top_k": 0, "data": {"delimiter": ";"}}}, "begun with delimiter ,, not ;"),
    ],
)
def test_a_job_goes_on_as_it_began(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    job = BulkJob(tmp_path / "out.csv")
    job.check_same(manifest(), manifest())
    with pytest.raises(RunError) as error:
        job.check_same(manifest(), manifest(**changes))
    assert message in str(error.value)
    assert "the command as it was continues it; to start anew remove" in str(error.value)


def test_parts_are_joined_and_nothing_else_is_left(tmp_path: Path) -> None:
    job = BulkJob(tmp_path / "out.jsonl")
    plan = begun(job)
    assert job.done() == ({0, 1}, set())
    read = job.read()
    job.write_shard(0, plan, Lines(), read)
    assert read.rows_done == 6
    assert job.output.read_text() == "".join(f'{{"n": {n}}}\n' for n in range(6))
    job.finish()
    assert not list(job.home.iterdir())


def test_a_damaged_part_is_answered_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    job = BulkJob(tmp_path / "out.jsonl")
    begun(job)
    with job.part_file(1).open("ab") as stream:
        stream.write(b"more")
    job.part_file(2).write_bytes(b"no line of JSON")
    assert job.done() == ({0}, {1, 2})
    assert [file.name for file in job.parts.iterdir()] == ["000000.part"]
    assert "its rows are answered again" in caplog.text


def test_shards_are_noted_with_their_hashes(tmp_path: Path) -> None:
    job = BulkJob(tmp_path / "out", folder=True, ending=".jsonl")
    plan = begun(job)
    job.write_shard(0, plan, Lines(), read := job.read())
    assert [*read.shards] == ["shard-00000.jsonl"]
    assert not list(job.parts.iterdir())
    job.check_same(job.read(), manifest())
    job.shard_file(0).write_text("edited")
    with pytest.raises(RunError, match="its shards were changed"):
        job.check_same(job.read(), manifest())


def test_a_folder_with_other_files_is_nobody_s(tmp_path: Path) -> None:
    job = BulkJob(tmp_path, folder=True, ending=".csv")
    job.check_free()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="holds other files; name a new folder"):
        job.check_free()


def test_a_manifest_that_is_damaged(tmp_path: Path) -> None:
    job = BulkJob(tmp_path / "out.csv")
    job.home.mkdir()
    job.manifest_file.write_text('{"rows": "many"}')
    with pytest.raises(RunError, match=r"manifest\.json.*to start anew remove the folder"):
        job.read()
