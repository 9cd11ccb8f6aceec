"""Makes the rows of behaviour tests, asks the model, and judges the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from bertkit.data.memory import table_of
from bertkit.engine.run import Progress
from bertkit.errors import BertkitError, Problem, RecipeError
from bertkit.inference.predictor import Predictor
from bertkit.inference.rows import as_row
from bertkit.metrics.resamples.bounds import Span, wilson
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.task import Answer, Task, Verdict
from bertkit.understand.robustness.behaviour import expected
from bertkit.understand.robustness.behaviour.direction import ComparedScores
from bertkit.understand.robustness.behaviour.expected import Unexpected
from bertkit.understand.robustness.behaviour.file import Behaviour, Behaviours, ScoreBlock
from bertkit.understand.robustness.behaviour.templates import (
    UnknownSlot,
    WordList,
    fill,
    fill_all,
    fillings,
    slots_of,
)
from bertkit.understand.robustness.behaviour.tolerance import check_tolerance
from bertkit.understand.robustness.clean import judged_by_group
from bertkit.understand.robustness.edits import Edit, Edited
from bertkit.understand.robustness.rows import EditedRow, RowEditor
from bertkit.understand.robustness.same import SameAnswer, is_vector
from bertkit.understand.robustness.texts import entities_of

FAILURES = 10
"""Failing cases of a test that are kept; all are counted."""


@dataclass(frozen=True)
class Failure:
    """A case that failed: its text, what was expected, and what was predicted."""

    text: str
    expected: str
    predicted: str


@dataclass(frozen=True)
class Judged:
    """The result of one test."""

    name: str
    kind: str
    place: str
    cases: int
    passed: int
    left_out: int
    """Fillings of its templates that were not drawn, as there are too many."""
    failures: list[Failure] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the cases that passed."""
        return self.passed / self.cases

    def record(self) -> dict[str, Any]:
        """As plain values, with the share and Wilson's interval."""
        interval: Span = wilson(self.passed, self.cases)
        return {**asdict(self), "share": self.share, "interval": interval}


class _Case(NamedTuple):
    row: dict[str, Any]
    first: int | None = None
    """Number of the case that this one is compared with; None: it is compared with what its row expects."""
    edited: EditedRow | None = None
    """What became of the first one's row, where places in it can be followed."""


def judge(
    predictor: Predictor, behaviours: Behaviours, seed: int = 0, strength: float = 0.1, progress: Progress = iter
) -> list[Judged]:
    """The results of all tests.

    Args:
        seed: of the fillings that are drawn, and of perturbations.
        strength: of perturbations, as in `RobustnessOptions`.

    Raises:
        RecipeError: tests that do not fit the task, each with its line.
    """
    maker = _Maker(predictor.task, behaviours.lists, seed, strength)
    problems: list[Problem] = []
    made = []
    for test in behaviours.tests:
        try:
            made.append((test, *maker.cases(test)))
        except (Unexpected, UnknownSlot) as error:
            problems.append(_problem(test, error))
        except BertkitError as error:
            problems += _at(test, error)
    if problems:
        raise RecipeError(*problems)
    judging = _Judging(predictor, progress)
    return [judging.judge(test, cases, left_out) for test, cases, left_out in made]


def _at(test: Behaviour, error: BertkitError) -> list[Problem]:
    """The problems of an error, each once, at the test's place."""
    problems = (Problem(test.name, one.reason, one.remedy, one.detail, place=test.place) for one in error.problems)
    return list(dict.fromkeys(problems))


def _problem(test: Behaviour, error: ValueError) -> Problem:
    reason, _, remedy = str(error).partition("; ")
    return Problem(test.name, reason, remedy, place=test.place)


