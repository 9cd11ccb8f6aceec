"""The parts of a suite, one for each entry and seed: laid out, checked before the first training, and run.

Everything that can be known beforehand is: a mistake in the fifth entry does not cost four trainings.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bertkit.bench import part as single
from bertkit.bench.part import Part
from bertkit.bench.stopping import Stopping
from bertkit.bench.suite import SPLITS, Entry, Suite, in_order, select
from bertkit.bench.suite_file import OWN
from bertkit.errors import BertkitError, Problem, RecipeError, RunError, Stopped
from bertkit.fs import write_json
from bertkit.recipe.schema import Recipe

log = logging.getLogger("bertkit")

SUITE = "suite.json"
SEED = 42
"""The seed where nothing names one: that of the recipes."""


@dataclass(frozen=True)
class Wish:
    """What a command asks of a suite."""

    output: Path
    model: str = ""
    """In the place of the suite's, and of each recipe's own."""
    seeds: tuple[int, ...] = ()
    """In the place of the suite's."""
    sets: tuple[str, ...] = ()
    """`KEY=VALUE` for every entry, after its own."""
    tasks: tuple[str, ...] = ()
    """Entries; none: all of them."""


@dataclass(frozen=True)
class Plan:
    """A suite ready to be run: checked, its entries in the order of their work, with their figures named."""

    suite: Suite
    whole: bool
    """Whether this is all of the suite, none of it left out or absent."""
    model: str
    seeds: tuple[int, ...]
    output: Path
    parts: tuple[Part, ...]


def plan(suite: Suite, wish: Wish) -> Plan:
    """Lay out the parts and check all of them; the output folder is claimed last.

    Raises:
        BertkitError: everything that is wrong with the suite, its recipes, their data files, or the output folder.
    """
    chosen = select(suite, wish.tasks)
    seeds = wish.seeds or suite.seeds or (SEED,)
    model = wish.model or suite.model
    _check_wish(seeds, wish)
    _check_output(wish.output, suite)
    problems: list[Problem] = []
    entries: list[Entry] = []
    parts: list[Part] = []
    for entry in in_order(chosen):
        try:
            own = [_part(entry, chosen, seed, model, wish) for seed in seeds]
            recipes = [part.resolved() for part in own]
            named = _with_figures(entry, recipes[0])
            _check_data(recipes[0])
            entries.append(named)
            split = named.figures[0].partition("/")[0]
            parts += [replace(part, split=split) for part in own]
        except BertkitError as error:
            problems += [_at_home(entry, problem) for problem in error.problems]
            continue
        for part, recipe in zip(own, recipes, strict=True):
            try:
                single.check_begun(part, recipe)
            except RunError as error:
                problems += error.problems
    if problems:
        raise RecipeError(*dict.fromkeys(problems))
    _say_beginnings(chosen, parts)
    _claim(wish.output, suite)
    whole = not chosen.absent and len(entries) == len(suite.entries)
    return Plan(replace(chosen, entries=tuple(entries)), whole, model, seeds, wish.output, tuple(parts))


def _part(entry: Entry, suite: Suite, seed: int, model: str, wish: Wish) -> Part:
    def folder(name: str) -> str:
        return os.path.abspath(wish.output / name / f"seed-{seed}")  # noqa: PTH100 - Path.absolute keeps `..`

    needs = ""
    if entry.starts_from and (
        entry.starts_from in {other.name for other in suite.entries}
        or single.trained(Part(entry.starts_from, seed, folder(entry.starts_from), "", ()))
    ):
        needs = folder(entry.starts_from)
    begin = str(Path(needs, "model")) if needs else model
    sets = [*entry.sets, *wish.sets, *([f"model.name={json.dumps(begin)}"] if begin else []), f"seed={seed}"]
    return Part(
        entry.name, seed, folder(entry.name), entry.recipe, tuple(sets), unlabelled=entry.unlabelled, needs=needs
    )


def _check_wish(seeds: Sequence[int], wish: Wish) -> None:
    problems = [
        Problem("--seeds", f"{seed} stands twice", "each is trained once")
        for seed in dict.fromkeys(seeds)
        if list(seeds).count(seed) > 1
    ]
    keys = [text.partition("=")[0].strip() for text in wish.sets]
    problems += [
        Problem("--set", f"{key}: is the suite's to choose", f"use {OWN[key][1]}") for key in keys if key in OWN
    ]
    if problems:
        raise RecipeError(*problems)


def _with_figures(entry: Entry, recipe: Recipe) -> Entry:
    """The entry with its figures named. Whether the metric gives them is known only after a training, which is not lost
    where it does not: figures are no part of the recipe."""
    from bertkit import plugins
    from bertkit.metrics import find_metric

    if not entry.figures:
        metric = find_metric(recipe.metrics[0], plugins.find("task", recipe.task).takes)
        return replace(entry, figures=(f"{'test' if recipe.data.test else 'validation'}/{metric.keys[0]}",))
    for figure in entry.figures:
        split = figure.partition("/")[0]
        if split not in SPLITS:
            raise RecipeError.at("figures", f"{figure}: begins with no split", f"one of {', '.join(SPLITS)}")
        if split == "test" and not recipe.data.test:
            raise RecipeError.at(
                "figures", f"{figure}: there are no test rows", "name data.test, or a validation/ figure"
            )
    return entry


