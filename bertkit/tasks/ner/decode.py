"""Scores of tokens -> one tag for every word of every row, and their entities."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bertkit.data.columns.schemes import ROLES, Scheme, allowed
from bertkit.metrics import tagging as metric
from bertkit.metrics.metric import Array
from bertkit.tasks.confidence.scaling import softened
from bertkit.tasks.ner.encode import IGNORED, is_first_token
from bertkit.tasks.ner.sentences import Sentences
from bertkit.tasks.ner.unseen import fill
from bertkit.tasks.ner.viterbi import NEVER, best_path, marginals
from bertkit.tasks.task import Answer, Encoded, Outputs
from bertkit.tasks.words import join

if TYPE_CHECKING:
    import torch


class Rules(NamedTuple):
    """Scores of tags: as the first of a sentence `(label,)`, one after another `(label, label)`, and as the last."""

    start: Array
    steps: Array
    end: Array


def pool(logits: torch.Tensor, first_tokens: torch.Tensor) -> torch.Tensor:
    """`(batch, token, label)`: the mean over the tokens of each word, at its first token; 0 at other tokens."""
    import torch

    in_word = first_tokens >= 0
    places = first_tokens.clamp(min=0)
    sums = torch.zeros_like(logits).scatter_add(1, places[..., None].expand_as(logits), logits * in_word[..., None])
    counts = torch.zeros_like(logits[..., 0]).scatter_add(1, places, in_word.to(logits.dtype))  # (batch, token)
    return sums / counts.clamp(min=1)[..., None]


def by_word(
    logits: torch.Tensor, labels: torch.Tensor, first_tokens: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The first tokens alone: scores `(batch, word, label)`, labels `(batch, word)`, and which are not padding."""
    import torch

    firsts = first_tokens == torch.arange(first_tokens.shape[1], device=first_tokens.device)  # (batch, token)
    order = (~firsts).to(torch.int8).argsort(dim=1, stable=True)[:, : int(firsts.sum(1).max())]  # (batch, word)
    real, tags = firsts.gather(1, order), labels.gather(1, order)
    scores = logits.gather(1, order[..., None].expand(-1, -1, logits.shape[2]))
    return scores, tags.where(tags != IGNORED, 0), real


def rules(labels: Sequence[str], scheme: Scheme | None, crf: Sequence[Array] | None) -> Rules | None:
    """The rules of a scheme, of a CRF, or of both; None if any tag may follow any.

    Args:
        crf: the scores that a CRF has learnt, in the order of `Rules`.
    """
    if scheme is None and crf is None:
        return None
    size = len(labels)
    start, steps, end = crf or (np.zeros(size), np.zeros((size, size)), np.zeros(size))
    if scheme is None:
        return Rules(start, steps, end)
    masks = allowed(labels, scheme)
    return Rules(*(np.where(ok, value, NEVER) for ok, value in zip(masks, (start, steps, end), strict=True)))


def decode(
    outputs: Outputs,
    encoded: Encoded,
    sentences: Sentences,
    labels: Sequence[str],
    rules: Rules | None,
    *,
    scheme: Scheme,
    by_word: bool,
    temperature: float = 1.0,
) -> list[Answer]:  # fmt: skip
    """One answer per sentence (see `Ner.decode`). A word without tokens is in no sequence of the rules: its tag follows
    from its neighbours'.

    Args:
        by_word: a tag's probability is the softmax over its word's scores, not the sum over all sequences that have it.
        temperature: of the probabilities; it changes no tag.
    """
    ends, seen, chosen, probabilities = _read(outputs, encoded, sentences, labels, rules, by_word=by_word)
    confidences = softened(probabilities, temperature)[np.arange(len(chosen)), chosen].tolist()
    tags = [labels[i] for i in chosen]
    _fill(tags, confidences, seen, ends, scheme)
    answers: list[Answer] = []
    for row, words in enumerate(sentences.words):
        part = slice(ends[row], ends[row + 1])
        answer = {"words": words, "tags": tags[part], "probabilities": confidences[part], "entities": []}
        answers.append(answer | ({"text": sentences.texts[row]} if sentences.texts is not None else {}))
    for row, entity in _entities(answers, sentences):
        answers[row]["entities"].append(entity)
    return answers


