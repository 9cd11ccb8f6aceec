"""Pairs and packed rows follow the rules: exactly where these are exact, by statistics where they are random."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bertkit.data.corpus import parts
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.pairs import PairSampler, Row, packed
from bertkit.data.corpus.parts import CorpusPart, RandomSentences
from bertkit.data.windows import pair_lengths

ROOM = 61
SEPARATOR = 1

Documents = list[list[list[int]]]
"""Documents of sentences of tokens; a token's number is its place in the corpus."""


def some_documents(count: int, sentences: int | tuple[int, int], lengths: tuple[int, int], seed: int = 0) -> Documents:
    draw, at, found = random.Random(seed), 10, []
    for _ in range(count):
        document = []
        for _ in range(sentences if isinstance(sentences, int) else draw.randint(*sentences)):
            length = draw.randint(*lengths)
            document.append(list(range(at, at + length)))
            at += length
        found.append(document)
    return found


def part_of(documents: Documents) -> CorpusPart:
    """Every third token of the corpus continues a word."""
    flat = [sentence for document in documents for sentence in document]
    numbers = np.array([token for sentence in flat for token in sentence], np.uint32)
    places = np.cumsum([0, *map(len, flat)])
    return CorpusPart(
        2 * numbers + (numbers % 3 > 0),
        places,
        np.cumsum([0, *map(len, documents)]),
        np.zeros((len(documents), 2), np.uint64),
        {},
    )


def written(folder: Path, documents: Documents, size: int = 100) -> RandomSentences:
    """The documents in parts of so many on disk."""
    table = []
    for number, start in enumerate(range(0, len(documents), size)):
        part_of(documents[start : start + size]).write(folder / parts.name(number))
        table += [(number << 32) + i for i in range(len(documents[start : start + size]))]
    np.save(folder / "table.npy", np.array(table))
    return RandomSentences(folder, folder / "table.npy")


def made(documents: Documents, random_sentences: RandomSentences | None, seed: int = 0, room: int = ROOM, **options):
    """The rows of each document, and the counts."""
    counts: Counter[str] = Counter()
    pairs = PairSampler(CorpusOptions(**options), room, random.Random(seed), random_sentences, counts)
    whole = part_of(documents)
    rows = [[plain(row) for row in pairs.rows(whole, i, i)] for i in range(len(documents))]
    return rows, counts


def plain(row: Row) -> tuple[list[int], list[int], int]:
    return (row.first >> 1).tolist(), [] if row.second is None else (row.second >> 1).tolist(), row.label


def reference(documents: Documents, draw: random.Random, *, once: bool = False) -> list[list[tuple]]:
    """The rule in plain lists: what is to be agreed with, on average. `once`: a target a document, as Google has it."""
    found = []
    for number, document in enumerate(documents):
        rows: list[tuple] = []
        target = wanted = short(draw)
        waiting = list(document)
        while waiting:
            target = wanted if once else short(draw)
            taken = []
            while waiting and sum(map(len, taken)) < target:
                taken.append(waiting.pop(0))
            cut = 1 if len(taken) == 1 else draw.randint(1, len(taken) - 1)
            a = [token for sentence in taken[:cut] for token in sentence]
            b = [token for sentence in taken[cut:] for token in sentence]
            is_random = len(taken) == 1 or draw.random() < 0.5
            if is_random:
                waiting = taken[cut:] + waiting
                other = draw.choice([i for i in range(len(documents)) if i != number])
                b = []
                for sentence in documents[other][draw.randrange(len(documents[other])) :]:
                    b = b + sentence
                    if len(b) >= target - len(a):
                        break
            while len(a) + len(b) > ROOM:
                longer = a if len(a) > len(b) else b
                longer.pop(0 if draw.random() < 0.5 else -1)
            rows.append((a, b, int(is_random)))
        found.append(rows)
    return found


def short(draw: random.Random) -> int:
    return draw.randint(2, ROOM) if draw.random() < 0.1 else ROOM


def figures(rows: list[list[tuple]]) -> dict[str, float]:
    flat = [row for each in rows for row in each]
    first, second = ([len(row[i]) for row in flat] for i in (0, 1))
    return {
        "rows a document": len(flat) / len(rows),
        "random next": float(np.mean([row[2] for row in flat])),
        "first": float(np.mean(first)),
        "first, spread": float(np.std(first)),
        "second": float(np.mean(second)),
        "second, spread": float(np.std(second)),
        "full": float(np.mean([a + b == ROOM for a, b in zip(first, second, strict=True)])),
        "below half": float(np.mean([a + b < ROOM / 2 for a, b in zip(first, second, strict=True)])),
    }


