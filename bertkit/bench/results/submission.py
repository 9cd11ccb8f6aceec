"""`submission.zip` for https://gluebenchmark.com, from each model's predictions on the test rows.

It holds eleven tab-separated files with the header `index<TAB>prediction` and one line per test row, in the order of
the test file. The same predictions always give the same bytes: the files have a fixed order and a fixed date.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertkit.bench.job import run_of, seeds_of
from bertkit.bench.suite import Suite
from bertkit.errors import DataError
from bertkit.fs import written_aside

ZIP = "submission.zip"
HEADER = "index\tprediction"
DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date of the zip format."""
NLI = ("entailment", "neutral", "contradiction")
ENTAILED = ("entailment", "not_entailment")


@dataclass(frozen=True)
class Form:
    """A file of the submission."""

    entry: str
    """The entry whose model predicts it."""
    figure: str
    """The figure that chooses the entry's best Run."""
    rows: int
    """Rows of the official test set."""
    written: Mapping[str, str] | None
    """Label -> its text in the file; None: a number from 0 to 5 with three decimals."""


def _numbers(*names: str) -> dict[str, str]:
    return {name: str(number) for number, name in enumerate(names)}


def _words(names: Sequence[str]) -> dict[str, str]:
    return {name: name for name in names}


FORMS = {
    "CoLA": Form("CoLA", "validation/matthews", 1063, _numbers("unacceptable", "acceptable")),
    "SST-2": Form("SST-2", "validation/accuracy", 1821, _numbers("negative", "positive")),
    "MRPC": Form("MRPC", "validation/f1", 1725, _numbers("not_equivalent", "equivalent")),
    "STS-B": Form("STS-B", "validation/pearson", 1379, None),
    "QQP": Form("QQP", "validation/f1", 390_965, _numbers("not_duplicate", "duplicate")),
    "MNLI-m": Form("MNLI", "validation/accuracy", 9796, _words(NLI)),
    "MNLI-mm": Form("MNLI", "validation/accuracy", 9847, _words(NLI)),
    "QNLI": Form("QNLI", "validation/accuracy", 5463, _words(ENTAILED)),
    "RTE": Form("RTE", "validation/accuracy", 3000, _words(ENTAILED)),
    "WNLI": Form("WNLI", "validation/accuracy", 146, _numbers("not_entailment", "entailment")),
    "AX": Form("MNLI", "validation/accuracy", 1104, _words(NLI)),
}


def write(output: Path, suite: Suite, seeds: Sequence[int]) -> list[str]:
    """Pack `OUTPUT/submission.zip` from `OUTPUT/ENTRY/seed-S/predictions/NAME.tsv`.

    Each entry uses the seed with the best figure on the validation rows, the first of equal ones. An entry that was not
    requested this time uses the Runs that it has in `output`.

    Returns:
        Notes for the user, one per line: which seeds were taken, which files are missing and why, and which have
        another number of rows than the official test set.

    Raises:
        DataError: a predictions file is malformed; the zip is then left as it was.
    """
    asked = {entry.name for entry in suite.entries}
    chosen = {
        form.entry: best_seed(output, form.entry, form.figure, seeds if form.entry in asked else None)
        for form in FORMS.values()
    }
    files: dict[str, str] = {}
    missing: list[str] = []
    notes = _choices(chosen)
    for name, form in FORMS.items():
        seed = chosen[form.entry]
        file = None if seed is None else run_of(output, form.entry, seed).predictions / f"{name}.tsv"
        if file is None or not file.is_file():
            missing.append(f"{name}.tsv: missing{_why(form.entry, name, suite, trained=seed is not None)}")
            continue
        lines, note = _lines(file, form)
        files[f"{name}.tsv"] = "\n".join([HEADER, *lines]) + "\n"
        if len(lines) != form.rows:
            notes.append(f"{name}.tsv: {len(lines):,} rows, the official test set has {form.rows:,}")
        notes += [f"{name}.tsv: {note}"] if note else []
    target = output / ZIP
    if not files:
        target.unlink(missing_ok=True)
        return [*notes, *missing, f"no {ZIP}: there are no answers to pack"]
    _pack(target, files)
    whole = "" if not missing else f" of {len(FORMS)}; gluebenchmark.com takes all of them"
    return [*notes, *missing, f"{target}: {len(files)} files{whole}"]


