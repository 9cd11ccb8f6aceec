"""One job of a suite: an entry trained with one seed, a Run in `OUTPUT/ENTRY/seed-S`, and its predictions.

`python -m bertkit.bench.job` runs a job in its own process (runner.py): the first line of its standard input is the
job as JSON. That input stays open as long as the parent lives; when it closes, the training is asked to stop. If the
job fails, the process writes the message to a file beside the Run.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import processes, trust
from bertkit.display import line
from bertkit.errors import BertkitError, RunError, Stopped
from bertkit.files.json_file import read_json
from bertkit.fs import write_json, write_text, writing
from bertkit.recipe.load import differences, load, resolve
from bertkit.recipe.schema import Recipe
from bertkit.run import Run

if TYPE_CHECKING:
    from bertkit.inference.predictor import Predictor

log = logging.getLogger("bertkit")

SEED_FOLDER = "seed-"
MADE = "made.json"
"""In the folder of predictions: which rows were answered. Written last."""


def run_of(output: Path, entry: str, seed: int) -> Run:
    """The Run of an entry and a seed in a suite's output folder."""
    return Run(output / entry / f"{SEED_FOLDER}{seed}")


def seeds_of(output: Path, entry: str) -> list[int]:
    """The seeds for which an entry has a Run in a suite's output folder, in order."""
    names = (path.name.removeprefix(SEED_FOLDER) for path in (output / entry).glob(f"{SEED_FOLDER}*"))
    return sorted(int(name) for name in names if name.isdecimal())


@dataclass(frozen=True)
class Job:
    """An entry and a seed."""

    entry: str
    seed: int
    folder: str
    recipe: str
    sets: tuple[str, ...]
    """`KEY=VALUE` texts: the entry's, the request's, model and seed."""
    split: str = "validation"
    """The split of the first figure: its answers are written in the task's own format (`Task.files`)."""
    unlabelled: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """See `Entry.unlabelled`."""
    needs: str = ""
    """Folder of the Run whose model it starts from."""
    trust_code: bool = False
    """Whether the user has given `--trust-code`."""

    def __str__(self) -> str:
        return f"{self.entry}, seed {self.seed}"

    @property
    def run(self) -> Run:
        return Run(self.folder)

    @property
    def failure_file(self) -> Path:
        """Beside the Run: the message of the error that ended the job's process."""
        return Path(f"{self.folder}.failed.txt")

    @property
    def log_file(self) -> Path:
        """Beside the Run: the output of its process."""
        return Path(f"{self.folder}.log")

    def resolved(self) -> Recipe:
        """Its recipe, as its Run will keep it.

        Raises:
            BertkitError: every mistake in it.
        """
        from bertkit.training.inputs import with_label_names

        return with_label_names(resolve(load(self.recipe, self.sets)))


def check_begun(job: Job, recipe: Recipe) -> None:
    """Raise a RunError where the job's folder holds a Run of another recipe."""
    if not job.run.is_begun:
        return
    if changed := differences(recipe, Run.begun(job.folder).recipe):
        reason = f"was started with a different {', '.join(changed)}"
        raise RunError.at(job.folder, reason, "ask for the same again, remove it, or name another output folder")


def trained(job: Job) -> bool:
    return job.run.is_finished


def finished(job: Job) -> bool:
    """Whether it is trained and has written its predictions."""
    made = job.run.predictions / MADE
    if not (trained(job) and made.is_file()):
        return False
    known = read_json(made, dict[str, Any], error=RunError, remedy="remove it: the rows are answered again")
    return known == _to_make(job)


def train_and_answer(job: Job) -> None:
    """Train a job, or resume it, and write its predictions.

    Raises:
        BertkitError: as `train` and `Predictor`.
        Stopped: it was asked to stop, and can be resumed.
    """
    from bertkit.training.train import train

    if not trained(job):
        try:
            train(job.recipe, output=job.folder, sets=job.sets, resume=True)
        except Stopped as stop:
            raise Stopped(*(replace(problem, remedy=GOES_ON) for problem in stop.problems)) from stop
    if not finished(job):
        answer(job)


GOES_ON = "the same command goes on"


