"""Scores of tokens -> a tag a word, for every word of every row, and the entities that they tell of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bertkit.data.columns.schemes import ROLES, Scheme, allowed
from bertkit.metrics import tagging as metric
from bertkit.metrics.metric import Array
from bertkit.tasks.ner.encode import IGNORED, is_first_token
from bertkit.tasks.ner.sentences import Sentences
from bertkit.tasks.ner.viterbi import NEVER, best_path, marginals
from bertkit.tasks.task import Answer, Encoded, Outputs
from bertkit.tasks.words import join

if TYPE_CHECKING:
    import torch


class Rules(NamedTuple):
    """What tags may begin a sentence `(label,)`, follow each other `(label, label)` and end it, as scores."""

    start: Array
    steps: Array
    end: Array


def pool(logits: torch.Tensor, first_tokens: torch.Tensor) -> torch.Tensor:
    """`(batch, token, label)`: the mean over the tokens of each word, at its first token; nothing elsewhere."""
    import torch

    of_word = first_tokens >= 0
    places = first_tokens.clamp(min=0)
    sums = torch.zeros_like(logits).scatter_add(1, places[..., None].expand_as(logits), logits * of_word[..., None])
    counts = torch.zeros_like(logits[..., 0]).scatter_add(1, places, of_word.to(logits.dtype))  # (batch, token)
    return sums / counts.clamp(min=1)[..., None]


def by_word(
    logits: torch.Tensor, labels: torch.Tensor, first_tokens: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores `(batch, word, label)`, labels and which of them are real `(batch, word)`, of first tokens alone."""
    import torch

    firsts = first_tokens == torch.arange(first_tokens.shape[1], device=first_tokens.device)  # (batch, token)
    order = (~firsts).to(torch.int8).argsort(dim=1, stable=True)[:, : int(firsts.sum(1).max())]  # (batch, word)
    real, tags = firsts.gather(1, order), labels.gather(1, order)
    scores = logits.gather(1, order[..., None].expand(-1, -1, logits.shape[2]))
    return scores, tags.where(tags != IGNORED, 0), real


def rules(labels: Sequence[str], scheme: Scheme | None, learnt: Sequence[Array] | None) -> Rules | None:
    """Those of a scheme, of a CRF, or of both; None where any tag may follow any.

    Args:
        learnt: the CRF's scores, as `Rules` has them.
    """
    if scheme is None and learnt is None:
        return None
    size = len(labels)
    start, steps, end = learnt or (np.zeros(size), np.zeros((size, size)), np.zeros(size))
    if scheme is None:
        return Rules(start, steps, end)
    may = allowed(labels, scheme)
    return Rules(*(np.where(ok, value, NEVER) for ok, value in zip(may, (start, steps, end), strict=True)))


def decode(
    outputs: Outputs,
    encoded: Encoded,
    sentences: Sentences,
    labels: Sequence[str],
    rules: Rules | None,
    *,
    sure: bool,
) -> list[Answer]:  # fmt: skip
    """One answer a sentence (see `Ner.decode`).

    Args:
        sure: a tag's probability is that of its word alone, not of the sequences that have it.
    """
    ends = np.cumsum([0, *map(len, sentences.words)])  # of each sentence, in words of all
    scores = np.full((ends[-1], len(labels)), NEVER)  # (word, label), of all sentences
    scores[:, labels.index("O")] = 0.0  # as long as no item answers for it, a word is O
    for item, given in zip(encoded.examples, outputs.get("scores", ()), strict=True):
        scores[ends[item["row"]] + item["words"]] = given[np.flatnonzero(is_first_token(item["first_tokens"]))]
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    probabilities = shifted / shifted.sum(1, keepdims=True)
    chosen = scores.argmax(1)  # (word,)
    if rules:
        for first, end in itertools.pairwise(ends):
            if first < end and not (sure and _keeps(chosen[first:end], rules)):
                chosen[first:end] = best_path(scores[first:end], *rules)
                if not sure:
                    probabilities[first:end] = marginals(scores[first:end], *rules)
    given = probabilities[np.arange(len(chosen)), chosen].tolist()
    tags = [labels[i] for i in chosen]
    answers: list[Answer] = []
    for row, words in enumerate(sentences.words):
        part = slice(ends[row], ends[row + 1])
        answer = {"words": words, "tags": tags[part], "probabilities": given[part], "entities": []}
        answers.append(answer | ({"text": sentences.texts[row]} if sentences.texts is not None else {}))
    for row, found in _entities(answers, sentences):
        answers[row]["entities"].append(found)
    return answers


def _keeps(path: Array, rules: Rules) -> bool:
    """Whether the likeliest tags keep to the rules, so that no other sequence need be looked for."""
    worst = min(rules.start[path[0]], rules.end[path[-1]], rules.steps[path[:-1], path[1:]].min(initial=0))
    return bool(worst > NEVER / 2)


def _entities(answers: list[Answer], sentences: Sentences) -> list[tuple[int, dict[str, Any]]]:
    """Row and entity, in their order."""
    if not answers:
        return []
    letters = [[ROLES.get(tag[0], "O") + tag[1:] for tag in answer["tags"]] for answer in answers]
    found = metric.entities(letters)
    told = []
    parts = (part.tolist() for part in (found.sentence, found.first, found.end, found.type))
    for row, first, end, number in zip(*parts, strict=True):
        answer = answers[row]
        entity = {"type": found.types[number], "confidence": min(answer["probabilities"][first:end])}
        if sentences.texts is None:
            entity["text"] = join(answer["words"][first:end])
        else:
            entity["start"], entity["end"] = sentences.characters[row][first][0], sentences.characters[row][end - 1][1]
            entity["text"] = answer["text"][entity["start"] : entity["end"]]
        told.append((row, {**entity, "first_word": first, "end_word": end}))
    return told
