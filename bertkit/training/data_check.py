"""`bertkit data check`: a training up to its first step, without the model's weights, and what its rows hold.

Everything is read, prepared and encoded by the code that trains (inputs.py), so that a check has an error if and only
if a training has one. What only the weights and the user's own losses and metrics can show is left to the training.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bertkit.data.check.report import Report, SplitReport, lengths_of_rows, report_of
from bertkit.data.check.texts import KINDS
from bertkit.data.read.rows import collect_bad_rows
from bertkit.engine.examples import lengths_of
from bertkit.errors import BertkitError, DataError, Parameter, Problem, together
from bertkit.models import build
from bertkit.recipe.load import load, resolve
from bertkit.recipe.places import placed, with_places
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.recipe.source import recipe_names
from bertkit.tasks.task import Rows, Task, make_task
from bertkit.training.inputs import EncodedRows, Setup, check_rows, encode_rows, set_up
from bertkit.warn import collect

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PACKAGED = build.EXAMPLE
"""The model of a task that comes without a recipe: English BERT's tokenizer."""

BATCH = 1_000
"""Rows tokenized at a time."""


def check_data(
    sources: Sequence[str] = (),
    validation: Sequence[str] = (),
    *,
    task: str = "classify",
    recipe: str | None = None,
    sets: Sequence[str] = (),
) -> Report:
    """Check rows as a training would.

    Args:
        sources: training rows in place of all data that the recipe names; empty: the recipe's own data.
        validation: rows to validate on; empty: as the recipe says, which may be a share of the training rows.
        task: name of or Reference to a task, used if there is no recipe.
        recipe: the recipe whose data, columns, options and model are used.
        sets: `KEY=VALUE` texts that change the recipe.

    Returns:
        the report of what could be read; `problems` has all errors.

    Raises:
        BertkitError: nothing could be read.
    """
    for name, values in (("file", sources), ("validation", validation)):
        if not all(values):
            raise DataError.at(Parameter(name), "an empty name", "name a file, or . for this folder")
    named: Any = recipe or (task if task in recipe_names() else {"task": task, "model": PACKAGED})
    data = {"train": [*sources], "validation": [*validation] or None, "test": None} if sources else {}
    data |= {"validation": [*validation]} if validation else {}
    own = [f"data.{key}={json.dumps(value)}" for key, value in data.items()]
    arguments = {"data.train": "file"} if sources else {}
    arguments |= {"data.validation": "validation"} if validation else {}

    def place(problems: Sequence[Problem]) -> list[Problem]:
        return [_of_argument(problem, arguments) for problem in placed(problems, named, [*own, *sets])]

    try:
        report = check_recipe(resolve(load(named, [*own, *sets])))
    except BertkitError as error:
        raise type(error)(*place(error.problems)) from error
    return replace(report, problems=place(report.problems))


def _of_argument(problem: Problem, arguments: dict[str, str]) -> Problem:
    """A problem of a key that an argument of `check_data` sets, as one of the argument."""
    if problem.key not in arguments:
        return problem
    return replace(problem, key="", place=Parameter(arguments[problem.key]))


def check_recipe(recipe: Recipe) -> Report:
    """Check the data of a resolved recipe; as `check_data`."""
    with collect() as warnings:
        setup = set_up(recipe)
        with collect_bad_rows() as bad:
            try:
                rows = setup.task.read(setup.recipe)
            except BertkitError as error:
                raise type(error)(*dict.fromkeys([*bad.problems, *error.problems])) from error
        found = report_of(rows, setup.task.columns, _names(setup.task, setup.recipe.data))
        problems = list(bad.problems)
        try:
            found = _with_tokens(found, setup, rows)
        except BertkitError as error:
            if problems:
                problems.append(Problem("", "without these rows, a training would then end with:"))
            problems += error.problems
    return Report(found, bad.counts, problems, warnings)


def check_named(name: str, sets: Sequence[str] = ()) -> None:
    """Check a recipe, and that what it names is there: its data, metrics, tokenizer and weights. Quick: of the data the
    first rows are read, of the model the configuration.

    Raises:
        BertkitError: all mistakes, each with its line.
    """
    recipe = resolve(load(name, sets))
    task = make_task(recipe)

    def check_split(split: str) -> None:
        try:
            task.check_sources(recipe, split)
        except BertkitError as error:
            raise type(error)(*(_of_split(problem, split) for problem in error.problems)) from error

    with with_places(name, sets):
        together(
            partial(set_up, recipe),
            *(partial(check_split, split) for split in ("train", "validation", "test")),
            partial(build.load_tokenizer, recipe.model),
            partial(build.build_model, recipe.model, task.head.auto_class, weights=False),
        )


def _of_split(problem: Problem, split: str) -> Problem:
    """A problem of a file as one of the key that names it."""
    if problem.key.startswith("data.") or problem.place:
        return problem
    return replace(problem, key=f"data.{split}", reason=f"{problem.key}: {problem.reason}")


def _with_tokens(found: dict[str, SplitReport], setup: Setup, rows: dict[str, Rows]) -> dict[str, SplitReport]:
    """The reports, with what the task and the tokenizer say of checked rows.

    Raises:
        BertkitError: as a training on them.
    """
    task, block = setup.task, setup.recipe.model
    check_rows(setup, rows)
    tokenizer = build.load_tokenizer(block)
    model = build.build_model(block, task.head.auto_class, weights=False, **task.head.config())
    encoded = encode_rows(setup, rows, tokenizer, model)
    limit = setup.recipe.options.get("max_length") or build.length_limit(model, tokenizer)
    return {
        split: replace(
            one,
            lengths=lengths_of_rows(_sizes(task, rows[split], split, encoded, tokenizer), limit),
            coverage=encoded.coverage[split],
            findings=[*task.findings(rows[split]), *encoded.splits[split].encoded.notes],
        )
        for split, one in found.items()
    }


def _names(task: Task, data: DataBlock) -> dict[str, set[str]]:
    """The names that each column of the task may have in a file."""
    mapped = {column.name: data.columns.get(column.name, column.name) for column in task.columns}
    return {name: {name, *([other] if isinstance(other, str) else other)} for name, other in mapped.items()}


def _sizes(
    task: Task, rows: Any, split: str, encoded: EncodedRows, tokenizer: PreTrainedTokenizerBase
) -> Sequence[int]:
    """Tokens of each row, special ones included, before it is cut; of rows without texts, those of each example."""
    columns = {c.name: c.kind for c in task.columns if c.kind in KINDS and c.name in getattr(rows, "column_names", ())}
    if not columns:
        return [int(size) for size in lengths_of(encoded.splits[split].encoded.examples)]
    extra = tokenizer.num_special_tokens_to_add(pair=len(columns) > 1)
    sizes: list[int] = []
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        counts = [_tokens(part[name], kind, tokenizer) for name, kind in columns.items()]
        sizes += [extra + sum(row) for row in zip(*counts, strict=True)]
    return sizes


def _tokens(texts: list[Any], kind: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Tokens of each text, without special ones; of several choices, those of the longest: each is read on its own."""
    encode = tokenizer.backend_tokenizer.encode_batch
    if kind in ("choices", "texts"):
        each = iter(encode([text for row in texts for text in row], add_special_tokens=False))
        return [max(len(next(each)) for _ in row) for row in texts]
    return [len(one) for one in encode(texts, is_pretokenized=kind == "words", add_special_tokens=False)]