def answer(job: Job) -> None:
    """Write the predictions of a finished Run: the task's own files beside its metrics, and `predictions/NAME.tsv`.

    Raises:
        BertkitError: rows that can not be read, or answers that are neither a label nor a number.
    """
    from bertkit.tasks.task import Task, make_task

    made = _to_make(job)
    files = type(make_task(job.run.recipe)).files is not Task.files
    if files or made["unlabelled"]:
        from bertkit.inference.predictor import Predictor

        predictor = Predictor.open(job.folder)
        if files:
            rows = predictor.task.read(predictor.recipe, [job.split])[job.split]
            written = predictor.task.files(predictor.predict([dict(row) for row in rows]), rows)
            for name, values in written.items():
                write_json(job.run.extra_file(name), values)
        for name, sets in made["unlabelled"].items():
            _leaderboard(job.run, predictor, name, sets)
    _make_predictions(job.run)
    write_json(job.run.predictions / MADE, made)


def _to_make(job: Job) -> dict[str, Any]:
    """Which rows to answer. A leaderboard takes only complete files, so a job with limited rows answers none of
    them."""
    limited = any(text.partition("=")[0].strip() in ("data.limit", "data.limit.test") for text in job.sets)
    return {"split": job.split, "unlabelled": {} if limited else {k: list(v) for k, v in job.unlabelled.items()}}


def _leaderboard(run: Run, predictor: Predictor, name: str, sets: Sequence[str]) -> None:
    """Write predictions of unlabelled rows to `predictions/NAME.tsv`; `index` is the row's id, else its number from
    0."""
    from bertkit.data.dataset import load as read_rows

    block = run.recipe_with(sets).data
    rows = list(read_rows(block.test or [], predictor.task.columns, block, answers=False))
    log.info("%s: answering %s rows", name, f"{len(rows):,}")
    lines = ["index\tprediction"]
    for number, (row, answer) in enumerate(zip(rows, predictor.predict(rows), strict=True)):
        value = next(iter(predictor.task.to_columns(answer).values()))
        if not isinstance(value, (str, int, float)):
            reason = f"{name}: an answer of {predictor.recipe.task} is neither a label nor a number"
            raise RunError.at(str(run.path), reason, "leave unlabelled out")
        lines.append(f"{row.get('id', number)}\t{value}")
    _make_predictions(run)
    write_text(run.predictions / f"{name}.tsv", "\n".join(lines) + "\n")


def _make_predictions(run: Run) -> None:
    with writing(run.predictions):
        run.predictions.mkdir(exist_ok=True)


def blocked(job: Job) -> str:
    """Why a job can not start though all jobs before it are done, or an empty text."""
    if job.needs and not Run(job.needs).is_finished:
        return f"not trained: it starts from the model of {Path(job.needs).parent.name}, which failed"
    return ""


def one_line(error: BertkitError) -> str:
    return "; ".join(map(str, error.problems))


def read_failure(job: Job) -> str:
    """The message that the job's process left; empty where it did not end by a BertkitError."""
    return job.failure_file.read_text("utf-8") if job.failure_file.is_file() else ""


def to_json(job: Job) -> str:
    """One line, which `main` reads."""
    return json.dumps(asdict(job))


def from_json(text: str) -> Job:
    fields = json.loads(text)
    unlabelled = {name: tuple(sets) for name, sets in fields["unlabelled"].items()}
    return Job(**{**fields, "sets": tuple(fields["sets"]), "unlabelled": unlabelled})


class _Lines(logging.Formatter):
    """A message a line, without what a terminal would obey; tracebacks stay as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return line(record.message)


def main() -> int:
    """Run a job in its own process; the exit codes are those of `bertkit train`."""
    from bertkit.bench.stopping import Stopping

    logging.basicConfig(stream=sys.stderr)
    logging.getLogger().handlers[0].setFormatter(_Lines())
    logging.getLogger("bertkit").setLevel(logging.INFO)
    job = from_json(sys.stdin.readline())
    threading.Thread(target=_follow, daemon=True).start()
    try:
        with Stopping(), trust.given(job.trust_code):
            train_and_answer(job)
    except Stopped as stop:
        log.warning("%s", stop)
        return processes.STOPPED
    except KeyboardInterrupt:
        return 130
    except BertkitError as error:
        for problem in error.problems:
            log.error("error: %s", problem)
        write_text(job.failure_file, one_line(error))
        return 2
    return 0


def _follow() -> None:
    """Stop when the parent is gone, so that no job trains on unnoticed."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(processes.SAVING)
    os._exit(processes.STOPPED)


if __name__ == "__main__":
    raise SystemExit(main())
