"""Behaviour tests in a YAML file -> what to test; all mistakes in the file are reported at once, with their lines.

    lists:
      order: [parcel, package]
      city: {entity: LOC, values: [Berlin, 北京]}
    tests:
      - name: asks where it is                  # minimum functionality
        rows: "where is my {order} ?"
        expect: delivery
      - name: typing errors do not matter       # invariance
        rows: [where is my parcel, i want my money back]
        perturb: [typos, lower_case]
        same: true
      - name: thanks do not hide a complaint    # direction
        rows: the parcel is late again
        changed: the parcel is late again, thank you
        score: {of: delivery, falls_at_most: 0.1}

The three kinds are those of CheckList (Ribeiro et al. 2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from bertkit.errors import Problem, RecipeError
from bertkit.recipe.references import Key
from bertkit.recipe.schema import Block, Name
from bertkit.recipe.schema_problems import MOST_PROBLEMS, schema_problems
from bertkit.recipe.source import YamlValues, parse
from bertkit.recipe.yaml_text import read_text
from bertkit.understand.robustness.behaviour.templates import UnknownSlot, WordList, list_of, slots_of
from bertkit.understand.robustness.perturbations.perturbation import Perturbation
from bertkit.understand.robustness.perturbations.table import named

KIND = "file of tests"


class ScoreBlock(Block):
    """How a score may change from a row to its changed row, by at least or at most so much."""

    of: str | int | None = None
    """An answer, whose probability counts; default: the old answer, else the confidence, or the number."""
    rises: float | None = Field(default=None, ge=0)
    falls: float | None = Field(default=None, ge=0)
    rises_at_most: float | None = Field(default=None, ge=0)
    falls_at_most: float | None = Field(default=None, ge=0)

    @property
    def limits(self) -> dict[str, float]:
        """Those that are set."""
        return {name: value for name, value in self if name != "of" and value is not None}


class ListBlock(Block):
    """Words of a list that are entities."""

    values: Annotated[list[Name], Field(min_length=1)]
    entity: Name | None = None


class BehaviourBlock(Block):
    """One of the `tests`."""

    name: Name
    rows: Any
    changed: Any = None
    perturb: str | list[str] = Field(default=[])
    expect: Any = None
    same: bool = False
    score: ScoreBlock | None = None
    tolerance: float | None = Field(default=None, ge=0)


class BehavioursBlock(Block):
    """The file."""

    lists: dict[str, Any] = Field(default={})
    tests: list[Any] = Field(min_length=1)


@dataclass(frozen=True)
class Behaviour:
    """One test.

    Args:
        place: `file:line`.
        rows: templates of rows, each with its changed rows.
        expect: what `expect` has, a template too; None: it was not there.
    """

    name: str
    place: str
    rows: list[tuple[Any, list[Any]]]
    block: BehaviourBlock
    perturbations: list[Perturbation]
    expect: Any = None

    @property
    def kind(self) -> str:
        """In the words of CheckList."""
        if self.block.score:
            return "direction"
        return "invariance" if self.block.same else "minimum functionality"


@dataclass(frozen=True)
class Behaviours:
    """The tests of a file, and the lists of their templates."""

    path: str
    tests: list[Behaviour]
    lists: dict[str, WordList] = field(default_factory=dict)


def read(path: Path) -> Behaviours:
    """The tests of a file.

    Raises:
        RecipeError: every mistake, a Problem each.
    """
    source = parse(read_text(path), str(path), KIND)
    problems: list[Problem] = []
    try:
        BehavioursBlock.model_validate(source.values)
    except ValidationError as error:
        problems += schema_problems(error, BehavioursBlock, source, kind=KIND)
    lists = dict(_lists(source, problems))
    tests = []
    first: dict[str, int] = {}
    given = source.values.get("tests")
    for number, values in enumerate(given if isinstance(given, list) else []):
        try:
            block = BehaviourBlock.model_validate(values)
        except ValidationError as error:
            problems += schema_problems(error, BehaviourBlock, source, at=("tests", number), kind=KIND)
            continue
        if len(problems) < MOST_PROBLEMS:
            found = list(_problems(block, lists, source, ("tests", number)))
            key = ("tests", number, "name")
            if block.name in first:
                what = f"{block.name}: two tests have this name"
                found.append(source.problem(key, what, f"the first is tests.{first[block.name]}"))
            first.setdefault(block.name, number)
            problems += found
            tests += [] if found else [_behaviour(block, source.place(key))]
    if problems:
        raise RecipeError(*problems)
    return Behaviours(str(path), tests, lists)


def _lists(source: YamlValues, problems: list[Problem]) -> Iterator[tuple[str, WordList]]:
    """The lists that can be used; mistakes are added to `problems`."""
    given = source.values.get("lists")
    for name, value in given.items() if isinstance(given, dict) else ():
        values = {"values": value} if isinstance(value, list) else value
        try:
            block = ListBlock.model_validate(values)
        except ValidationError as error:
            nested = YamlValues({"lists": {name: values}}, source.places)
            problems += schema_problems(error, ListBlock, nested, at=("lists", name), kind=KIND)
            continue
        if not str(name).isidentifier():
            problems.append(source.problem(("lists", name), "is no name of a slot", "use letters, digits and _"))
        yield str(name), WordList(tuple(dict.fromkeys(block.values)), block.entity or "")


def _problems(block: BehaviourBlock, lists: dict[str, WordList], source: YamlValues, at: Key) -> Iterator[Problem]:
    """What the schema does not see."""

    def problem(key: str, reason: str, remedy: str = "") -> Problem:
        return source.problem((*at, key), reason, remedy)

    compares = bool(block.perturb) or block.changed is not None
    for key, reason, remedy in _contradictions(block, compares):
        yield problem(key, reason, remedy)
    rows = block.rows if isinstance(block.rows, list) else [block.rows]
    if not rows or not all(isinstance(row, str | dict) for row in rows):
        yield problem("rows", "expected a row or a list of rows", "a row is a text, or a mapping of columns")
        return
    changed = block.changed
    if changed is not None and len(rows) > 1 and not (isinstance(changed, list) and len(changed) == len(rows)):
        yield problem("changed", f"{len(rows)} rows need a list of as many changed rows", "or make a test of each row")
    if block.same and not compares and not slots_of(rows):
        yield problem("same", "compares fillings of a template, or changed rows", "name some in changed, or perturb")
    try:
        named([block.perturb] if isinstance(block.perturb, str) else block.perturb)
    except RecipeError as error:
        yield problem("perturb", error.problems[0].reason, error.problems[0].remedy)
    for key in ("rows", "changed", "expect"):
        for slot in slots_of(getattr(block, key)):
            try:
                list_of(slot, lists)
            except UnknownSlot as error:
                yield problem(key, *str(error).split("; ", 1))


def _contradictions(block: BehaviourBlock, compares: bool) -> Iterator[tuple[str, str, str]]:
    """Keys that do not go together: key, reason and remedy.

    Args:
        compares: whether there are rows to compare with.
    """
    there = {"expect": "expect" in block.model_fields_set, "same": block.same, "score": block.score}
    asked = [name for name, value in there.items() if value]
    if len(asked) > 1:
        yield asked[1], f"does not go with {asked[0]}", "make two tests of it"
    if block.score and len(block.score.limits) != 1:
        yield "score", "needs one of rises, falls, rises_at_most, falls_at_most", "for example falls_at_most: 0.05"
    if block.score and not compares:
        yield "score", "is compared with that of another row", "name it in changed, or perturb"
    if compares and not (block.same or block.score):
        key = "changed" if block.changed is not None else "perturb"
        yield key, "needs same: true or score", "say what must hold"


def _behaviour(block: BehaviourBlock, place: str) -> Behaviour:
    rows = block.rows if isinstance(block.rows, list) else [block.rows]
    changed = block.changed
    if changed is None:
        each: list[Any] = [[] for _ in rows]
    elif len(rows) == 1:
        each = [changed if isinstance(changed, list) else [changed]]
    else:
        each = [one if isinstance(one, list) else [one] for one in changed]
    names = [block.perturb] if isinstance(block.perturb, str) else block.perturb
    expect = block.expect if "expect" in block.model_fields_set else None
    return Behaviour(
        block.name, place, list(zip(rows, each, strict=True)), block, named(names) if names else [], expect
    )
