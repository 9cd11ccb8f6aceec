"""From what was measured to what to change: one sentence with its figures, a key of the recipe and a value.

Each has the share of a step that it could save; the largest is the bottleneck. Nothing is said of phases that
cost little, so a training whose time is that of its model is not accused of anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bertkit.understand.profile.clock import BACKWARD, CALLBACKS, COLLATE, DATA, ENCODE, FORWARD, OPTIMISER, WAITING
from bertkit.understand.profile.steps import MeasuredSteps
from bertkit.understand.profile.trials import Variant

LOADING_SHARE = 0.2
"""Share of a step from which on loading is worth a change."""
SLOW_LOADING = 0.4
"""Share from which on it is said even if workers do not help."""
LEAST_SAVED = 0.1
"""Share of a step that another batch size or precision must save."""
FASTER = 1.25
"""How much faster a row must be in a larger batch, or in bf16. Two measurements of one thing differ by a tenth."""
NEAR = 1.1
"""The smallest batch is named that is within this factor of the fastest."""
CALLBACKS_SHARE = 0.15
OPTIMISER_SHARE = 0.3
PADDING_SHARE = 0.15

WORKERS, BATCH, ACCUMULATION = (
    f"train.{name}" for name in ("dataloader_num_workers", "per_device_train_batch_size", "gradient_accumulation_steps")
)


class ProfiledRecipe(NamedTuple):
    """What must be known of a recipe and a machine."""

    batch: int
    """Rows of a micro-batch."""
    accumulation: int
    padding_free: str
    """`model.padding_free`."""
    runs_padded: bool
    """Whether the model computes padding."""
    callbacks: Sequence[str]
    """Names of the recipe's own."""
    logging: int
    """Steps between two lines of the log."""


@dataclass(frozen=True)
class Bottleneck:
    """What costs time, and what to change."""

    kind: str
    sentence: str
    key: str
    """Of the recipe."""
    value: Any
    saves: float
    """The share of a step that it may save at most."""

    def record(self) -> dict[str, Any]:
        return vars(self)


class LoaderCost(NamedTuple):
    """What the loader takes of a step."""

    share: float
    """Of the step in which the training does nothing else."""
    part: str
    """The phase that most of it is."""
    seconds: float
    """Of work for a step, in whichever process."""
    compute: float
    """Seconds of a step without it."""


def loader_cost(steps: MeasuredSteps) -> LoaderCost:
    here, there, step = steps.means, steps.in_workers, steps.step
    work = {phase: here[phase] + there[phase] for phase in (DATA, ENCODE, COLLATE)}
    blocked = sum(here[phase] for phase in (DATA, ENCODE, COLLATE, WAITING))
    part = max(work, key=lambda phase: work[phase])
    if not steps.workers and here[WAITING] > work[part]:
        part = WAITING
    return LoaderCost(blocked / step, part, sum(work.values()), step - blocked)


def workers_to_try(steps: MeasuredSteps, cores: int) -> int | None:
    """How many workers may load as fast as the training computes; None: loading costs little, or no core is left.

    0 where their work is less than the time that the training waits for them: they are started anew in each epoch.
    """
    cost = loader_cost(steps)
    if cost.share < LOADING_SHARE:
        return None
    if steps.workers and cost.seconds < cost.share * steps.step:
        return 0
    wanted = max(2, math.ceil(round(cost.seconds / max(cost.compute, 1e-9), 2)))
    number = min(wanted, max(2, cores))
    return number if number > steps.workers else None


def bottlenecks(
    steps: MeasuredSteps, recipe: ProfiledRecipe, tried: Sequence[Variant], with_workers: MeasuredSteps | None
) -> list[Bottleneck]:
    """All that is worth a change, that which saves most first.

    Args:
        tried: as `trials.variants`; empty: nothing was.
        with_workers: the same training, with the number of workers that `workers_to_try` gives.
    """
    found = [
        _loader(steps, with_workers),
        _batch(steps, recipe, tried),
        _precision(steps, tried),
        _padding(steps, recipe),
        _callbacks(steps, recipe),
        _optimiser(steps, recipe),
    ]
    said = sorted((one for one in found if one is not None), key=lambda one: -one.saves)
    if any(one.key == BATCH for one in said):  # a larger batch needs fewer steps
        said = [one for one in said if one.kind != "optimiser"]
    return said


WORK = {
    DATA: "the reading of examples",
    ENCODE: "the tokenizer",
    COLLATE: "the collator",
    WAITING: "the loader",
}


def _loader(steps: MeasuredSteps, after: MeasuredSteps | None) -> Bottleneck | None:
    cost = loader_cost(steps)
    if cost.share < LOADING_SHARE:
        return None
    kind = "tokenizer" if cost.part == ENCODE else "loader"
    own = "tokenize in `encode` of the task, which does it once for each row" if kind == "tokenizer" else ""
    what = _waits(steps, cost)
    trial = ""
    if after is not None:
        trial = f"with {_workers(after.workers)} a step took {ms(after.typical)} instead of {ms(steps.typical)}"
        if after.typical * NEAR < steps.typical:
            what = f"{what}: set {WORKERS}: {after.workers} ({trial}){f'; better still, {own}' if own else ''}"
            saves = cost.share if own else 1 - after.typical / steps.typical
            return Bottleneck(kind, what, WORKERS, after.workers, saves)
        trial = f"; other numbers of workers do not help ({trial})"
    if not own and cost.share < SLOW_LOADING:
        return None
    what = f"{what}: {own or 'make its work cheaper'}{trial}"
    return Bottleneck(kind, what, "task", "encode" if own else "collator", cost.share)


