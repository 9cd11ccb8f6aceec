"""The predictor of a Run or of a checkpoint, and how it reads rows, from a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bertkit.commands.shared import console
from bertkit.errors import Parameter, RecipeError

if TYPE_CHECKING:
    from bertkit.inference.bulk.answering import Answering
    from bertkit.inference.bulk.options import BulkOptions
    from bertkit.inference.predictor import Predictor
    from bertkit.recipe.schema import DataBlock
    from bertkit.run import Run

NOT_READ = (
    *("data.train", "data.validation", "data.test", "data.validation_ratio", "data.limit"),
    "data.label_ids",
)
"""Keys that rows to answer do not depend on."""
LABELLED = "data.label_names"
"""A Run does not depend on it either; it may name the outputs of a checkpoint."""


class Opened(NamedTuple):
    predictor: Predictor
    block: DataBlock
    run: Run | None
    """None: a checkpoint."""


def open_predictor(
    model: str,
    source: str | None,
    *,
    on: str | None,
    task: str | None,
    labels: str | None,
    sets: list[str] | None,
    trust_code: bool,
    precision: Any = "float32",
) -> Opened:
    """Open a Run, or a checkpoint as the options of `bertkit predict` name it."""
    from bertkit.inference.checkpoint import Checkpoint, guess, names_checkpoint
    from bertkit.inference.predictor import Predictor
    from bertkit.recipe.load import load
    from bertkit.run import Run

    beside = "predict: it answers every row, without labels"
    console.unused(sets, *NOT_READ, beside=beside)
    asked = [name for name, value in (("on", on), ("task", task), ("labels", labels)) if value]
    if Run(model).is_begun or not (asked or names_checkpoint(model)):
        opened = Run.open(model, trust_code=trust_code)
        if asked:
            raise RecipeError.at(Parameter(asked[0]), "a Run has its own task and labels", "leave it out")
        console.unused(sets, LABELLED, beside=beside)
        predictor = Predictor.open(opened, precision=precision)
        return Opened(predictor, opened.recipe_with(console.only(sets, "data")).data, opened)
    if on and task:
        raise RecipeError.at(Parameter("task"), "the recipe already names the task", "leave it out")
    changes = console.only(sets, "data", "options")
    order: Sequence[str] = ()
    if on:
        from bertkit.bench.on import benchmark

        rows = benchmark(on, [source] if source else [], changes)
        recipe, order = rows.recipe, rows.order
    else:
        recipe = load(guess(model, task or "").model_dump(include={"task", "options"}), changes)
    names = [name.strip() for name in (labels or "").split(",") if name.strip()]
    adopted = Checkpoint.adopt(model, recipe, labels=names, order=order, precision=precision)
    return Opened(adopted, recipe.data, None)


def answering(source: str, options: BulkOptions, named: Mapping[str, Any], model: str) -> Answering:
    """What answers the rows of an input, in another process, whose user has allowed its code already.

    Args:
        named: arguments of `open_predictor`.
    """
    from bertkit.inference.bulk.output import answering_of

    opened = open_predictor(model, source, **named, trust_code=True)
    return answering_of(opened.predictor, source, options.block(opened.block), options)
