"""Match the outputs of a model that was not trained by bertkit to the labels of the data, by name.

    match_labels(["CONTRADICTION", "ENTAILMENT", "NEUTRAL"], ["entailment", "neutral", "contradiction"])
    # ["contradiction", "entailment", "neutral"]: the data's names, in the order of the model's outputs

Case, `-`, `_` and spaces are ignored. Names such as LABEL_0 have no meaning: then the data set's own order is assumed,
with a warning, and after a score below chance the best order is suggested. It is computed on the rows that are scored,
so it is only a suggestion: the user decides and passes `labels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bertkit.data.columns import schemes
from bertkit.data.columns.schemes import Scheme
from bertkit.errors import ModelError, Parameter, RecipeError, did_you_mean, name_some
from bertkit.models.output_layer import is_generic, plain

LABELS = Parameter("labels")
MOST = 20
"""Most labels for which the best order is searched; with more, each label has too few rows."""


class Match(NamedTuple):
    names: list[str]
    """The data's name of each output of the model, in the model's order."""
    warning: str = ""


def unnamed(names: Sequence[str]) -> str:
    """A warning where a model's outputs have the names that transformers gives to those that have none; else empty."""
    if [*names] != [f"LABEL_{number}" for number in range(len(names))]:
        return ""
    return f"the model's labels have no names ({name_some(names)}); name them in their order: --labels A,B,..."


def in_order(names: Sequence[str], order: Sequence[str]) -> list[str]:
    """All labels of `order`, spelt as the rows spell them; `names` unchanged if `order` lacks one of them."""
    own = {plain(name): name for name in names}
    return [own.get(plain(name), name) for name in order] if {*own} <= {plain(name) for name in order} else [*names]


def match_labels(model: Sequence[str], data: Sequence[str], labels: Sequence[str] = ()) -> Match:
    """The data's labels in the order of a model's outputs.

    Args:
        model: the names in its configuration.
        data: the data's labels, in the data set's own order.
        labels: the user's names of the outputs, in their order, in place of the model's own.

    Raises:
        ModelError: the model has other labels, or another number of them.
        RecipeError: `labels` do not fit the data or the model.
    """
    if labels:
        return Match(_checked(model, data, labels))
    if len(model) != len(data):
        more = {plain(name) for name in data} < {plain(name) for name in model}
        todo = "is this the right data set?"
        if more:
            todo = f"if the rows lack some labels, name the outputs in their order: {','.join(model)}"
        raise ModelError.at(LABELS, f"{_both(model, data)}: {len(model)} and {len(data)}", todo)
    if names := _by_name(model, data):
        return Match(names)
    if is_generic(model):
        return _in_data_order(f"the model's labels are only numbered ({name_some(model)})", data, data)
    if is_generic(data):
        return _in_data_order(f"the data's labels are only numbered ({name_some(data)})", model, data)
    raise ModelError.at(LABELS, _both(model, data), f"name the model's outputs in their order, of {','.join(data)}")


def _in_data_order(what: str, names: Sequence[str], data: Sequence[str]) -> Match:
    """The data's labels in their own order, with a warning."""
    return Match([*data], f"{what} and taken for {', '.join(names)}, in this order; if that is wrong, name the labels")


def match_tags(model: Sequence[str], data: Sequence[str], present: Sequence[str], labels: Sequence[str] = ()) -> Match:
    """The data's tags in the order of a model's outputs. A tag that only the model has keeps its name.

    Args:
        model, labels: as for `match_labels`.
        data: all tags of the data's types in its scheme.
        present: the tags that occur in its rows.

    Raises:
        ModelError: the model lacks a tag of the data.
        RecipeError: `labels` do not fit the data or the model.
    """
    if labels:
        return Match(_checked(model, present, labels))
    todo = "name the model's outputs in their order, such as O,B-PER,..."
    if is_generic(model):
        if len(model) != len(data):
            raise ModelError.at(LABELS, f"{_both(model, data)}: {len(model)} and {len(data)}", todo)
        return _in_data_order(f"the model's tags are only numbered ({name_some(model)})", data, data)
    own = {plain(name): name for name in data}
    known = {plain(name) for name in model}
    if lacking := [name for name in present if plain(name) not in known]:
        what = f"{_both(model, data)}: it has no {', '.join(lacking[:5])}" + ", ..." * (len(lacking) > 5)
        raise ModelError.at(LABELS, what, todo)
    return Match([own.get(plain(name), name) for name in model])


def tags_of_outputs(model: Sequence[str], labels: Sequence[str] = ()) -> tuple[list[str], Scheme]:
    """The tags of a model's outputs, in its order, and their scheme, where no rows are known.

    Types without prefixes (`PER`, `LOC`) are those of the scheme IO.

    Raises:
        ModelError: they are not tags.
        RecipeError: `labels` do not fit the model.
    """
    names = _checked(model, labels, labels) if labels else [*model]
    if is_generic(names) or "O" not in names:
        what = f"the model's tags are only numbered ({name_some(names)})" if is_generic(names) else ""
        what = what or f"none of the model's labels ({name_some(names)}) is O, the tag outside of all entities"
        raise ModelError.at(LABELS, what, "name the model's outputs in their order, such as O,B-PER,...")
    if not any(schemes.check_tag(name) for name in names):
        return names, schemes.scheme_of_tags(names)
    return [name if name == "O" else f"I-{name}" for name in names], "IO"


def best_order(predicted: np.ndarray, expected: np.ndarray, names: Sequence[str]) -> tuple[list[str], float]:
    """The order of names that gives the best accuracy, and this accuracy (an assignment problem, solved exactly).

    Args:
        predicted, expected: `(row,)` positions in `names`.
        names: of the outputs, in the order assumed so far.
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((len(names), len(names)), dtype=np.int64)  # (predicted, expected)
    np.add.at(counts, (predicted, expected), 1)
    outputs, best = linear_sum_assignment(counts, maximize=True)
    return [names[i] for i in best], float(counts[outputs, best].sum() / max(1, len(expected)))


def _by_name(model: Sequence[str], data: Sequence[str]) -> list[str]:
    """The data's names in the model's order; empty if a name has no match, or two."""
    if {*model} == {*data}:
        return [*model]
    own = {plain(name): name for name in data}
    keys = [plain(name) for name in model]
    return [own[key] for key in keys] if len(own) == len(data) and {*keys} == {*own} else []


def _checked(model: Sequence[str], data: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The user's names of the outputs, spelt as in the data."""
    own = {plain(name): name for name in data}
    keys = [plain(name) for name in labels]
    if twice := next((name for name, key in zip(labels, keys, strict=True) if keys.count(key) > 1), None):
        raise RecipeError.at(LABELS, f"{twice} is named twice", "name each output once, in their order")
    if lacking := [name for name in data if plain(name) not in keys]:
        todo = (
            did_you_mean(lacking[0], [name for name in labels if plain(name) not in own]) or f"name {', '.join(data)}"
        )
        raise RecipeError.at(LABELS, f"the data's label {lacking[0]} is not named", todo)
    if len(labels) != len(model):
        todo = f"name each output once, in their order; the data's labels: {', '.join(data)}"
        raise RecipeError.at(LABELS, f"{len(labels)} names, but the model has {len(model)} outputs", todo)
    return [own.get(key, name) for name, key in zip(labels, keys, strict=True)]


def _both(model: Sequence[str], data: Sequence[str]) -> str:
    return f"the model's labels ({name_some(model)}) are not the data's ({name_some(data)})"
