"""Which label each output of a model means, where the model was trained elsewhere: told by the names, never the places.

    match_labels(["CONTRADICTION", "ENTAILMENT", "NEUTRAL"], ["entailment", "neutral", "contradiction"])
    # ["contradiction", "entailment", "neutral"]: the data's names, in the order of the model's outputs

Case, `-`, `_` and spaces do not count. Names such as LABEL_0 tell nothing: then the data set's own order is taken, with
a warning, and a score below chance tells which order would fit best. The price of that order: it is found on the very
rows that are scored, so it is advice, and is not taken without `--labels`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bertkit.errors import ModelError, RecipeError, did_you_mean

GENERIC = re.compile(r"(label|class|tag)?[\s_-]*\d+", re.IGNORECASE)
MOST = 20
"""Of more labels than these the best order is not looked for: few rows a label would tell little of it."""


class Match(NamedTuple):
    names: list[str]
    """The data's name of each output of the model, in the model's order."""
    warning: str = ""


def plain(name: str) -> str:
    """A name without what people write differently: `Not-Entailment` and `not_entailment` are one."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def is_generic(names: Sequence[str]) -> bool:
    """Whether names say nothing but their number: LABEL_0, 1."""
    return all(GENERIC.fullmatch(name) for name in names)


def in_order(found: Sequence[str], order: Sequence[str]) -> list[str]:
    """The labels found in rows, in the data set's own order where these are its labels (all that it names)."""
    own = {plain(name): name for name in found}
    return [own.get(plain(name), name) for name in order] if {*own} <= {plain(name) for name in order} else [*found]


def match_labels(model: Sequence[str], data: Sequence[str], given: Sequence[str] = ()) -> Match:
    """The data's labels in the order of a model's outputs.

    Args:
        model: the names in its configuration.
        data: the data's labels, in the data set's own order.
        given: names in the order of the outputs, by which the model's own are overruled.

    Raises:
        ModelError: other labels, or another number of them. RecipeError: `given` does not fit.
    """
    if given:
        return Match(_given(model, data, given))
    if len(model) != len(data):
        more = {plain(name) for name in data} < {plain(name) for name in model}
        todo = (
            f"has the data no row of some? Name all: --labels {','.join(model)}" if more else "is --on the right one?"
        )
        raise ModelError.at("labels", f"{_both(model, data)}: {len(model)} and {len(data)}", todo)
    if found := _by_name(model, data):
        return Match(found)
    if is_generic(model):
        what = f"the model's labels are called {_list(model)}, which tells nothing: taken for {', '.join(data)}"
        return Match([*data], f"{what}, in this order; --labels says otherwise")
    if is_generic(data):
        what = f"the data's labels are called {_list(data)}, which tells nothing: taken for {', '.join(model)}"
        return Match([*data], f"{what}, in this order; --labels says otherwise")
    raise ModelError.at("labels", _both(model, data), f"say what its outputs mean: --labels {','.join(data)}")


def match_tags(model: Sequence[str], data: Sequence[str], found: Sequence[str], given: Sequence[str] = ()) -> Match:
    """The same of tags a word. A tag of the model's that the data does not have keeps its name.

    Args:
        data: all tags that the data's types have in its scheme.
        found: those of them that stand in its rows.

    Raises:
        ModelError: the data has a tag that the model can not give. RecipeError: `given` does not fit.
    """
    if given:
        return Match(_given(model, found, given))
    if is_generic(model):
        if len(model) != len(data):
            what = f"{_both(model, data)}: {len(model)} and {len(data)}"
            raise ModelError.at("labels", what, "say what its outputs mean: --labels O,B-PER,...")
        what = f"the model's tags are called {_list(model)}, which tells nothing: taken for {', '.join(data)}"
        return Match([*data], f"{what}, in this order; --labels says otherwise")
    own = {plain(name): name for name in data}
    known = {plain(name) for name in model}
    if strange := [name for name in found if plain(name) not in known]:
        what = f"{_both(model, data)}: it has no {', '.join(strange[:5])}" + ", ..." * (len(strange) > 5)
        raise ModelError.at("labels", what, "say what its outputs mean: --labels O,B-PER,...")
    return Match([own.get(plain(name), name) for name in model])


def best_order(predicted: np.ndarray, right: np.ndarray, names: Sequence[str]) -> tuple[list[str], float]:
    """What the outputs should have meant for the best accuracy, and that accuracy; exact for any number of labels.

    Args:
        predicted, right: `(row,)` positions in `names`.
        names: of the outputs, as they are taken now.
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((len(names), len(names)), dtype=np.int64)  # (given, right)
    np.add.at(counts, (predicted, right), 1)
    given, meant = linear_sum_assignment(counts, maximize=True)
    return [names[i] for i in meant], float(counts[given, meant].sum() / max(1, len(right)))


def _by_name(model: Sequence[str], data: Sequence[str]) -> list[str]:
    """Nothing where a name has no partner, or two that would do."""
    if {*model} == {*data}:
        return [*model]
    own = {plain(name): name for name in data}
    keys = [plain(name) for name in model]
    return [own[key] for key in keys] if len(own) == len(data) and {*keys} == {*own} else []


def _given(model: Sequence[str], data: Sequence[str], given: Sequence[str]) -> list[str]:
    own = {plain(name): name for name in data}
    keys = [plain(name) for name in given]
    if twice := next((name for name, key in zip(given, keys, strict=True) if keys.count(key) > 1), None):
        raise RecipeError.at("--labels", f"{twice} stands twice", "one name an output, in their order")
    if lacking := [name for name in data if plain(name) not in keys]:
        todo = did_you_mean(lacking[0], [name for name in given if plain(name) not in own]) or f"name {', '.join(data)}"
        raise RecipeError.at("--labels", f"the data's label {lacking[0]} is not named", todo)
    if len(given) != len(model):
        todo = f"one name an output, in their order; the data's: {', '.join(data)}"
        raise RecipeError.at("--labels", f"{len(given)} names, but the model has {len(model)} outputs", todo)
    return [own.get(key, name) for name, key in zip(given, keys, strict=True)]


def _both(model: Sequence[str], data: Sequence[str]) -> str:
    return f"the model's labels ({_list(model)}) are not the data's ({_list(data)})"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + ", ..." * (len(names) > 12)
