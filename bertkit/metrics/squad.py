"""The official scorers of extractive question answering, with their figures to the last digit.

    score_v2(golds, predictions)   # {"exact": 73.29..., "f1": 76.66..., "total": 1539, "HasAns_exact": ...}

- `v1`: SQuAD 1.1's `evaluate-v1.1.py` (Rajpurkar et al. 2016).
- `v2`: SQuAD 2.0's `evaluate-v2.0.py` (Rajpurkar et al. 2018): the answer to a question without golds is "".
- `cmrc`: CMRC 2018's `cmrc2018_evaluate.py` (Cui et al. 2019): Chinese, F1 over characters.

Golds are texts by question id, `{"q1": ["Paris", "in Paris"], "q2": []}`; predictions are one text per id. Scores are
summed one by one in the golds' order, as in the scripts: another order, or Python 3.12's `sum`, changes last digits.

CMRC's script splits what is not Chinese by nltk's `word_tokenize`, which downloads a sentence model. Here are its word
rules without the sentences: a full stop between Latin words, or an unusual quote, may score differently.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache, reduce
from numbers import Real
from operator import add
from typing import Any, Literal, cast, get_args

import numpy as np

from bertkit.errors import DataError
from bertkit.metrics.metric import Array

Kind = Literal["v1", "v2", "cmrc"]
Golds = Mapping[str, Sequence[str]]

CACHED_TEXTS = 1 << 14
"""Each text is normalised several times, and short answers recur within a data set."""
PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")
CMRC_PUNCTUATION = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
"""The script also lists `……`, but compares it with single characters, so that an ellipsis stays."""
CMRC_SPLITS = (
    (re.compile(r"([\u4e00-\u9fa5])"), "\n\\1\n"),  # a line break ends a run that is not Chinese
    (re.compile(r"(?<=[^.\n])\.(?=[])}>\"'» ]*(?:\n|$))"), " . "),  # a full stop that ends a run
    (re.compile(r"(\.{2,}|''|,(?!\d)|[][(){}<>;@#$%&?!\"«»‘„])"), r" \1 "),
    (re.compile(r"(?<=[^'\s])('(?:[smd]|ll|re|ve)?|n't)(?=\s|$)"), r" \1 "),
)


@lru_cache(CACHED_TEXTS)
def normalize(text: str) -> str:
    """Lower case; then without ASCII punctuation, the words a, an, the, and superfluous white space."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact(prediction: str, golds: Sequence[str], kind: Kind = "v2") -> float:
    """1 where the prediction equals a gold, both normalised, else 0. Golds may be empty for `v2` alone."""
    plain = _cmrc_plain if kind == "cmrc" else normalize
    return float(any(plain(prediction) == plain(gold) for gold in _wanted(golds, kind)))


def f1(prediction: str, golds: Sequence[str], kind: Kind = "v2") -> float:
    """The best F1 over golds, 0 to 1: of words, for `cmrc` of the longest common run of characters or Latin words.

    Where neither prediction nor gold has a word, `v2` gives 1 and the others 0. `v2` drops golds without a word if
    another one has any.
    """
    return max(_f1(prediction, gold, kind) for gold in _wanted(golds, kind))


