"""The rules of SQuAD's and CMRC's official scripts, written a second time: their scripts are in no library.

`evaluate` has them as the modules `squad` and `squad_v2`, which it downloads, so that they can not be counted on. This
follows the papers and scripts word by word, without the caches and arrays of bertkit's own (squad.py), and slowly.
"""

from __future__ import annotations

import collections
import re
import string
from collections.abc import Callable

from bertkit.metrics.metric import Trusted

Golds = list[list[str]]


def _normalize_answer(text: str) -> str:
    text = "".join(character for character in text.lower() if character not in set(string.punctuation))
    text = re.sub(r"\b(a|an|the)\b", " ", text)
    return " ".join(text.split())


def _f1(gold: str, predicted: str, *, none_is_right: bool) -> float:
    gold_words, words = _normalize_answer(gold).split(), _normalize_answer(predicted).split()
    if none_is_right and (len(gold_words) == 0 or len(words) == 0):
        return float(gold_words == words)
    same = sum((collections.Counter(gold_words) & collections.Counter(words)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(words), same / len(gold_words)
    return 2 * precision * recall / (precision + recall)


def _longest_common(one: list[str], other: list[str]) -> int:
    """Length of the longest common run."""
    longest, before = 0, [0] * (len(other) + 1)
    for left in one:
        row = [0]
        for place, right in enumerate(other):
            row.append(before[place] + 1 if left == right else 0)
        longest, before = max(longest, *row), row
    return longest


def _cmrc_plain(text: str) -> str:
    marks = "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』"
    return "".join(character for character in text.lower().strip() if character not in marks)


def _cmrc_f1(gold: str, predicted: str) -> float:
    def tokens(text: str) -> list[str]:
        return re.findall(r"[\u4e00-\u9fa5]|[^\u4e00-\u9fa5\s]+", _cmrc_plain(text))

    same = _longest_common(tokens(gold), tokens(predicted))
    if same == 0:
        return 0.0
    precision, recall = same / len(tokens(predicted)), same / len(tokens(gold))
    return 2 * precision * recall / (precision + recall)


def _script(
    name: str, names: tuple[str, str], exact: Callable[[str, str], bool], f1: Callable[[str, str], float],
    explains: Callable[[list[str], Golds], str] | None = None,
) -> Trusted:  # fmt: skip
    def score(predictions: list[str], references: Golds) -> dict[str, float]:
        best_f1 = best_exact = 0.0
        for predicted, golds in zip(predictions, references, strict=True):
            known = golds
            if name == "evaluate-v2.0.py":
                known = [gold for gold in golds if _normalize_answer(gold)] or [""]
            best_f1 += max(f1(gold, predicted) for gold in known)
            best_exact += max(float(exact(gold, predicted)) for gold in known)
        return {names[0]: 100 * best_f1 / len(references), names[1]: 100 * best_exact / len(references)}

    return Trusted(f"the rules of {name}", score, explains)


def _latin(predictions: list[str], references: Golds) -> str:
    """CMRC's script cuts what is not Chinese by nltk, which is not installed."""
    texts = [*predictions, *(gold for golds in references for gold in golds)]
    if any(re.search(r"[^\u4e00-\u9fa5\w\s]", _cmrc_plain(text)) for text in texts):
        return "signs between words that are not Chinese: the script cuts them by nltk, the reference only at spaces"
    return ""


def _same(gold: str, predicted: str) -> bool:
    return _normalize_answer(gold) == _normalize_answer(predicted)


V1 = _script("evaluate-v1.1.py", ("f1", "exact_match"), _same, lambda g, p: _f1(g, p, none_is_right=False))
V2 = _script("evaluate-v2.0.py", ("f1", "exact"), _same, lambda g, p: _f1(g, p, none_is_right=True))
CMRC = _script("cmrc2018_evaluate.py", ("F1", "EM"), lambda g, p: _cmrc_plain(g) == _cmrc_plain(p), _cmrc_f1, _latin)