@pytest.mark.parametrize("by", ["row", "document"])
@pytest.mark.parametrize("sentences", [1, 2, 3, 6, 20, (1, 40)])
def test_next_sentences_fare_as_the_rule_says(sentences, by: str, tmp_path: Path) -> None:
    count = 2000 // (sentences if isinstance(sentences, int) else 15) + 200
    documents = some_documents(count, sentences, (3, 40))
    random_sentences = written(tmp_path, documents)
    ours, theirs = [], []
    for seed in range(4):
        ours += made(documents, random_sentences, seed, short_by=by)[0]
        theirs += reference(documents, random.Random(f"reference {seed}"), once=by == "document")
    ours_said, theirs_said = figures(ours), figures(theirs)
    for name, value in theirs_said.items():
        assert ours_said[name] == pytest.approx(value, rel=0.06, abs=0.02), name


def test_random_next_share_by_length_of_the_document(tmp_path: Path) -> None:
    """One sentence: always; sentences of any length: a little over half in all."""
    one = some_documents(300, 1, (5, 20))
    _, counts = made(one, written(tmp_path, one))
    assert counts["random_next"] == counts["rows"] == 300
    many = some_documents(300, 40, (5, 20))
    _, counts = made(many, written(tmp_path, many))
    assert 0.5 < counts["random_next"] / counts["rows"] < 0.6
    assert counts["short_rows"] / counts["rows"] == pytest.approx(0.1, abs=0.02)


def test_no_segment_is_lost_but_by_truncation(tmp_path: Path) -> None:
    documents = some_documents(60, (1, 30), (1, 90))
    total = sum(len(sentence) for document in documents for sentence in document)
    for options in ({}, {"short_share": 0.0}, {"short_by": "document"}, {"pairs": "sop"}):
        rows, counts = made(documents, written(tmp_path, documents, 7), **options)
        own = 0
        for document, found in zip(documents, rows, strict=True):
            lowest = document[0][0]
            for a, b, label in found:
                mine = [a] if label == 1 and options.get("pairs") != "sop" else sorted((a, b))
                for segment in mine:
                    assert segment == list(range(segment[0], segment[0] + len(segment)))  # nothing from its middle
                    assert segment[0] >= lowest
                    lowest = segment[-1] + 1
                    own += len(segment)
        assert own + counts["tokens_truncated"] + counts["tokens_left_out"] == total
        assert counts["rows"] == sum(map(len, rows))


def test_without_truncation_all_text_is_there(tmp_path: Path) -> None:
    documents = some_documents(40, (1, 30), (1, 4))
    rows, counts = made(documents, written(tmp_path, documents), room=10_000)
    for document, found in zip(documents, rows, strict=True):
        mine = [token for a, b, label in found for token in (a if label else a + b)]
        assert mine == [token for sentence in document for token in sentence]
    assert counts["tokens_truncated"] == 0


def test_random_segments_are_whole_sentences_of_other_documents(tmp_path: Path) -> None:
    documents = some_documents(30, (1, 12), (1, 5))
    begins = {sentence[0] for document in documents for sentence in document}
    ends = {sentence[-1] for document in documents for sentence in document}
    rows, _ = made(documents, written(tmp_path, documents, 4), room=10_000)
    taken = Counter()
    for document, found in zip(documents, rows, strict=True):
        for _, b, label in found:
            if label:
                assert b[0] in begins
                assert b[-1] in ends
                assert not document[0][0] <= b[0] <= document[-1][-1]
                taken[next(i for i, d in enumerate(documents) if d[0][0] <= b[0] <= d[-1][-1])] += 1
    assert len(taken) > 10


def test_random_documents_are_drawn_alike(tmp_path: Path) -> None:
    documents = some_documents(5, 1, (3, 5))
    random_sentences = written(tmp_path, documents, 2)
    taken: Counter[tuple[int, int]] = Counter()
    for seed in range(1000):
        rows, _ = made(documents, random_sentences, seed)
        for number, found in enumerate(rows):
            taken[number, next(i for i, d in enumerate(documents) if d[0][0] == found[0][1][0])] += 1
    assert len(taken) == 20
    assert all(abs(count - 250) < 60 for count in taken.values())