def _check_data(recipe: Recipe) -> None:
    """Raise a BertkitError where a named file is not there."""
    from bertkit.data.read.sources import expand

    if recipe.data.train is None:
        raise RecipeError.at("data.train", "the recipe names no training data", "--set data.train=FILE")
    for name in ("train", "validation", "test"):
        sources = getattr(recipe.data, name) or []
        if "-" in sources:
            raise RecipeError.at(f"data.{name}", "standard input can be read only once", "name a file")
        expand(sources, recipe.data)


def _at_home(entry: Entry, problem: Problem) -> Problem:
    """A mistake of one entry, told with its name, and with the line of the suite's file where it stands."""
    place = entry.places.get(problem.what.partition(":")[0], "") if problem.where == "--set" else ""
    return replace(problem, where=place or f"{entry.name}: {problem.where}")


def _say_beginnings(suite: Suite, parts: Sequence[Part]) -> None:
    for entry in suite.entries:
        if entry.starts_from and not all(part.needs for part in parts if part.entry == entry.name):
            what = "%s: is to begin with the model of %s, which is not among the tasks; it begins with the plain model"
            log.warning(what, entry.name, entry.starts_from)


def _check_output(output: Path, suite: Suite) -> None:
    """Raise a RunError where the folder holds something else, or can not be made."""
    for parent in output.absolute().parents:
        if parent.exists() and not parent.is_dir():
            raise RunError.at("--output", f"{output}: {parent} is a file", "name another folder")
    if output.is_file():
        raise RunError.at("--output", f"{output}: is a file", "name a folder")
    mark = output / SUITE
    if mark.is_file():
        known = json.loads(mark.read_text("utf-8")).get("suite")
        if known != suite.name:
            raise RunError.at("--output", f"{output}: holds the suite {known}", f"name another folder for {suite.name}")
    elif output.is_dir() and any(output.iterdir()):
        raise RunError.at("--output", f"{output}: in use", "name a new folder, or one that this suite began")


def _claim(output: Path, suite: Suite) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError.at("--output", f"{output}: can not be made: {error.strerror}") from error
    if not (output / SUITE).is_file():
        write_json(output / SUITE, {"suite": suite.name})


def run(wanted: Plan, *, parallel: int = 1) -> dict[str, str]:
    """Run all parts that are not finished yet.

    Args:
        parallel: parts at a time, each in a process of its own; 1: one after the other, in this one.

    Returns:
        Why it failed, for each part that did, by its name (`rte, seed 2`). The others went on.

    Raises:
        Stopped: Ctrl-C or SIGTERM came; the same command goes on.
    """
    from bertkit.bench import parallel as several

    failed: dict[str, str] = {}
    with Stopping() as stopping:
        done = _one_by_one(wanted.parts, stopping) if parallel == 1 else several.work(wanted.parts, parallel)
        with contextlib.closing(done):  # what still runs ends with it, also where Stopped comes between two parts
            for part, why in done:
                if why:
                    log.warning("%s failed: %s", part, why)
                    failed[str(part)] = why
    return failed


def _one_by_one(parts: Sequence[Part], stopping: Stopping) -> Generator[tuple[Part, str]]:
    clock = Clock(parts)
    for number, part in enumerate(parts, 1):
        if single.finished(part):
            log.info("part %d of %d: %s, is finished", number, len(parts), part)
            yield part, ""
            continue
        log.info("part %d of %d: %s%s", number, len(parts), part, clock.left())
        if why := blocked(part):
            clock.took(part, 0, trained=False)
            yield part, why
            continue
        begun = time.monotonic()
        why = ""
        try:
            single.work(part)
        except Stopped:
            raise
        except BertkitError as error:
            why = "; ".join(" ".join(str(problem).splitlines()) for problem in error.problems)
        clock.took(part, time.monotonic() - begun, trained=not why)
        gc.collect()  # the Trainer, with the model and its optimizer
        yield part, why
        stopping.check()


def blocked(part: Part) -> str:
    """Why a part can not begin though all before it are done, or an empty text."""
    if part.needs and not (Path(part.needs) / "metrics.json").is_file():
        return f"not trained: it begins with the model of {Path(part.needs).parent.name}, which failed"
    return ""


class Clock:
    """How long the rest takes: a part takes as long as its entry's others did, else as the mean of all so far."""

    def __init__(self, parts: Sequence[Part], at_a_time: int = 1, finished: Callable[[Part], bool] = single.finished):
        self._left = [part for part in parts if not finished(part)]
        self._at_a_time = at_a_time
        self._seconds: dict[str, list[float]] = {}

    def took(self, part: Part, seconds: float, *, trained: bool) -> None:
        self._left.remove(part)
        if trained:
            self._seconds.setdefault(part.entry, []).append(seconds)

    def seconds(self) -> float | None:
        """None where nothing was trained yet."""
        every = [second for own in self._seconds.values() for second in own]
        if not every:
            return None
        mean = sum(every) / len(every)
        each = (sum(own) / len(own) if (own := self._seconds.get(part.entry)) else mean for part in self._left)
        return sum(each) / self._at_a_time

    def left(self) -> str:
        """`, about 12 min left`, or an empty text."""
        seconds = self.seconds()
        if seconds is None:
            return ""
        if seconds < 90:
            return f", about {seconds:.0f} s left"
        return f", about {seconds / 60:.0f} min left" if seconds < 5400 else f", about {seconds / 3600:.1f} h left"