class _Maker:
    """Makes the cases of tests."""

    def __init__(self, task: Task, lists: dict[str, WordList], seed: int, strength: float):
        self._task, self._lists, self._seed = task, lists, seed
        self._editor = RowEditor(task.columns, seed=seed, strength=strength)

    def cases(self, test: Behaviour) -> tuple[list[_Case], int]:
        """The cases of a test, and how many fillings are left out; rows are checked as those of a file are."""
        cases: list[_Case] = []
        left_out = 0
        for row, changed in test.rows:
            words, total = fillings(slots_of([row, *changed, test.expect]), self._lists, self._seed)
            before = len(cases)
            for one in words:
                cases += self._of_filling(test, row, changed, one, len(cases))
            if test.block.same and not changed and not test.perturbations:
                cases[before:] = self._compared_fillings(row, words, before)
            left_out += total - len(words)
        if not any(case.first is not None for case in cases) and test.kind != "minimum functionality":
            raise Unexpected("no row is changed; none of the perturbations applies to them")
        return self._checked(test, cases), left_out

    def _of_filling(
        self, test: Behaviour, row: Any, changed: Sequence[Any], words: dict[str, str], at: int
    ) -> Iterator[_Case]:
        filled = self._row(row, words)
        if test.kind == "minimum functionality":
            filled = self._with_answer(test, row, filled, words)
        if test.perturbations:
            as_row(0, filled, self._task.columns)  # a perturbation takes a text
        yield _Case(filled)
        for other in changed:
            yield _Case(self._row(other, words), at)
        for number, perturbation in enumerate(test.perturbations):
            edited = self._editor.edit(filled, perturbation, at + number)
            if edited is not None:
                yield _Case(edited.values, at, edited)

    def _row(self, template: Any, words: dict[str, str]) -> dict[str, Any]:
        return expected.row_of(fill_all(template, words), self._task.columns)

    def _with_answer(
        self, test: Behaviour, template: Any, row: dict[str, Any], words: dict[str, str]
    ) -> dict[str, Any]:
        columns = self._task.columns
        if test.expect is not None:
            return expected.with_answer(row, fill_all(test.expect, words), columns)
        if expected.has_answer(row, columns):
            return row
        if spans := expected.spans_column(row, columns):
            column, text = spans
            own = template if isinstance(template, str) else template.get(text, "")
            found = expected.entities_of(fill(own, words)[1], self._lists)
            if found:
                return {**row, column.name: found}
        raise Unexpected("expects nothing; write expect, same or score")

    def _compared_fillings(self, template: Any, words: list[dict[str, str]], at: int) -> list[_Case]:
        """Each filling compared with the first; the words that differ are edits, so that places can be followed."""
        cases = [_Case(self._row(template, words[0]))]
        texts = {c.name for c in self._task.columns if c.kind == "text" and not c.answer}
        parts = template if isinstance(template, dict) else {next(iter(cases[0].row)): template}
        for one in words[1:]:
            edited: dict[str, Edited] = {}
            for name, text in parts.items():
                if name in texts and isinstance(text, str):
                    old, slots = fill(text, words[0])
                    edited[name] = Edited(old, [Edit(slot.start, slot.end, one[slot.name]) for slot in slots])
            row = self._row(template, one)
            cases.append(_Case(row, at, EditedRow(row, edited)))
        return cases

    def _checked(self, test: Behaviour, cases: list[_Case]) -> list[_Case]:
        """The cases with rows as they are read from a file."""
        check_tolerance(test, self._task)
        if test.kind != "minimum functionality":
            for case in cases:
                as_row(0, case.row, self._task.columns)
            return cases
        table = table_of([case.row for case in cases], self._task.columns, DataBlock())
        self._task.check(table, "expect")
        for group, can in zip(judged_by_group(table, self._task), table, strict=True):
            if not group:
                name = self._task.group_by or ""
                what = f"{name}: {can[name]!s:.40}: all rows have one {self._answer}, so nothing can be wrong"
                raise Unexpected(f"{what}; add a row with another one")
        return [_Case(dict(row)) for row in table]

    @property
    def _answer(self) -> str:
        return next((column.name for column in self._task.columns if column.answer), "answer")