def probabilities(
    outputs: Outputs, encoded: Encoded, sentences: Sentences, labels: Sequence[str], rules: Rules | None,
    *, by_word: bool,
) -> list[Array]:  # fmt: skip
    """Those of all tags, `(word, label)` per sentence (arguments as `decode`); a word without tokens is `O`."""
    read = _read(outputs, encoded, sentences, labels, rules, by_word=by_word)
    return np.split(read.probabilities, read.ends[1:-1]) if sentences.words else []


class _Read(NamedTuple):
    """What outputs say of the words of all sentences."""

    ends: Array
    """Of each sentence, among the words of all, from 0."""
    seen: Array
    """`(word,)`: an example has it."""
    chosen: Array
    """`(word,)`: number of its tag."""
    probabilities: Array
    """`(word, label)`."""


def _read(
    outputs: Outputs, encoded: Encoded, sentences: Sentences, labels: Sequence[str], rules: Rules | None,
    *, by_word: bool,
) -> _Read:  # fmt: skip
    ends = np.cumsum([0, *map(len, sentences.words)])
    scores = np.full((ends[-1], len(labels)), NEVER)  # (word, label), of all sentences
    scores[:, labels.index("O")] = 0.0
    seen = np.zeros(ends[-1], dtype=bool)
    for example, logits in zip(encoded.examples, outputs.get("scores", ()), strict=True):
        firsts = np.flatnonzero(is_first_token(example["first_tokens"]))
        own = ends[example["row"]] + example["own_words"]
        scores[own], seen[own] = logits[firsts], True
    powers = np.exp(scores - scores.max(1, keepdims=True))
    probabilities = powers / powers.sum(1, keepdims=True)
    chosen = scores.argmax(1)
    if rules:
        for first, end in itertools.pairwise(ends):
            part = first + np.flatnonzero(seen[first:end])
            if len(part) and not (by_word and _is_allowed(chosen[part], rules)):
                chosen[part] = best_path(scores[part], *rules)
                if not by_word:
                    probabilities[part] = marginals(scores[part], *rules)
    return _Read(ends, seen, chosen, probabilities)


def _fill(tags: list[str], confidences: list[float], seen: Array, ends: Array, scheme: Scheme) -> None:
    """Tags of unseen words, in place; within an entity they are as sure as the word before them."""
    rows = np.unique(np.searchsorted(ends, np.flatnonzero(~seen), side="right")) - 1
    for row in rows.tolist():
        first, end = ends[row], ends[row + 1]
        unseen = np.flatnonzero(~seen[first:end]).tolist()
        tags[first:end] = fill([tags[first + word] for word in np.flatnonzero(seen[first:end])], unseen, scheme)
        for word in first + np.array(unseen):
            confidences[word] = 1.0 if tags[word] == "O" else confidences[word - 1]


def _is_allowed(path: Array, rules: Rules) -> bool:
    """Whether the rules allow this sequence of tags, so that it needs no search for another."""
    worst = min(rules.start[path[0]], rules.end[path[-1]], rules.steps[path[:-1], path[1:]].min(initial=0))
    return bool(worst > NEVER / 2)


def _entities(answers: list[Answer], sentences: Sentences) -> list[tuple[int, dict[str, Any]]]:
    """Row and entity, in the order of the words."""
    if not answers:
        return []
    letters = [[ROLES.get(tag[0], "O") + tag[1:] for tag in answer["tags"]] for answer in answers]
    spans = metric.entities(letters)
    entities = []
    parts = (part.tolist() for part in (spans.sentence, spans.first, spans.end, spans.type))
    for row, first, end, number in zip(*parts, strict=True):
        answer = answers[row]
        entity = {"type": spans.types[number], "confidence": min(answer["probabilities"][first:end])}
        if sentences.texts is None:
            entity["text"] = join(answer["words"][first:end])
        else:
            entity["start"], entity["end"] = sentences.characters[row][first][0], sentences.characters[row][end - 1][1]
            entity["text"] = answer["text"][entity["start"] : entity["end"]]
        entities.append((row, {**entity, "first_word": first, "end_word": end}))
    return entities
