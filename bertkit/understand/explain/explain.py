"""`bertkit explain`: rows -> which words each answer is due to, and how faithful that is.

    predictor = Predictor.open("runs/support", needs=NEEDS)
    explanation = explain(predictor, ["where is my parcel?"], Request())
    explanation.rows[0].targets[0].words           # [Weighed(column="text", start=0, ..., attribution=0.41), ...]

Scores are explained, as a task names them (tasks/targets.py): the logit of a label, the logits of an entity's tags, of
the start and end of an answer, the score of a pair, the similarity of two texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from bertkit.data.read.rows import some
from bertkit.engine.examples import PLACES, rows_of
from bertkit.errors import DataError, Parameter, RunError, did_you_mean
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.inference.seen import Seen
from bertkit.tasks.targets import Target
from bertkit.understand.explain import faithful
from bertkit.understand.explain.attribution import Attribution, Method, attribute
from bertkit.understand.explain.faithful import Curves, Faithfulness
from bertkit.understand.explain.variants import Explained
from bertkit.understand.explain.words import Text, readings, texts_of
from bertkit.warn import warn

NEEDS = ("gradients", "transformers")
"""Of a backend."""


@dataclass(frozen=True)
class Request:
    """What to explain, and how.

    Args:
        target: name of a target, such as a label; None: those that the answers are due to.
        check: whether to measure faithfulness.
        seed: of the random orders that faithfulness compares with.
    """

    method: Method = "ig"
    target: str | None = None
    check: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Weighed:
    """A word, and what it adds to the score."""

    column: str
    start: int
    """Its characters in the text; `end` is exclusive."""
    end: int
    text: str
    attribution: float


@dataclass(frozen=True)
class ExplainedTarget:
    """A score and its words.

    Args:
        rest: what tokens that are no words add.
        error: what the sum is short of the score minus the baseline's; None where the method has no such sum.
        complete: whether the error is within a hundredth.
        meeting: for the similarity of two texts, what each pair of words adds: `(word of the first, word of the
            second)`; None for other scores, and where it is no such sum.
        sides: the words of `meeting`, of the first text and of the second.
    """

    name: str
    label: str
    chosen: bool
    score: float
    baseline: float | None
    rest: float
    error: float | None
    complete: bool
    steps: int
    words: list[Weighed]
    meeting: list[list[float]] | None = None
    sides: tuple[list[str], ...] = ()


@dataclass(frozen=True)
class ExplainedRow:
    """Args: number: from 1. answer: in words."""

    number: int
    texts: list[Text]
    answer: str
    targets: list[ExplainedTarget]
    curves: list[Curves] = field(default_factory=list)
    lost: bool = False
    """Whether a target has no words, although the texts have."""


@dataclass(frozen=True)
class Explanation:
    """Rows with their words; `faithfulness` is empty where it was not measured, or no row has two words."""

    request: Request
    rows: list[ExplainedRow]
    faithfulness: list[Faithfulness]

    def record(self) -> dict[str, Any]:
        """All of it as plain values: what pages and files are made of."""
        return {
            "method": self.request.method,
            "seed": self.request.seed,
            "rows": [
                {
                    "row": row.number,
                    "texts": [{"column": text.column, "text": text.text} for text in row.texts],
                    "answer": row.answer,
                    "targets": [asdict(target) for target in row.targets],
                }
                for row in self.rows
            ],
            "faithfulness": [{**asdict(one), "better": one.better} for one in self.faithfulness],
            "shares": list(faithful.SHARES),
        }


def explain(
    predictor: Predictor, rows: Sequence[dict[str, Any]], request: Request, *, progress: Any = iter
) -> Explanation:
    """Explain the answers to rows, one row after the other.

    Args:
        predictor: opened with `needs=NEEDS`.
        progress: iterates over lists of rows and shows it.

    Raises:
        RunError: the task can not be explained.
        DataError: rows that can not be used, or no row has a target with the name.
        ExtraError: captum is not installed.
    """
    found = []
    seen = Seen()
    names: dict[str, None] = {}
    margin = predictor.task.margin(predictor.limit)  # rows around one, of which its example may take tokens
    for (number,) in progress([[number] for number in range(len(rows))]):
        around = rows[max(0, number - margin) : number], rows[number + 1 : number + 1 + margin]
        prepared = predictor.prepare([rows[number]], before=around[0], after=around[1])
        seen += prepared.seen
        explained, known = _row(predictor, number + 1, prepared, request)
        found.append(explained)
        names |= dict.fromkeys(known)
    _check_target(request.target, found, list(names))
    _warn(predictor, found, seen)
    return Explanation(request, found, faithful.faithfulness([row.curves for row in found]))


def _check_target(name: str | None, rows: Sequence[ExplainedRow], names: Sequence[str]) -> None:
    if name is not None and names and not any(row.targets for row in rows):
        raise DataError.at(Parameter("target"), f"{name}: no row has such a target", did_you_mean(name, names))


def _warn(predictor: Predictor, rows: Sequence[ExplainedRow], seen: Seen) -> None:
    """Warn of what the model does not see, and of rows whose words were not found among its tokens."""
    for warning in seen.warnings(predictor.task):
        warn(warning)
    if lost := [f"row {row.number}" for row in rows if row.lost]:
        what = f"rows whose words are not found among the model's tokens: {len(lost)}"
        warn(f"{what} ({some(lost[:PLACES], len(lost))}); they are not explained")


def _row(predictor: Predictor, number: int, prepared: Prepared, request: Request) -> tuple[ExplainedRow, list[str]]:
    """A row, and the names of all its targets."""
    examples = prepared.encoded.examples
    outputs, _ = predictor.compute(predictor.backend, examples, predictor.collate)
    (answer,) = predictor.task.decode(outputs, prepared.encoded, prepared.rows)
    targets = predictor.task.targets(answer, outputs, examples) if len(rows_of(examples)) else []
    if targets is None:
        what = f"answers of the task {predictor.recipe.task} can not be explained"
        raise RunError.at("explain", what, "its codec gives no targets (docs/plugins.md)")
    texts = texts_of(prepared.rows[0], predictor.task.columns)
    known = readings(texts, predictor.tokenizer)
    explained: list[ExplainedTarget] = []
    measured: list[Curves | None] = []
    for target in _wanted(targets, request.target):
        parts = [Explained.of(predictor, part, texts, known) for part in target.parts]
        attributions = [attribute(part, request.method) for part in parts]
        explained.append(_target(target, texts, parts, attributions))
        if request.check:
            values = [one.words for one in attributions]
            measured.append(faithful.curves(parts, values, (request.seed, number, len(measured))))
    explained = _with_meetings(predictor, targets, explained, texts)
    curves = [one for one in measured if one is not None]
    lost = any(text.words for text in texts) and not all(target.words for target in explained)
    found = ExplainedRow(number, texts, predictor.task.to_text(answer), explained, curves, lost)
    return found, [target.name for target in targets]


def _wanted(targets: Sequence[Target], name: str | None) -> list[Target]:
    """Those of the answer, or those with a name."""
    if name is None:
        return [target for target in targets if target.chosen]
    return [target for target in targets if name in (target.name, target.label)]


def _target(
    target: Target, texts: Sequence[Text], parts: Sequence[Explained], attributions: Sequence[Attribution]
) -> ExplainedTarget:
    """The sum of a target's parts: a word in several windows has the sum of them."""
    sums: dict[Any, float] = {}
    for part, one in zip(parts, attributions, strict=True):
        for word, value in zip(part.words, one.words.tolist(), strict=True):
            sums[word] = sums.get(word, 0.0) + value
    words = [
        Weighed(texts[n].column, start, end, texts[n].text[start:end], value)
        for (n, start, end), value in sorted(sums.items())
    ]
    errors = [one.error for one in attributions if one.error is not None]
    baselines = [one.baseline for one in attributions if one.baseline is not None]
    return ExplainedTarget(
        target.name, target.label, target.chosen,
        score=sum(one.score for one in attributions),
        baseline=sum(baselines) if baselines else None,
        rest=sum(one.rest for one in attributions),
        error=sum(errors) if errors else None,
        complete=all(one.complete for one in attributions),
        steps=max((one.steps for one in attributions), default=0),
        words=words,
    )  # fmt: skip