class _Judging:
    """Asks the model about the cases of tests."""

    def __init__(self, predictor: Predictor, progress: Progress):
        self._predictor, self._task, self._progress = predictor, predictor.task, progress
        self._comparer, self._scores = SameAnswer(self._task), ComparedScores(self._task)

    def judge(self, test: Behaviour, cases: list[_Case], left_out: int) -> Judged:
        """The result of a test."""
        rows = [case.row for case in cases]
        try:
            answers = self._predictor.predict(rows, progress=self._progress, quiet=True)
            results = self._results(test, cases, answers)
        except Unexpected as error:
            raise RecipeError(_problem(test, error)) from error
        except BertkitError as error:
            raise RecipeError(*_at(test, error)) from error
        failures = [one for one in results if one is not None]
        count, passed = len(results), len(results) - len(failures)
        return Judged(test.name, test.kind, test.place, count, passed, left_out, failures[:FAILURES])

    def _results(self, test: Behaviour, cases: list[_Case], answers: list[Answer]) -> list[Failure | None]:
        """For each case that is judged its failure; None: it passes."""
        if test.kind == "minimum functionality":
            if len(cases) == 1 and is_vector(self._comparer.value(answers[0])):
                what = "a single row has no others that its vector could be nearer to, so nothing can be wrong"
                raise Unexpected(f"{what}; add rows")
            verdicts = self._task.verdicts(answers, [case.row for case in cases])
            return [self._right(test, verdict) for verdict in verdicts]
        return [
            self._compared(test, cases[case.first], case, answers[case.first], answer)
            for case, answer in zip(cases, answers, strict=True)
            if case.first is not None
        ]

    def _right(self, test: Behaviour, verdict: Verdict) -> Failure | None:
        least = 1.0 if test.block.tolerance is None else -test.block.tolerance  # a number's score is minus its error
        if verdict.score >= least:
            return None
        return Failure(verdict.text, verdict.expected, verdict.predicted)

    def _compared(self, test: Behaviour, first: _Case, case: _Case, old: Answer, new: Answer) -> Failure | None:
        text = f"{self._shown(first.row)} -> {self._shown(case.row)}"
        if test.block.score:
            before, after = self._scores.both(test.block.score.of, (first.row, old), (case.row, new))
            return _direction(test.block.score, text, before, after)
        if test.block.tolerance is not None:
            same = abs(self._number(new) - self._number(old)) <= test.block.tolerance
        elif case.edited is not None:
            same = self._comparer.same(old, new, case.edited, first.row)
        else:
            same = self._plain(old, first.row) == self._plain(new, case.row)
        return None if same else Failure(text, f"as before: {self._task.to_text(old)}", self._task.to_text(new))

    def _number(self, answer: Answer) -> float:
        value = self._comparer.value(answer)
        if not isinstance(value, int | float):
            raise Unexpected("the answers are no numbers; leave tolerance out")
        return float(value)

    def _plain(self, answer: Answer, row: dict[str, Any]) -> Any:
        """An answer without places, to be compared with that of a row that was written anew."""
        value = self._comparer.value(answer)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return sorted((one.get("text"), one.get("type")) for one in value)
        words: list[str] = next((row[c.name] for c in self._task.columns if c.kind == "words" and c.name in row), [])
        if isinstance(value, list) and len(words) == len(value):
            return [(" ".join(words[first:end]), value[first]) for first, end in entities_of(value)]
        return value

    def _shown(self, row: dict[str, Any]) -> str:
        names = {column.name for column in self._task.columns if not column.answer}
        return " | ".join(str(value) for name, value in row.items() if name in names)


def _direction(score: ScoreBlock, text: str, before: float, after: float) -> Failure | None:
    ((name, limit),) = score.limits.items()
    change = after - before
    holds = {
        "rises": change >= limit,
        "falls": -change >= limit,
        "rises_at_most": change <= limit,
        "falls_at_most": -change <= limit,
    }[name]
    if holds:
        return None
    return Failure(text, f"{name.replace('_', ' ')} {limit:g} from {before:.3f}", f"{after:.3f} ({change:+.3f})")