def best_seed(output: Path, entry: str, figure: str, seeds: Sequence[int] | None = None) -> int | None:
    """The seed whose finished Run has the best figure (`validation/f1`); None where no Run is finished.

    Args:
        output: the suite's output folder.
        seeds: to choose from; None: all in that folder.
    """
    if seeds is None:
        seeds = seeds_of(output, entry)
    split, _, key = figure.partition("/")
    best, best_value = None, -math.inf
    for seed in seeds:
        run = run_of(output, entry, seed)
        if not run.is_finished:
            continue
        value = run.metrics.get(split, {}).get(key)
        value = -math.inf if value is None or math.isnan(value) else value
        if best is None or value > best_value:
            best, best_value = seed, value
    return best


def _choices(chosen: Mapping[str, int | None]) -> list[str]:
    taken = {name: seed for name, seed in chosen.items() if seed is not None}
    if len(set(taken.values())) < 2:
        return []
    seeds = ", ".join(f"{name} {seed}" for name, seed in taken.items())
    return [f"{ZIP} has each task's best seed on the validation rows: {seeds}"]


def _why(entry: str, name: str, suite: Suite, *, trained: bool) -> str:
    """Why a file is not in the zip."""
    asked = next((one for one in suite.entries if one.name == entry), None)
    if asked and name not in asked.unlabelled:
        return ": no test rows were found"
    if trained:
        return ": its test rows are not answered"
    if entry in suite.absent:
        return f", as {entry} is absent: {suite.absent[entry]}"
    return f": no finished Run of {entry}" if asked else f": {entry} was not asked for"


def _lines(file: Path, form: Form) -> tuple[list[str], str]:
    """The rows of a file in the site's format, numbered from 0, and a note about their order.

    Rows whose ids are the numbers from 0 in another order are sorted; other ids are replaced by numbers.

    Raises:
        DataError: another header, a malformed row, or an answer that is not one of the task's labels.
    """
    header, *rows = file.read_text("utf-8").split("\n")
    if header != HEADER:
        raise DataError.at(f"{file}:1", f"the header is {header!r}, not {HEADER!r}", "predict the test rows again")
    answers: list[tuple[str, str]] = []
    for line, row in enumerate(rows[:-1] if rows and not rows[-1] else rows, 2):
        index, tab, answer = row.partition("\t")
        if not tab:
            raise DataError.at(f"{file}:{line}", f"a row without an index: {row!r}", "predict the test rows again")
        answers.append((index, _written(answer, form, f"{file}:{line}")))
    numbers = list(map(str, range(len(answers))))
    note = ""
    if [index for index, _ in answers] != numbers:
        if sorted(index for index, _ in answers) == sorted(numbers):
            answers.sort(key=lambda row: int(row[0]))
            note = "its test rows were not in the order of their index, and are sorted"
        else:
            note = "the ids of its test rows do not count from 0: numbered in their order instead"
    return [f"{number}\t{answer}" for number, (_, answer) in zip(numbers, answers, strict=True)], note


def _written(answer: str, form: Form, where: str) -> str:
    if form.written is None:
        try:
            value = float(answer)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DataError.at(where, f"{answer!r} is not a finite number", "did the training diverge?")
        return f"{min(5.0, max(0.0, value)):.3f}"
    if answer not in form.written:
        todo = f"its labels are {', '.join(form.written)}"
        raise DataError.at(where, f"{answer!r} is no label of {form.entry}", todo)
    return form.written[answer]


def _pack(target: Path, files: Mapping[str, str]) -> None:
    with written_aside(target) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, text in files.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever it is packed
            info.external_attr = 0o644 << 16
            packed.writestr(info, text)
