"""Runs a case in this process, and tells what of it must not be."""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import io
import json
import re
import resource
import shlex
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from bertkit import cli
from bertkit.fs import ASIDE
from tests.fuzz import count
from tests.fuzz.case import Case, draw
from tests.fuzz.material import Material

SECONDS = 30
"""After which a case hangs."""
MEGABYTES = 500
"""By which the memory of this process may grow in one case."""
LINE, ALL = 3_000, 40_000
"""Characters of a line and of all that is said."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
LEFT_OUT = re.compile(r"^warning: (?:.*: )?rows left out, .*?: ([\d,]+) \(", re.MULTILINE)


class Hang(BaseException):
    """Not an Exception, so that nothing on the way catches it."""


@dataclass
class Verdict:
    """What a case did, and what is wrong with it: nothing, if all is well."""

    number: int
    name: str
    command: list[str]
    folder: Path
    code: int | None = None
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = "\n".join(self.wrong)
        return f"case {self.number} ({self.name}), exit code {self.code}, {self.seconds:.1f} s: {said}\n" + (
            f"  bertkit {shlex.join(self.command)[:1500]}\n  stderr: {self.err[-1500:]!a}"
        )


def judged(seed: int, number: int, folder: Path, material: Material, *, keep: bool = False) -> Verdict:
    """Draw a case into a new folder, run it, and judge it; the folder is removed unless something is wrong."""
    name, case = draw(seed, number, folder, material)
    verdict = Verdict(number, name, case.command, folder)
    before, memory = _hashes(folder, case), _peak()
    start = time.perf_counter()
    _run(case, verdict)
    verdict.seconds = time.perf_counter() - start
    if (grown := _peak() - memory) > MEGABYTES:
        verdict.wrong.append(f"it took {grown} MB of memory")
    _judge_messages(verdict)
    _judge_files(case, verdict, before)
    if verdict.code == 0 and case.source:
        _judge_rows(case, verdict)
    if not verdict.wrong and not keep:
        shutil.rmtree(folder)
    return verdict


def _run(case: Case, verdict: Verdict) -> None:
    out, err = io.BytesIO(), io.BytesIO()
    streams = [io.TextIOWrapper(out, "utf-8", write_through=True)]
    streams.append(io.TextIOWrapper(err, "utf-8", "backslashreplace", write_through=True))
    stdin = io.TextIOWrapper(io.BytesIO(case.stdin), "utf-8")
    with (
        contextlib.chdir(verdict.folder), mock.patch.object(sys, "stdin", stdin),
        contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]),
    ):  # fmt: skip
        try:
            with _limited(SECONDS):
                verdict.code = cli.main(case.command)
        except Hang:
            verdict.wrong.append(f"it hangs:\n{_end_of(traceback.format_exc())}")
        except BaseException:
            verdict.wrong.append(f"a traceback:\n{_end_of(traceback.format_exc())}")
    verdict.out, verdict.err = (stream.getvalue().decode("utf-8", "replace") for stream in (out, err))


def _end_of(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())[-1500:]


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Hang is raised after some seconds; if the process does not come to raise it, it ends after thrice as many."""

    def hang(*_: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(3 * seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()


def _peak() -> int:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _hashes(folder: Path, case: Case) -> dict[str, str]:
    """The files that the command must not change."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = {
        str(path.relative_to(folder)): path for path in files if path.relative_to(folder).parts[0] not in case.folders
    }
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in kept.items() if name != case.output}


def _judge_messages(verdict: Verdict) -> None:
    wrong, err = verdict.wrong, verdict.err
    if verdict.code not in (0, 2, 75) and not wrong:
        wrong.append(f"exit code {verdict.code}")
    if "Traceback" in err and not wrong:
        wrong.append("a traceback on standard error")
    if verdict.code == 2 and not re.search(r"^error: \S|^╭─ Error|^Usage: ", err, re.MULTILINE):
        wrong.append("exit code 2, and no error is told")
    longest = max(map(len, err.splitlines()), default=0)
    if longest > LINE or len(err) > ALL:
        wrong.append(f"too long a message: {len(err):,} characters, a line of {longest:,}")
    if found := CONTROL.search(err):
        wrong.append(f"a control character on standard error: {found[0]!a}")
    as_it_is = verdict.command[0] == "predict" or verdict.command[:2] == ["recipe", "show"]  # on a terminal, it is not
    if not as_it_is and (found := CONTROL.search(verdict.out)):
        wrong.append(f"a control character on standard output: {found[0]!a}")


def _judge_files(case: Case, verdict: Verdict, before: dict[str, str]) -> None:
    if aside := [path.name for path in verdict.folder.rglob(f"{ASIDE}*")]:
        verdict.wrong.append(f"left behind: {', '.join(aside)}")
    after = _hashes(verdict.folder, case)
    if changed := [name for name in before if after.get(name) != before[name]]:
        verdict.wrong.append(f"files changed: {', '.join(changed)}")
    if case.output and verdict.code is not None and verdict.code != 75:
        there = (verdict.folder / case.output).is_file()
        if there != (verdict.code == 0):
            verdict.wrong.append(f"exit code {verdict.code}, and {case.output} is {'there' if there else 'not there'}")


def _judge_rows(case: Case, verdict: Verdict) -> None:
    """Rows in = rows out + rows reported; and each column of the rows as it was."""
    source = count.rows_of(verdict.folder / case.source, case.command)
    output = verdict.folder / case.output
    if source is None or not output.is_file():
        return
    left_out = sum(int(found.replace(",", "")) for found in LEFT_OUT.findall(verdict.err))
    counted, answered = 0, None
    if output.suffix == ".json":
        report = json.loads(output.read_text("utf-8"))
        splits = [report[name] for name in ("train", "validation", "test") if name in report]
        counted = sum(split["rows"] for split in splits or [report])
    else:
        answered = count.read(output) or []
        counted = len(answered)
    if len(source) != counted + left_out:
        verdict.wrong.append(f"rows in: {len(source)}, out: {counted}, reported: {left_out}")
    elif answered is not None and not left_out and output.suffix == ".jsonl" and _named(source):
        for row, answer in zip(source, answered, strict=True):
            if lost := [name for name in row if not _same(row[name], answer.get(name, answer))]:
                verdict.wrong.append(f"columns changed: {lost}: {row} -> {answer}"[:1500])
                return


def _named(rows: list[Any]) -> bool:
    return all(isinstance(row, dict) and "question" not in row for row in rows)


def _same(value: Any, other: Any) -> bool:
    return json.dumps(value, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)