def per_question(
    golds: Golds, predictions: Mapping[str, str], kind: Kind = "v2", *, allow_missing: bool = False
) -> tuple[Array, Array]:
    """`exact` and `f1` of every question, in the golds' order: two float64 arrays `(question,)` of 0 to 1.

    A question without a prediction scores 0; for `v2`, whose script fails on one, only where `allow_missing`.

    Raises:
        DataError: golds or predictions are not texts by id, golds are missing, or an id is in one of the two alone.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind {kind!r} is none of {', '.join(get_args(Kind))}")
    _check(golds, predictions, kind, allow_missing)
    missing = (0.0, 0.0)
    rows = [
        (exact(predictions[i], gold, kind), f1(predictions[i], gold, kind)) if i in predictions else missing
        for i, gold in golds.items()
    ]
    scores = np.array(rows, dtype=np.float64)  # (question, 2)
    return scores[:, 0], scores[:, 1]


def score_v1(golds: Golds, predictions: Mapping[str, str]) -> dict[str, float]:
    """SQuAD 1.1's figures, in percent: `exact_match`, `f1`. A question without a prediction scores 0.

    Raises:
        DataError: as `per_question`.
    """
    matched, overlap = per_question(golds, predictions, "v1")
    return {"exact_match": _percent(matched), "f1": _percent(overlap)}


def score_v2(
    golds: Golds,
    predictions: Mapping[str, str],
    no_answer_probabilities: Mapping[str, float] | None = None,
    threshold: float = 1.0,
    *,
    allow_missing: bool = False,
) -> dict[str, float]:
    """SQuAD 2.0's figures, in percent, under the script's names and in its order.

    `exact`, `f1`, `total`, and the same of questions with golds (`HasAns_`) and without (`NoAns_`), where there are
    any. With probabilities also `best_exact`, `best_f1` and the thresholds that give them.

    Args:
        no_answer_probabilities: 0 to 1, by id. One above the threshold makes the prediction "no answer". The best
            thresholds are searched in the order of (probability, place in this mapping), before any is applied.
        allow_missing: a question without a prediction scores 0, whatever its probability.

    Raises:
        DataError: as `per_question`, or probabilities are missing, of unknown ids, or not within 0 to 1.
    """
    probabilities = no_answer_probabilities
    raw = [
        dict(zip(golds, scores.tolist(), strict=True))
        for scores in per_question(golds, predictions, allow_missing=allow_missing)
    ]
    if probabilities is not None:
        _check_probabilities(probabilities, golds, predictions)
    refused = {i for i in predictions if (probabilities[i] if probabilities is not None else 0.0) > threshold}
    scores = [{i: float(not golds[i]) if i in refused else score for i, score in each.items()} for each in raw]
    figures: dict[str, float] = {}
    for prefix, ids in (
        ("", list(golds)),
        ("HasAns_", [i for i in golds if len(golds[i])]),
        ("NoAns_", [i for i in golds if not len(golds[i])]),
    ):
        if ids:
            for name, each in zip(("exact", "f1"), scores, strict=True):
                figures[prefix + name] = _percent(each[i] for i in ids)
            figures[f"{prefix}total"] = len(ids)
    if probabilities is not None:
        for name, each in zip(("exact", "f1"), raw, strict=True):
            best = _best_threshold(golds, predictions, each, probabilities)
            figures[f"best_{name}"], figures[f"best_{name}_thresh"] = best
    return figures


def score_cmrc(golds: Golds, predictions: Mapping[str, str]) -> dict[str, float]:
    """CMRC 2018's figures under the script's names, in percent: `AVERAGE` of `F1` and `EM`; `TOTAL`, `SKIP` questions.

    The script prints three decimals. A question without a prediction is skipped: it scores 0.

    Raises:
        DataError: as `per_question`.
    """
    matched, overlap = per_question(golds, predictions, "cmrc")
    em, best = _percent(matched), _percent(overlap)
    return {
        "AVERAGE": (em + best) * 0.5,
        "F1": best,
        "EM": em,
        "TOTAL": len(golds),
        "SKIP": len(golds) - len(predictions),
    }


def _wanted(golds: Sequence[str], kind: Kind) -> Sequence[str]:
    return golds if kind != "v2" else [gold for gold in golds if normalize(gold)] or [""]


def _f1(prediction: str, gold: str, kind: Kind) -> float:
    if kind == "cmrc":
        predicted, actual = _cmrc_tokens(prediction), _cmrc_tokens(gold)
        same = SequenceMatcher(None, actual, predicted, autojunk=False).find_longest_match().size
    else:
        predicted, actual = normalize(prediction).split(), normalize(gold).split()
        if kind == "v2" and not (predicted and actual):
            return float(predicted == actual)
        same = (Counter(actual) & Counter(predicted)).total()
    if not same:
        return 0.0
    precision, recall = same / len(predicted), same / len(actual)
    return (2 * precision * recall) / (precision + recall)


@lru_cache(CACHED_TEXTS)
def _cmrc_plain(text: str) -> str:
    return text.lower().strip().translate(CMRC_PUNCTUATION)


@lru_cache(CACHED_TEXTS)
def _cmrc_tokens(text: str) -> list[str]:
    """Chinese characters one by one, and what stands between them in words, signs and clitics."""
    text = _cmrc_plain(text)
    for pattern, replacement in CMRC_SPLITS:
        text = pattern.sub(replacement, text)
    return text.split()


def _percent(scores: Iterable[float]) -> float:
    """100 times the mean; with `reduce`, because Python 3.12's `sum` compensates rounding errors."""
    scores = list(scores)
    return float(100.0 * reduce(add, scores) / len(scores))


