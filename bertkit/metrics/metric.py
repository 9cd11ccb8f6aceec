"""What a Metric is, and the checks of its inputs and figures.

A metric's own function is a few lines of mathematics. Its inputs (kinds, shapes, no hidden labels, no NaN) and figures
(named plain floats) are checked here, once, for built-ins, users' functions and `evaluate` modules alike.

Many figures follow from sums over rows: accuracy from the number of right rows, F1 from three counts. A metric that
returns these parts of each row is called once; each resample adds up parts instead of calling it again:

    Metric("accuracy", accuracy, "labels", per_row=lambda predictions, references: predictions == references)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertkit.errors import DataError, PluginError
from bertkit.metrics.ranking.queries import query_numbers

Takes = Literal["labels", "probabilities", "scores", "tags", "answers", "candidates", "language", "ranking"]
Array = NDArray[Any]
Function = Callable[[Any, Any], float | Mapping[str, float]]
PerRow = Callable[[Any, Any], Array]
"""`(predictions, references)` -> what each unit (see `Metric.units`) adds to the sums, `(unit, part)`; of a single part
also `(unit,)`."""
Finish = Callable[[Array, int], Mapping[str, Array]]
"""`(sums, units)` -> figures `(sample,)` by name, of sums `(sample, part)` over that many units each."""
Weighted = Callable[[Any, Any], Callable[[Array], Mapping[str, Array]]]
"""`(predictions, references)` -> a function of how often each row is drawn, `(sample, row)`, that returns figures
`(sample,)` by name. What a figure takes from the whole set, such as its labels, stays that of the whole set."""
Bootstrap = Literal["rows", "groups", "absolute", "none"]

Explains = Callable[[Any, Any], str]
"""`(predictions, references)` -> why figures may differ on these rows, in a few words; empty: they may not."""


@dataclass(frozen=True)
class Trusted:
    """The figures of a metric by other code: what `bertkit eval --reference` compares them with.

    Args:
        source: what computes them, for people: `scikit-learn f1_score`.
        function: as a metric's; of figures by name, those that the metric has are compared.
        explains: a known difference, which is shown but is no failure.
    """

    source: str
    function: Function
    explains: Explains | None = None


SHAPES: dict[Takes, str] = {
    "labels": "integers, both (row,), or both (row, label) of 0 and 1",
    "probabilities": "predictions (row, label) with references (row,), or (row, label) of 0 and 1",
    "scores": "numbers, both (row,)",
    "tags": "a list of tags for each row, of the same length in predictions and references",
    "answers": "predictions: one text per row; references: a list of texts per row, empty where there is no answer",
    "language": "predictions (row, 3) and references (row, 2): sums over the masked tokens of each row",
    "ranking": "predictions (row,): scores, with references (row, 2): number of the query and grade, both from 0",
    "candidates": "predictions: one answer per row with its score, confidence and n_best; references: as for answers",
}
"""Predictions and references of a metric's function, by what it `takes`."""
LISTS: tuple[Takes, ...] = ("tags", "answers", "candidates")
"""Metrics that take these are called with lists, all others with arrays."""