def _waits(steps: MeasuredSteps, cost: LoaderCost) -> str:
    """What a step waits for."""
    blocked = f"{ms(cost.share * steps.step)} of {ms(steps.step)}"
    if not steps.workers:
        return f"{cost.share:.0%} of a step waits for {WORK[cost.part]} on the main thread ({blocked})"
    work = f"whose work for a step takes {ms(cost.seconds)}, most of it {WORK[cost.part]}"
    return f"{cost.share:.0%} of a step waits for {_workers(steps.workers)} ({blocked}), {work}"


def _batch(steps: MeasuredSteps, recipe: ProfiledRecipe, tried: Sequence[Variant]) -> Bottleneck | None:
    plain = [one for one in tried if not one.bf16]
    if len(plain) < 2:
        return None
    base, best = plain[0], min(plain, key=lambda one: one.seconds)
    best = next(one for one in plain if one.seconds <= best.seconds * NEAR)
    factor = best.batch // base.batch
    whole = recipe.accumulation == 1  # then a larger batch also means fewer steps of the optimiser
    means = steps.means
    saves = (means[FORWARD] + means[BACKWARD]) * (1 - best.seconds / base.seconds)
    saves = (saves + (means[OPTIMISER] * (1 - 1 / factor) if whole else 0.0)) / steps.step
    if best.seconds * FASTER > base.seconds or saves < LEAST_SAVED:
        return None
    what = (
        f"batches of {_rows(base.batch)} are too small: forward and backward take {ms(base.seconds)} per row, "
        f"and {ms(best.seconds)} in batches of {best.batch}: set {BATCH}: {best.batch}"
    )
    if recipe.accumulation % factor == 0:
        what += f" and {ACCUMULATION}: {recipe.accumulation // factor}, for the same result"
    elif whole:
        what += f"; the step then has {factor} times the rows, so look at train.learning_rate and the score again"
    else:
        what += f", and lower {ACCUMULATION} (now {recipe.accumulation})"
    return Bottleneck("batch", what, BATCH, best.batch, saves)


def _precision(steps: MeasuredSteps, tried: Sequence[Variant]) -> Bottleneck | None:
    half = next((one for one in tried if one.bf16), None)
    if half is None:
        return None
    base, means = tried[0], steps.means
    saves = (means[FORWARD] + means[BACKWARD]) * (1 - half.seconds / base.seconds) / steps.step
    if half.seconds * FASTER > base.seconds or saves < LEAST_SAVED:
        return None
    what = (
        f"forward and backward take {ms(base.seconds)} per row in float32, and {ms(half.seconds)} in bf16, "
        "for which this device has instructions: set train.bf16: true, and look at the score again"
    )
    return Bottleneck("precision", what, "train.bf16", True, saves)


def _padding(steps: MeasuredSteps, recipe: ProfiledRecipe) -> Bottleneck | None:
    means = steps.means
    saves = steps.padding * (means[FORWARD] + means[BACKWARD]) / steps.step
    if not (recipe.runs_padded and recipe.padding_free == "off") or steps.padding < PADDING_SHARE:
        return None
    what = f"{steps.padding:.0%} of the tokens that are computed are padding: set model.padding_free: auto"
    return Bottleneck("padding", what, "model.padding_free", "auto", saves)


def _callbacks(steps: MeasuredSteps, recipe: ProfiledRecipe) -> Bottleneck | None:
    spent = steps.means[CALLBACKS]
    share = spent / steps.step
    if share < CALLBACKS_SHARE:
        return None
    what = f"{share:.0%} of a step goes to callbacks ({ms(spent)} of {ms(steps.step)})"
    if recipe.callbacks:
        return Bottleneck("callbacks", f"{what}: leave out {', '.join(recipe.callbacks)}", "callbacks", None, share)
    what = f"{what}: set train.logging_steps: {10 * recipe.logging}"
    return Bottleneck("callbacks", what, "train.logging_steps", 10 * recipe.logging, share)


def _optimiser(steps: MeasuredSteps, recipe: ProfiledRecipe) -> Bottleneck | None:
    spent = steps.means[OPTIMISER]
    share = spent / steps.step
    if share < OPTIMISER_SHARE:
        return None
    value = 2 * recipe.accumulation
    what = (
        f"{share:.0%} of a step is the optimiser's ({ms(spent)} of {ms(steps.step)}): set {ACCUMULATION}: {value}, "
        "for half as many steps, and look at train.learning_rate and the score again"
    )
    return Bottleneck("optimiser", what, ACCUMULATION, value, share / 2)


def healthy(steps: MeasuredSteps, tried: Sequence[Variant]) -> str:
    """The sentence for a training of which nothing is to be said."""
    means = steps.means
    model = (means[FORWARD] + means[BACKWARD]) / steps.step
    text = f"no phase stands out: {model:.0%} of a step is forward and backward"
    plain = [one for one in tried if not one.bf16]
    if len(plain) > 1:
        best = min(plain[1:], key=lambda one: one.seconds)
        text += f", and in batches of {best.batch} a row would take {best.seconds / plain[0].seconds:.2f} times as long"
    return text


def ms(seconds: float) -> str:
    """Seconds in milliseconds, with three digits; long ones in seconds."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def _workers(number: int) -> str:
    return "1 worker" if number == 1 else f"{number or 'no'} workers"