def test_truncation_takes_from_the_longer_side_front_or_back_by_a_coin() -> None:
    for a in range(1, 30):
        for b in range(1, 30):
            left = [a, b]
            while sum(left) > 20:
                left[0 if left[0] > left[1] else 1] -= 1
            assert left == list(pair_lengths(a, b, 20))
    documents = [[list(range(100))]]
    fronts = []
    for seed in range(400):
        rows, counts = made(documents, None, seed, room=60, short_share=0.0)
        ((a, b, label),) = rows[0]
        assert (label, len(a) + len(b), counts["tokens_truncated"]) == (0, 60, 40)
        fronts.append((a[0], b[-1]))
    lost = np.array(fronts)
    whole = (lost[:, 0] == 0) & (lost[:, 1] == 99)
    assert whole.mean() < 0.05
    assert (lost[:, 0] > 0).mean() == pytest.approx((lost[:, 1] < 99).mean(), abs=0.1)


def test_a_document_alone_is_followed_by_its_own_text() -> None:
    documents = some_documents(1, 30, (5, 20))
    rows, counts = made(documents, None)
    assert {row[2] for row in rows[0]} == {0}
    assert counts["random_next"] == 0


def test_sentence_order(tmp_path: Path) -> None:
    documents = some_documents(300, (1, 20), (2, 30))
    rows, counts = made(documents, None, pairs="sop")
    flat = [row for found in rows for row in found]
    assert all(a and b and (a[0] > b[0]) == bool(label) for a, b, label in flat)
    assert counts["swapped"] / counts["rows"] == pytest.approx(0.5, abs=0.05)
    lone, counts = made([[[11, 12, 13, 14]], [[21]]], None, pairs="sop")
    a, b = sorted(lone[0][0][:2])
    assert a + b == [11, 12, 13, 14]
    assert b[0] in (13, 14)  # where words begin
    assert lone[1] == []
    assert counts["tokens_left_out"] == 1


def packed_rows(documents: Documents, room: int) -> tuple[list[list[int]], Counter[str]]:
    counts: Counter[str] = Counter()
    whole = part_of(documents)
    rows = list(packed(whole, np.arange(len(documents)), room, SEPARATOR, counts))
    assert all(row.second is None and row.label == -1 for row in rows)
    return [row.first.tolist() for row in rows], counts


@pytest.mark.parametrize("lengths", [(1, 10), (1, 60), (1, 200)])
@pytest.mark.parametrize("sentences", [1, 2, (1, 30)])
def test_packed_rows_lose_no_token(sentences, lengths: tuple[int, int]) -> None:
    documents = some_documents(50, sentences, lengths)
    rows, counts = packed_rows(documents, ROOM)
    whole = part_of(documents)
    assert [token for row in rows for token in row if token != SEPARATOR] == whole.tokens.tolist()
    assert max(map(len, rows)) <= ROOM
    assert all(row[0] != SEPARATOR and row[-1] != SEPARATOR for row in rows)
    ends = {int(token) for token in whole.tokens[whole.sentences[1:] - 1]}
    assert sum(row[-1] not in ends for row in rows) == counts["sentences_cut"]
    documents_end = {int(whole.tokens[whole.sentences[i] - 1]) for i in whole.documents[1:]}
    for row in rows:
        inside = [token for token, after in pairwise(row) if after == SEPARATOR]
        assert set(inside) == {token for token in row[:-1] if token in documents_end}
    for row, after in pairwise(rows):  # no row could have taken one more sentence
        if row[-1] in ends:
            place = int(np.searchsorted(whole.sentences, int(np.flatnonzero(whole.tokens == after[0])[0])))
            more = whole.sentences[place + 1] - whole.sentences[place] + (row[-1] in documents_end)
            assert len(row) + more > ROOM


def test_packed_rows_of_some_documents_and_of_none() -> None:
    documents = some_documents(4, 2, (3, 3))
    rows = list(packed(part_of(documents), np.array([1, 3]), 100, SEPARATOR, Counter()))
    assert [plain(row)[0] for row in rows] == [[*range(16, 22), 0, *range(28, 34)]]
    assert list(packed(part_of(documents), np.array([], int), 100, SEPARATOR, Counter())) == []