@dataclass(frozen=True)
class Metric:
    """A pure function of predictions and references, with its name, inputs and direction.

    Args:
        name: its name in recipes and reports.
        function: `(predictions, references)` -> a figure, or figures by name.
        takes: the function's arguments.
            `labels`: class indices `(row,)`, or 0/1 `(row, label)` where a row has several labels; both int64.
            `probabilities`: float64 `(row, label)`; references as for `labels`.
            `scores`: both float64 `(row,)`.
            `tags`: a list of tags per row, one tag per word; None where a word has no prediction.
            `answers`: a text per row, and a list of right texts per row; empty where there is no answer.
            `language`: float64 `(row, 3)` and `(row, 2)`: sums over a row's masked tokens (see language.py).
            `ranking`: a row is a document of a query. Predictions are scores, float64 `(row,)`; minus infinity for a
                document that was not retrieved, which has no rank but counts among the relevant ones. References are
                int64 `(row, 2)`: number of the query and grade, 0 for a document that is not relevant.
            `candidates`: the whole answer of the task `squad` to a row, a dict, and a list of right texts per row.
        greater_is_better: the direction of every figure; figures of two directions are two metrics.
        keys: figures that it always returns, the one that selects the best model first; default: its own name.
        per_row, finish: the parts of a row and the figures that follow from their sums (see `PerRow`, `Finish`), the
            same as the function's. A figure that `finish` leaves out has neither interval nor paired test. Default of
            `finish`: each key is the mean of one part, in order. Default of `per_row`: the function is called instead.
        weighted: figures of all resamples at once (see `Weighted`), for a figure that is no function of sums over rows,
            or that averages over labels. Paired tests do not use it.
        bootstrap: how intervals resample. `rows` draws row by row. `groups` draws rows with equal parts together, by a
            multinomial: the same distribution, in far less time where parts are small counts; it needs `per_row`.
            `absolute`: the figure is the sum of the parts' absolute means, which resampling shifts upwards (see
            bootstrap.py); as many parts follow, of the least variance of each. `none`: no interval, as of a maximum,
            which resampling shifts too.
        reference: the same figures by a library that the field trusts, for `bertkit eval --reference`.
    """

    name: str
    function: Function
    takes: Takes
    greater_is_better: bool = True
    keys: tuple[str, ...] = ()
    per_row: PerRow | None = None
    finish: Finish | None = None
    weighted: Weighted | None = None
    bootstrap: Bootstrap = "rows"
    reference: Trusted | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            object.__setattr__(self, "keys", (self.name,))
        if self.per_row and not self.finish:
            object.__setattr__(self, "finish", means(*self.keys))

    def __call__(self, predictions: Any, references: Any) -> dict[str, float]:
        """The figures; `nan` where the rows leave one undefined.

        Raises:
            DataError: the values are not what the metric takes (see `checked`).
            PluginError: the function returned something else than numbers.
        """
        return self._named(self.function(*self.checked(predictions, references)))

    def units(self, references: Any) -> Array:
        """`(row,)`: number, from 0, of the unit that each row belongs to. Intervals and tests draw units: a row is one
        of its own, but the documents of a query are drawn together (`takes` is `ranking`).

        Args:
            references: as `checked` returns them.
        """
        return query_numbers(references) if self.takes == "ranking" else np.arange(len(references))

    def parts(self, predictions: Any, references: Any) -> Array | None:
        """What each unit adds to the sums, float64 `(unit, part)`; None where the metric has no `per_row`.

        Args:
            predictions, references: as `checked` returns them.

        Raises:
            PluginError: `per_row` returned something else.
        """
        if not self.per_row:
            return None
        parts = np.asarray(self.per_row(predictions, references), dtype=np.float64)
        units = int(self.units(references).max()) + 1
        if parts.ndim not in (1, 2) or len(parts) != units:
            one, many = ("query", "queries") if self.takes == "ranking" else ("row", "rows")
            what = f"per_row returned an array of shape {parts.shape} for {units} {many}"
            raise PluginError.at(f"metric {self.name}", what, f"return an array ({one}, part)")
        return parts.reshape(len(parts), -1)

    def finished(self, sums: Array, rows: int) -> dict[str, Array]:
        """Figures `(sample,)` by name that follow from sums `(sample, part)` over `rows` rows.

        Raises:
            PluginError: `finish` returned something else.
        """
        assert self.finish
        figures = {key: np.asarray(values, dtype=np.float64) for key, values in self.finish(sums, rows).items()}
        wrong = [f"{values.shape} under {key!r}" for key, values in figures.items() if values.shape != sums.shape[:1]]
        if wrong or not figures:
            what = f"finish returned {wrong[0] if wrong else 'no figures'} for {len(sums)} samples"
            raise PluginError.at(f"metric {self.name}", what, "return arrays (sample,) by name")
        return self._with_own_key(figures)

    def check_parts(self, figures: Mapping[str, float], parts: Array) -> None:
        """Raise a PluginError where the parts of all rows do not give the figures that the function gave."""
        for name, (value,) in self.finished(parts.sum(axis=0)[None], len(parts)).items():
            if name not in figures or not np.isclose(value, figures[name], rtol=1e-6, atol=1e-9, equal_nan=True):
                own = f"{figures[name]:.6g}" if name in figures else "missing"
                what = f"{name} is {own}, but {value:.6g} by per_row and finish"
                raise PluginError.at(f"metric {self.name}", what, "make both give the same figures")

    def checked(self, predictions: Any, references: Any) -> tuple[Any, Any]:
        """Both as arrays of the kind and shape that the metric takes; arrays that fit already are not copied.

        Raises:
            DataError: no rows, unequal shapes, fractions for labels, hidden labels (-1), NaN or infinity,
                probabilities outside 0 to 1.
        """
        if self.takes in LISTS:
            return self._lists(predictions, references)
        real = self.takes != "labels"
        predicted = self._array("predictions", predictions, real)
        actual = self._array("references", references, self.takes in ("scores", "language"))
        problem = _misfit(self.takes, predicted, actual)
        if problem:
            raise DataError.at(f"metric {self.name}", problem, f"it takes {SHAPES[self.takes]}")
        return predicted, actual

    def _lists(self, predictions: Any, references: Any) -> tuple[Any, Any]:
        where = f"metric {self.name}"
        if not len(references) or len(predictions) != len(references):
            what = f"{len(predictions)} predictions, but {len(references)} references"
            raise DataError.at(where, what, f"it takes {SHAPES[self.takes]}")
        if self.takes == "tags":
            uneven = [i for i, (a, b) in enumerate(zip(predictions, references, strict=True)) if len(a) != len(b)]
            if uneven:
                what = f"row {uneven[0]} has {len(predictions[uneven[0]])} tags, but {len(references[uneven[0]])} words"
                raise DataError.at(where, what, f"it takes {SHAPES[self.takes]}")
        return predictions, references

    def _array(self, what: str, values: ArrayLike, real: bool) -> Array:
        where = f"metric {self.name}"
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise DataError.at(where, f"{what} have rows of unequal length") from error
        if not array.size or not array.ndim:
            raise DataError.at(where, f"{what} have no rows", "there is nothing to score")
        if array.dtype.kind not in ("fiub" if real else "iub"):
            wanted = "numbers" if real else "integers"
            raise DataError.at(where, f"{what} are {array.dtype}, not {wanted}", f"it takes {SHAPES[self.takes]}")
        array = array.astype(np.float64 if real else np.int64, copy=False)
        allowed = np.isfinite(array) if real else array == array
        if self.takes == "ranking" and real:
            allowed |= array == -np.inf  # not retrieved
        if not allowed.all():
            count = int((~allowed).reshape(len(array), -1).any(axis=1).sum())
            todo = "the model may have diverged: lower the learning rate" if what == "predictions" else ""
            raise DataError.at(where, f"{count} of {len(array)} {what} are NaN or infinite", todo)
        if not real and array.min() < 0:
            raise DataError.at(where, f"{what} hold {array.min()}", "rows whose labels are hidden can not be scored")
        return array

    def _named(self, result: Any) -> dict[str, float]:
        where = f"metric {self.name}"
        figures = {self.name: result} if isinstance(result, Real) else result
        if not isinstance(figures, Mapping) or not figures:
            what = f"returned {type(result).__name__} {str(result)[:60]}"
            raise PluginError.at(where, what, "return a number, or numbers by name (a dict)")
        for key, value in figures.items():
            if not isinstance(key, str) or not isinstance(value, Real):
                what = f"returned {type(value).__name__} under {key!r}"
                raise PluginError.at(where, what, "return plain numbers under names: float(...)")
        named = self._with_own_key({key: float(value) for key, value in figures.items()})
        missing = [key for key in self.keys if key not in named]
        if missing:
            raise PluginError.at(where, f"did not return {', '.join(missing)}", "return every figure of its `keys`")
        return named

    def _with_own_key(self, figures: dict[str, Any]) -> dict[str, Any]:
        """The metric's name selects the best model, so the first figure gets that name where no figure has it."""
        if self.keys == (self.name,) and self.name not in figures:
            return {self.name: next(iter(figures.values())), **figures}
        return figures