def _with_meetings(
    predictor: Predictor, targets: Sequence[Target], explained: list[ExplainedTarget], texts: Sequence[Text]
) -> list[ExplainedTarget]:
    """The first target of two texts that are compared, with what each pair of their words adds."""
    compared = [target.parts[0] for target in targets if target.parts and target.parts[0].vector is not None]
    if len(compared) != 2 or not explained:
        return explained
    sides: list[tuple[Explained, torch.Tensor]] = []
    for part in compared:
        one = Explained.of(predictor, part, texts)
        with torch.inference_mode():
            head = predictor.task.head
            vectors = head.token_vectors(one.model(**head.inputs(one.batch)), one.batch)
        if vectors is None:
            return explained
        sides.append((one, vectors[0].double()))
    (a, left), (b, right) = sides
    products = (left @ right.T) / (left.sum(0).norm() * right.sum(0).norm())  # (token, token), their sum is the cosine
    meeting = _by_words(products.cpu().numpy(), a, b)
    words = tuple([texts[n].text[start:end] for n, start, end in side.words] for side in (a, b))
    return [replace(explained[0], meeting=meeting.tolist(), sides=words), *explained[1:]]


def _by_words(products: np.ndarray, a: Explained, b: Explained) -> np.ndarray:
    """`(token, token)` -> `(word, word)`, of words alone."""
    found = np.zeros((len(a.words), len(b.words)))
    rows, columns = np.flatnonzero(a.of_token >= 0), np.flatnonzero(b.of_token >= 0)
    np.add.at(found, (a.of_token[rows][:, None], b.of_token[columns][None]), products[np.ix_(rows, columns)])
    return found


def spoken(rows: Iterable[ExplainedRow], most: int = 15) -> dict[str, list[dict[str, Any]]]:
    """The words that speak most for each label, over all rows.

    Returns:
        label -> words in small letters, those with the largest sum first: `word`, `rows` that hold it, and `mean`, what
        it adds to the score of such a row.
    """
    sums: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        own: dict[tuple[str, str], float] = {}
        for target in row.targets:
            for word in target.words:
                if any(map(str.isalnum, word.text)):
                    key = target.label, word.text.lower()
                    own[key] = own.get(key, 0.0) + word.attribution
        for (label, text), value in own.items():
            sums.setdefault(label, {}).setdefault(text, []).append(value)
    return {
        label: [
            {"word": text, "rows": len(values), "mean": sum(values) / len(values)}
            for text, values in sorted(words.items(), key=lambda pair: -sum(pair[1]))[:most]
            if sum(values) > 0
        ]
        for label, words in sorted(sums.items())
    }