def _best_threshold(
    golds: Golds, predictions: Mapping[str, str], scores: Mapping[str, float], probabilities: Mapping[str, float]
) -> tuple[float, float]:
    """The best percentage, and the no-answer probability up to which predictions are kept for it (0 for none).

    As in the script, ids of equal probability are added one by one, so that the best may lie between them, and a text
    for a question without golds costs a point even where it has no word and scored one.
    """
    current = best = float(sum(not len(golds[i]) for i in predictions))
    threshold = 0.0
    for i in sorted(probabilities, key=probabilities.__getitem__):
        if i in predictions:
            current += scores[i] if len(golds[i]) else -bool(predictions[i])
            if current > best:
                best, threshold = current, float(probabilities[i])
    return 100.0 * best / len(scores), threshold


def _check(golds: Any, predictions: Any, kind: Kind, allow_missing: bool) -> None:
    for where, values in (("golds", golds), ("predictions", predictions)):
        if not isinstance(values, Mapping):
            raise DataError.at(where, f"are {type(values).__name__}", "give texts by question id")
    if not golds:
        raise DataError.at("golds", "have no questions", "there is nothing to score")
    texts = "each needs a list of texts" + (", empty where there is no answer" if kind == "v2" else ", not empty")
    _none("golds", [i for i, gold in golds.items() if not _texts(gold, kind)], "have no list of texts", texts)
    _unknown("predictions", predictions, golds)
    wrong = [i for i, text in predictions.items() if not isinstance(text, str)]
    _none("predictions", wrong, "are not texts", "give one text per id, empty for no answer")
    if kind == "v2" and not allow_missing:
        missing = [i for i in golds if i not in predictions]
        _none("predictions", missing, "are missing", "predict them, or score them 0: --allow-missing")


def _texts(gold: Any, kind: Kind) -> bool:
    if isinstance(gold, (str, Mapping)) or not isinstance(gold, (Sequence, np.ndarray)):
        return False
    return all(isinstance(text, str) for text in gold) and (kind == "v2" or len(gold) > 0)


def _check_probabilities(probabilities: Any, golds: Golds, predictions: Mapping[str, str]) -> None:
    where = "no-answer probabilities"
    if not isinstance(probabilities, Mapping):
        raise DataError.at(where, f"are {type(probabilities).__name__}", "give numbers by question id")
    _unknown(where, probabilities, golds)
    _none(where, [i for i in predictions if i not in probabilities], "are missing", "give one for every prediction")
    wrong = [i for i, p in probabilities.items() if not (isinstance(p, Real) and 0 <= cast(float, p) <= 1)]
    _none(where, wrong, "are not within 0 to 1", "a difference d of scores is a probability as 1 / (1 + exp(-d))")


def _unknown(where: str, values: Mapping[str, Any], golds: Golds) -> None:
    _none(where, [i for i in values if i not in golds], "are not among the golds", "are both of the same data set?")


def _none(where: str, ids: Sequence[Any], what: str, todo: str) -> None:
    """Raise a DataError that names the first three ids, if there are any."""
    if ids:
        shown = ", ".join(map(repr, ids[:3])) + (", ..." if len(ids) > 3 else "")
        raise DataError.at(where, f"{len(ids)} {what}: {shown}", todo)