def means(*names: str, scale: float = 1.0) -> Finish:
    """A `finish`: each figure is `scale` times the mean of one part over the rows, in order."""

    def finish(sums: Array, rows: int) -> dict[str, Array]:
        return {name: scale * (part / rows) for name, part in zip(names, sums.T, strict=True)}

    return finish


def ratio(part: Array, whole: Array) -> Array:
    """`part / whole`, `(sample,)` each; 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _misfit(takes: Takes, predictions: Array, references: Array) -> str:
    """Why the two can not be scored together, or an empty text."""
    if len(predictions) != len(references):
        return f"{len(predictions)} predictions, but {len(references)} references"
    shapes = {
        "labels": predictions.ndim <= 2 and predictions.shape == references.shape,
        "probabilities": predictions.ndim == 2 and references.shape in (predictions.shape[:1], predictions.shape),
        "scores": predictions.ndim == 1 and predictions.shape == references.shape,
        "ranking": predictions.ndim == 1 and references.shape[1:] == (2,),
        "language": predictions.shape[1:] == (3,) and references.shape[1:] == (2,),
    }
    if not shapes[takes]:
        return f"predictions of shape {predictions.shape} do not fit references of shape {references.shape}"
    if takes in ("scores", "language", "ranking"):
        return ""
    if references.ndim == 2 and max(references.max(), predictions.max() if takes == "labels" else 0) > 1:
        return "several labels per row must be 0 or 1, but there are greater numbers"
    if takes == "probabilities":
        if predictions.min() < 0 or predictions.max() > 1.001:  # half precision rounds a sum of probabilities up
            return f"predictions from {predictions.min():.3g} to {predictions.max():.3g} are no probabilities"
        if references.ndim == 1 and references.max() >= predictions.shape[1]:
            return f"references hold label {references.max()}, but there are {predictions.shape[1]} probabilities a row"
    return ""
